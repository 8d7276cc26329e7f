/** Files: sealed, kept, sent up in parts, named by a message only when they are there, fetched and checked. */

import { PART_BYTES } from "/static/js/crypto/labels.js";
import { openDatabase } from "/static/js/store/database.js";
import { PASSPHRASE, expect, refuses, same, until } from "./harness.js";
import { reconnect, restore } from "./later.js";
import { talking, ticked } from "./worlds.js";

const SIZE = 3 * PART_BYTES;
const FILE = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7) % 251);
const named = (name, more = {}) => ({ name, mime: "application/x-test", data: new Blob([FILE]), ...more });

async function filesOf({ messenger }, cid) {
  return (await messenger.messages(cid, { limit: 200 })).items.filter(({ kind }) => kind === "file");
}

async function shows(browser, cid, ...wanted) {
  const look = async () => (await filesOf(browser, cid)).map(({ file, state }) => [file.name, state]);
  await until(async () => same(await look(), wanted), `${browser.person.name} sees ${JSON.stringify(wanted)}`, look);
  return (await filesOf(browser, cid)).at(-1);
}

async function partsKept({ prefix, person }) {
  const db = await openDatabase(`${prefix}llave:${person.uid}`);
  const keys = await db.partKeys();
  db.close();
  return keys.length;
}

async function isWhole(browser, cid, { id }) {
  const { data } = await browser.messenger.openFile(cid, id);
  const bytes = new Uint8Array(await data.arrayBuffer());
  return bytes.length === FILE.length && bytes.every((byte, i) => byte === FILE[i]);
}

