/** What may happen in a world, and how often. */

import { PASSPHRASE } from "./member.js";
import { mayLose, say } from "./texts.js";

const BROWSERS_MAX = 7;
const WAITS_MS = [10_000, 10_000, 10_000, 60_000, 60_000, 60_000, 600_000, 600_000, 3_700_000];
/** [weight, may it happen, what happens] */
export const CHOICES = [
  [40, () => true, write],
  [14, () => true, race],
  [8, () => true, network],
  [6, () => true, loseAnswers],
  [6, () => true, reload],
  [4, () => true, crashWhileSending],
  [4, (world) => world.living().length > 2, leave],
  [6, (world) => world.members.some((one) => !one.isOpen && !one.isRemoved), comeBack],
  [1, (world) => world.living().length < BROWSERS_MAX, join],
  [0.5, (world) => world.people.some((person) => world.living(person).filter(({ isOpen }) => isOpen).length > 1), remove],
  [4, () => true, save],
  [3, (world) => world.open().some(({ saved }) => saved), restore],
  [5, () => true, wait],
];

export async function write(world) {
  const by = world.pick(world.open());
  if (!by || !knows(world, by)) return wait(world);
  world.note(`${by.name} writes t${world.sent.length}`);
  return world.sim.done(say(world, by));
}

async function race(world) {
  const racers = world.open().filter((one) => knows(world, one) && world.random() < 0.7);
  world.note(`at once: ${racers.map(({ name }) => name)} from t${world.sent.length}`, racers.length + 1);
  await world.sim.done(Promise.all(racers.map((one) => say(world, one))));
}

async function network(world) {
  const one = world.pick(world.open());
  if (!one) return;
  world.note(`${one.name} ${one.isOffline ? "online" : "offline"}`);
  one.network(!one.isOffline);
}

async function loseAnswers(world) {
  world.server.loseAnswers = 1 + Math.floor(world.random() * 3);
  world.note(`${world.server.loseAnswers} answers will be lost`);
}

async function reload(world) {
  const one = world.pick(world.open().filter(({ isOffline }) => !isOffline));
  if (!one) return;
  world.note(`${one.name} reloads`);
  one.crash();
  await one.reopen();
}

async function crashWhileSending(world) {
  const one = world.pick(world.open().filter((each) => knows(world, each)));
  if (!one) return;
  world.note(`${one.name} crashes with t${world.sent.length}`, 2);
  const { text } = world.sent[world.sent.push({ text: `t${world.sent.length}`, by: one, mayBeLost: true }) - 1];
  one.messenger.send(world.cid, text).catch(() => {});
  await world.sim.advance(world.random() * 600);
  one.crash();
}

async function leave(world) {
  const one = world.pick(world.open());
  if (!one || world.open().length < 2) return;
  world.note(`${one.name} leaves`);
  one.crash();
}

async function comeBack(world) {
  const one = world.pick(world.living().filter(({ isOpen, isOffline }) => !isOpen && !isOffline));
  if (!one) return;
  world.note(`${one.name} comes back`);
  await one.reopen();
}

export async function join(world) {
  const person = world.pick(world.people);
  const one = world.add(person);
  world.note(`${one.name} joins`, 3);
  await one.join(person.file);
}

async function remove(world) {
  const person = world.pick(world.people.filter((each) => world.living(each).filter(({ isOpen }) => isOpen).length > 1));
  const [by, gone] = world.living(person).filter(({ isOpen }) => isOpen);
  if (by.isOffline) return;
  world.note(`${by.name} removes ${gone.name}`, 3);
  const { did } = gone.client;
  await world.sim.done(by.messenger.removeBrowser({ did, passphrase: PASSPHRASE }));
  gone.isRemoved = true;
  person.file = await by.keyFile();
}

async function save(world) {
  const one = world.pick(world.open());
  if (!one) return;
  world.note(`${one.name} is copied`);
  one.save();
}

/** An older disk comes back; when it was used further than it knows, nothing may be sealed before the browser is a new one. */
async function restore(world) {
  const one = world.pick(world.open().filter(({ saved, isOffline }) => saved && !isOffline));
  if (!one || one.saved.did !== one.client.did) return;
  world.note(`${one.name} is put back`, 2);
  await mayLose(world, one);
  const since = world.sim.clock.now();
  const isOlder = await one.restore();
  one.wasPutBack = true;
  if (!isOlder) return;
  if (!(await isStopped(world, one, since))) {
    await world.sim.advance(5_000);
    if (!(await isStopped(world, one, since))) world.findings.push(`${one.name} went on with an older disk`);
  }
  await world.sim.done(one.messenger.renewBrowser({ passphrase: PASSPHRASE }));
}

// Nothing is sealed, and the reason is told; another one may have come first, which the disk held already.
async function isStopped(world, one, since) {
  const { blocked } = one.messenger.conversation(world.cid);
  if (!blocked || blocked.code === "STATE_ROLLBACK") return blocked !== null;
  return (await one.lines(world.cid)).some(({ code, at }) => code === "STATE_ROLLBACK" && at >= since);
}

async function wait(world) {
  const ms = world.pick(WAITS_MS);
  world.note(`${ms / 1000} s pass`);
  await world.sim.advance(ms);
}

function knows(world, one) {
  return one.messenger.conversations().some(({ cid }) => cid === world.cid);
}
