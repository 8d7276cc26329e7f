/** A world: two people, up to seven browsers, and what a seed chooses to happen to them. */

import { toBase64Url, unhex } from "/static/js/lib/bytes.js";
import { FakeServer } from "/tests/js_chat/fake-server.js";
import { CHOICES, join, write } from "./actions.js";
import { Member } from "./member.js";
import { agree, heal, lied } from "./oracle.js";
import { withPatience } from "./patience.js";
import { Simulator, dice, reused, sealedUnder, stepsTaken, watchWork } from "./simulator.js";

let isWatched = false;

/** Whoever drives goes on with a world until its events are used up. */
export class World {
  members = [];
  trace = [];
  sent = []; // {text, by: Member}
  events = 0;
  findings = [];

  /** @param {number} seed @param {{isHostile?: boolean}} [how] */
  constructor(seed, { isHostile = false } = {}) {
    if (!isWatched) watchWork();
    isWatched = true;
    Object.assign(this, { seed, isHostile, random: dice(seed) });
    this.sim = new Simulator(dice(seed ^ 0x5eed));
  }

  /** Two people, a browser each, a few more, and a chat. */
  async begin() {
    reused.length = 0;
    globalThis.faults.length = 0;
    this.server = await FakeServer.make();
    this.server.now = this.sim.clock.now;
    this.server.soon = (run, line) => this.sim.carry(run, line);
    this.people = ["alice", "bob"].map((name) => ({ ...this.server.addPerson(name), file: null }));
    for (const person of this.people) {
      const member = this.#add(person);
      await member.setUp();
      person.file = await member.keyFile();
    }
    this.cid = await this.sim.done(this.members[0].messenger.startWith(this.people[1].uid));
    await write(this);
    await this.sim.advance(60_000);
    while (this.members.length < 2 + Math.floor(this.random() * 3)) await join(this);
  }

  /** @param {"begin"|"run"} what @param {...any} given @returns {Promise<boolean>} it did not fail */
  async attempt(what, ...given) {
    try {
      await this.#withPatience(() => this[what](...given));
    } catch (error) {
      this.findings.push(`${what}: ${error.stack ?? error}`);
    }
    return this.findings.length === 0;
  }

  /** @param {number} count events at least; it may be a few more */
  async run(count) {
    for (const end = this.events + count; this.events < end; ) await this.#one();
  }

  /** A device that lives outside the page. @param {string} name of its person @returns {{cid: string, file: string}} what it joins with */
  addSecond(name) {
    const { uid, file } = this.people.find((one) => one.name === name);
    const client = this.server.client(this.server.people.get(uid));
    const ask = async (path, method, body) => {
      const response = await this.#withPatience(() => this.server.answer(client, path, { method, body: body ?? undefined }));
      return { status: response.status, body: await response.json() };
    };
    this.second = { ask };
    this.note(`the reference joins for ${name}`);
    return { cid: this.cid, file: toBase64Url(file) };
  }

  /** What it is about to write. @param {string} text */
  secondSays(text) {
    this.sent.push({ text, by: { name: "the reference", isRemoved: false } });
    this.note(`the reference writes ${text}`);
  }

  /** Peace, then perhaps a lie. @returns {Promise<boolean>} whether transcripts may be compared now */
  async finish() {
    if (this.findings.length) return false;
    try {
      return await this.#withPatience(() => (this.isHostile ? lied(this) : heal(this)));
    } catch (error) {
      this.findings.push(String(error.stack ?? error));
      return false;
    }
  }

  /**
   * @param {{isComparable: boolean, second: object|null}} told second: {texts, codes, pairs} of the device outside
   * @returns {Promise<string[]>} what was wrong
   */
  async end({ isComparable, second }) {
    try {
      if (isComparable) await this.#withPatience(() => agree(this, second));
    } catch (error) {
      this.findings.push(String(error.stack ?? error));
    }
    for (const [key, nonce] of second?.pairs ?? []) sealedUnder(unhex(key), unhex(nonce));
    this.members.forEach(({ messenger }) => messenger.end());
    reused.forEach(() => this.findings.push("a key and a nonce sealed twice"));
    globalThis.faults.forEach((fault) => this.findings.push(`the server stumbled: ${fault}`));
    return this.findings;
  }

  living(person) {
    return this.members.filter((one) => !one.isRemoved && (!person || one.person.uid === person.uid));
  }

  open() {
    return this.living().filter(({ isOpen }) => isOpen);
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  note(text, count = 1) {
    this.events += count;
    this.trace.push(`${this.events} ${Math.round((this.sim.nowMs % 1e9) / 1000)}s ${text}`);
  }

  add(person) {
    return this.#add(person);
  }

  #withPatience(work) {
    const describe = () => [this.trace.at(-1), this.sim.describe(), ...this.members.map((one) => one.describe())].join("; ");
    return withPatience(work, { steps: stepsTaken, describe });
  }

  async #one() {
    const possible = CHOICES.filter(([, may]) => may(this));
    let left = this.random() * possible.reduce((sum, [weight]) => sum + weight, 0);
    const [, , happen] = possible.find(([weight]) => (left -= weight) < 0) ?? possible.at(-1);
    await happen(this);
    await this.sim.advance(this.random() ** 3 * 4_000);
  }

  #add(person) {
    const member = new Member(this, this.server.people.get(person.uid), `${person.name}${this.members.length}`);
    this.members.push(member);
    return member;
  }
}