export const ATTACHMENTS = {
  async a_file_goes_up_before_its_message_and_comes_down_whole(world) {
    const { alice, bob, cid } = await talking(world);
    const told = [];
    alice.messenger.addEventListener("transfer", ({ detail }) => told.push(detail.done));
    const queued = await alice.messenger.sendFile(cid, named("../plan\u202e.txt"));
    expect([queued.kind, queued.state, queued.file.name, queued.file.size], ["file", "queued", "plan.txt", SIZE], "queued");
    const got = await shows(bob, cid, ["plan.txt", "sent"]);
    expect(await isWhole(bob, cid, got), true, "as it was");
    await shows(alice, cid, ["plan.txt", "delivered"]);
    expect([told[0], told.at(-1) > SIZE, await partsKept(alice)], [0, true, 0], "told, and nothing stays");
    expect([alice.messenger.conversation(cid).lastFile, bob.messenger.conversation(cid).lastFile], ["plan.txt", "plan.txt"], "last line");
    await alice.reload();
    expect(await isWhole(alice, cid, (await filesOf(alice, cid))[0]), true, "after a reload, from the server");
  },

  async texts_do_not_wait_for_a_file(world) {
    const { alice, bob, cid } = await talking(world);
    world.server.blobs.refuse = [[503, "UNAVAILABLE"]];
    await alice.messenger.sendFile(cid, named("slow.bin"));
    await alice.messenger.send(cid, "written meanwhile");
    await bob.sees(cid, "hello", "hi", "written meanwhile");
    await shows(bob, cid, ["slow.bin", "sent"]);
  },

  async a_file_waits_as_long_as_the_server_asks(world) {
    const { alice, bob, cid } = await talking(world);
    const { blobs } = world.server;
    blobs.refuse = [[429, "TOO_MANY", 150]]; // three seconds of a scenario
    await alice.messenger.sendFile(cid, named("patient.bin"));
    await until(() => blobs.partsSeen === 1, "refused");
    const texts = ["one", "two", "three", "four"];
    for (const text of texts) await alice.messenger.send(cid, text);
    await bob.sees(cid, "hello", "hi", ...texts);
    expect(blobs.partsSeen, 1, "nothing was asked before its time");
    await shows(bob, cid, ["patient.bin", "sent"]);
    expect(blobs.partsSeen, 5, "each part once more");
  },

  async an_upload_goes_on_after_a_reload(world) {
    const { alice, bob, cid } = await talking(world);
    alice.client.goOffline();
    await alice.messenger.sendFile(cid, named("kept.bin"));
    await shows(alice, cid, ["kept.bin", "queued"]);
    expect(await partsKept(alice), 4, "parts wait");
    expect(await isWhole(alice, cid, (await filesOf(alice, cid))[0]), true, "it opens from here");
    alice.messenger.end();
    alice.client.goOnline();
    await alice.reload();
    await shows(bob, cid, ["kept.bin", "sent"]);
  },

  async a_blob_that_the_server_lost_goes_up_again(world) {
    const { alice, bob, cid } = await talking(world);
    const { server } = world;
    server.forgetBlobs = 1;
    await alice.messenger.sendFile(cid, named("twice.bin"));
    const got = await shows(bob, cid, ["twice.bin", "sent"]);
    expect([server.forgetBlobs, server.blobs.partsSeen], [0, 8], "it came twice");
    expect(await isWhole(bob, cid, got), true, "and is whole");
    await alice.messenger.send(cid, "it goes on");
    await bob.sees(cid, "hello", "hi", "it goes on");
  },

  async a_server_that_lost_the_thread_gets_all_of_it_again(world) {
    const { alice, bob, cid } = await talking(world);
    world.server.blobs.refuse = [[409, "OUT_OF_TURN"], [422, "FILE_HASH_MISMATCH"]];
    await alice.messenger.sendFile(cid, named("again.bin"));
    await shows(bob, cid, ["again.bin", "sent"]);
  },

  async a_file_that_is_opened_twice_at_once_is_whole_both_times(world) {
    const { alice, bob, cid } = await talking(world);
    await alice.messenger.sendFile(cid, named("twice.bin"));
    const { id } = await shows(bob, cid, ["twice.bin", "sent"]);
    const opened = await Promise.all([bob.messenger.openFile(cid, id), bob.messenger.openFile(cid, id)]);
    expect(opened.map(({ data }) => data.size), [FILE.length, FILE.length], "bytes");
  },

  async a_refused_file_is_told_and_can_be_tried_again_or_taken_back(world) {
    const { alice, bob, cid } = await talking(world);
    const { server } = world;
    server.blobs.refuse = [[507, "SERVER_FULL"], [507, "SERVER_FULL"]];
    const { id } = await alice.messenger.sendFile(cid, named("full.bin"));
    const failed = await shows(alice, cid, ["full.bin", "failed"]);
    expect(failed.code, "SERVER_FULL", "why");
    expect((await alice.messenger.retry(cid, id)).state, "queued", "tried again");
    await shows(alice, cid, ["full.bin", "failed"]);
    await alice.messenger.retry(cid, id);
    await shows(bob, cid, ["full.bin", "sent"]);
    server.blobs.refuse = [[507, "SERVER_FULL"]];
    const other = await alice.messenger.sendFile(cid, named("never.bin"));
    await shows(alice, cid, ["full.bin", "delivered"], ["never.bin", "failed"]);
    await alice.messenger.discard(cid, other.id);
    await shows(alice, cid, ["full.bin", "delivered"]);
    await until(async () => (await partsKept(alice)) === 0 && server.blobs.kept.size === 1, "nothing stays of it");
  },

  async bytes_of_an_attempt_that_was_cut_off_are_swept(world) {
    const { alice } = await talking(world);
    const db = await openDatabase(`${alice.prefix}llave:${alice.person.uid}`);
    await db.write([{ store: "parts", key: ["f".repeat(32), 0], value: FILE.slice(0, 10) }]);
    db.close();
    await alice.reload();
    expect(await partsKept(alice), 0, "gone");
  },

  async what_a_person_deletes_is_gone_at_the_server(world) {
    const { alice, bob, cid } = await talking(world);
    const { server } = world;
    await alice.messenger.sendFile(cid, named("regret.bin"));
    const got = await shows(bob, cid, ["regret.bin", "sent"]);
    await refuses(bob.messenger.erase(cid, got.id), "ACTION_NOT_OWNER");
    await until(async () => (await filesOf(alice, cid))[0].state !== "queued", "stored here, too");
    const [mine] = await filesOf(alice, cid);
    await alice.messenger.erase(cid, mine.id);
    await until(() => server.blobs.kept.size === 0, "the blob is gone");
    await until(async () => (await filesOf(bob, cid))[0].deleted, "bob's copy is empty");
    const [left] = await filesOf(bob, cid);
    expect([left.file, bob.messenger.conversation(cid).lastFile], [null, null], "nothing of it stays");
    await refuses(bob.messenger.openFile(cid, left.id), "NOT_FOUND");
  },

  async a_file_that_a_restored_server_lost_is_sent_again(world) {
    const { alice, bob, cid } = await talking(world);
    const { server } = world;
    await ticked(cid, alice, bob);
    await alice.reload();
    await bob.reload();
    const { seq } = server.conversations.get(cid);
    await alice.messenger.sendFile(cid, named("stays.bin"));
    await shows(bob, cid, ["stays.bin", "sent"]);
    await alice.messenger.sendFile(cid, named("lost.bin"));
    await shows(bob, cid, ["stays.bin", "sent"], ["lost.bin", "sent"]);
    await shows(alice, cid, ["stays.bin", "delivered"], ["lost.bin", "delivered"]);
    const blobs = [...server.blobs.kept.keys()];
    restore(world, cid, seq);
    server.blobs.kept.delete(blobs.at(-1));
    bob.messenger.end();
    await reconnect(alice);
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "she is stopped");
    await alice.messenger.decide(cid, "resend");
    await shows(alice, cid, ["stays.bin", "sent"], ["lost.bin", "failed"]);
    const [stays, lost] = await filesOf(alice, cid);
    expect([await isWhole(alice, cid, stays), lost.code], [true, "FILE_NOT_HERE"], "one is out again, of the other there are no bytes");
    await refuses(alice.messenger.openFile(cid, lost.id), "FILE_GONE");
    await alice.messenger.discard(cid, lost.id);
    await alice.messenger.send(cid, "goes on");
    const third = world.browserOf(alice.person);
    await third.load();
    await third.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await shows(third, cid, ["stays.bin", "sent"]);
    expect(await isWhole(third, cid, (await filesOf(third, cid))[0]), true, "whole for everybody");
  },

  async a_file_that_is_gone_or_too_large_is_told(world) {
    const { alice, bob, cid } = await talking(world);
    const { server } = world;
    await refuses(alice.messenger.sendFile(cid, { name: "huge", data: { size: 104_857_601 } }), "FILE_TOO_LARGE");
    await alice.messenger.sendFile(cid, named("gone.bin"));
    const got = await shows(bob, cid, ["gone.bin", "sent"]);
    const [one] = [...server.blobs.kept.values()];
    one.pieces[1][0] ^= 1;
    await refuses(bob.messenger.openFile(cid, got.id), "FILE_HASH_MISMATCH");
    one.pieces[1][0] ^= 1;
    const aborter = new AbortController();
    aborter.abort();
    await refuses(bob.messenger.openFile(cid, got.id, { signal: aborter.signal }), "CANCELLED");
    server.blobs.kept.clear();
    await refuses(bob.messenger.openFile(cid, got.id), "FILE_GONE");
  },
};
