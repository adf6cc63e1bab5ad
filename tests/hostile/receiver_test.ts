/** Receivers that know the ticket and break the protocol: the sender ends with the right code and one line (reliability.md 6.8). */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Peer, prove, Speaker } from "./hostile_peer.ts";
import { Box, UltraProcess } from "./ultra_process.ts";
import {
  accept,
  type Bytes,
  CODES,
  concat,
  message,
  type Name,
  page,
  position,
  report,
  string,
  u16,
  u32,
  u64,
  u8,
  wellFormed,
} from "./wire.ts";

const INTEGRITY = 7;
const PROTOCOL = 8;

const NOTHING = new Uint8Array(16);

interface Case {
  readonly name: string;
  readonly say: readonly Uint8Array[];
  readonly code?: number;
  readonly line?: RegExp;
}

/** @param what 0 all, 1 present, 2 skipped, 3 blocks */
function need(what: number, entry: number, entries = 1, first = 0, blocks = 0): Bytes {
  return message("need", u16(1), u8(what), u32(entry), u32(entries), u64(first), u64(blocks));
}

function verified(entry: number, first: number, blocks: number): Bytes {
  return message("verified", u16(1), u32(entry), u32(1), u64(first), u64(blocks));
}

/** All blocks of a run of entries. */
function verifiedAll(first: number, entries: number): Bytes {
  return message("verified", u16(1), u32(first), u32(entries), u64(0), u64(0));
}

function committed(first: number, entries: number): Bytes {
  return message("committed", u16(1), u32(first), u32(entries));
}

function done(committedEntries: number, present: number): Bytes {
  return message("done", new Uint8Array(32), u32(committedEntries), u32(present), u32(0), u32(0));
}

/** The file that is offered has one block. */
const CASES: readonly Case[] = [
  ...(["offer", "page", "pages-end", "seal", "fail", "bye", "dialer-hello", "proof"] as Name[]).map((name): Case => ({
    name: `"${name}" from a receiver`,
    say: [accept(), wellFormed(name, NOTHING)],
  })),
  { name: "an answer twice", say: [accept(), accept()], line: /twice/ },
  { name: "an answer to another transfer", say: [accept(1, 2)] },
  { name: "an answer to transfer 0", say: [accept(1, 0)] },
  { name: '"request" before the answer', say: [wellFormed("request", NOTHING)] },
  { name: '"request" after the answer', say: [accept(), wellFormed("request", NOTHING)] },
  { name: '"position" on the first connection', say: [accept(), position(1)] },
  { name: '"position" of another transfer', say: [accept(), position(2)] },
  { name: "no lanes", say: [accept(0)] },
  { name: "more lanes than there are", say: [accept(257)] },
  { name: "H1 a need of an entry that was not offered", say: [accept(), need(0, 1)] },
  { name: "H1 a need of many entries that were not offered", say: [accept(), need(0, 0, 1_000_000)] },
  { name: "G2 a need of a block beyond the end", say: [accept(), need(3, 0, 1, 1, 1)] },
  { name: "G2 a need of 2^33 blocks", say: [accept(), need(3, 0, 1, 0, 2 ** 33)] },
  { name: "a need of no blocks", say: [accept(), need(3, 0, 1, 0, 0)] },
  { name: "two answers to an entry", say: [accept(), need(0, 0), need(1, 0)] },
  {
    name: "H2 the same block over and over",
    say: [accept(), ...Array.from({ length: 300 }, () => need(3, 0, 1, 0, 1))],
  },
  { name: "values beyond the end", say: [accept(), message("held", u32(0), u64(1), u16(1), new Uint8Array(32))] },
  { name: "values after the need", say: [accept(), need(0, 0), wellFormed("held", NOTHING)] },
  { name: "H6 a block verified that was not needed", say: [accept(), verified(0, 0, 1)] },
  { name: "H6 blocks verified beyond the end", say: [accept(), need(0, 0), verified(0, 1, 1)] },
  { name: "H6 a file verified that was not needed", say: [accept(), verifiedAll(0, 1)] },
  // A file of one block may have arrived, and is sealed, once a lane is to send it. That none has is what the roots show.
  ...[verified(0, 0, 1), verifiedAll(0, 1), committed(0, 1)].map((claim, index): Case => ({
    name: `H6 H4 a file that never arrived is called ${["verified", "all verified", "committed"][index]}, and done`,
    say: [accept(), need(0, 0), claim, committed(0, 1), done(1, 0)],
    code: INTEGRITY,
  })),
  { name: "H6 a run verified beyond the manifest", say: [accept(), need(0, 0), verifiedAll(0, 2)] },
  { name: "H6 a run verified of no entries", say: [accept(), need(0, 0), verifiedAll(0, 0)] },
  { name: "H6 a run verified that ends beyond 2^22", say: [accept(), need(0, 0), verifiedAll(0, 2 ** 22 + 1)] },
  { name: "a need before the answer to the offer", say: [need(0, 0)] },
  { name: "H4 committed before it was needed", say: [accept(), committed(0, 1)] },
  { name: "committed beyond the manifest", say: [accept(), need(0, 0), committed(0, 2)] },
  { name: "H4 done before anything was", say: [accept(), done(1, 0)] },
  { name: "H4 done with another root", say: [accept(), need(1, 0), done(0, 1)], code: INTEGRITY },
  {
    name: "a failure of an entry that was not offered",
    say: [accept(), message("failed", u32(9), u8(4), string("x"))],
  },
  { name: "a report of numbers that cannot be", say: [accept(), report(2n ** 50n)] },
  { name: "reports again and again, and then done", say: [accept(), report(1), report(1), report(0), done(1, 0)] },
  { name: "garbage", say: [new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")] },
  {
    name: "J2 an abort with escapes",
    say: [message("abort", u8(4), string("\x1b]0;x\x07"))],
    code: 4,
    line: /\\x1b\]0;x\\x07/,
  },
];

/** Lets an honest sender wait, proves the ticket as its receiver, and hears its offer; the pages come after {@linkcode accept}. */
async function meet(speaker: Speaker, sender: UltraProcess): Promise<Peer> {
  const ticket = await sender.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  await peer.nextOf(CODES.offer);
  return peer;
}

Deno.test("hostile: proved receivers that break the protocol end the sender", async (t) => {
  await using speaker = new Speaker();
  await using box = await Box.make();
  for (const { name, say, code = PROTOCOL, line } of CASES) {
    await t.step(name, async () => {
      await using sender = UltraProcess.sender(join(box.folder, "canary"));
      const peer = await meet(speaker, sender);
      const [first, ...rest] = say;
      peer.send(first ?? NOTHING);
      if (rest.length > 0) await peer.nextOf(CODES["pages-end"]);
      peer.send(...rest);
      const exit = await sender.exit();
      assert.equal(exit.code, code, exit.stderr);
      const told = exit.stderr.match(/^ultra: .*$/gm) ?? [];
      assert.equal(told.length, 1, exit.stderr);
      if (line !== undefined) assert.match(told[0] ?? "", line);
      assert.doesNotMatch(exit.stderr.replaceAll("\n", ""), /\p{Cc}/u);
      assert.equal((await peer.closed).cause, "peer");
    });
  }
  await box.assertUntouched();
});

Deno.test("hostile: serve goes on after every proved client that broke the protocol, and serves the next one", async () => {
  await using speaker = new Speaker();
  await using box = await Box.make();
  const served = join(box.folder, "served");
  await Deno.mkdir(served);
  await Deno.writeTextFile(join(served, "file"), "a file");
  await using server = new UltraProcess(["serve", "--listen", "127.0.0.1:0", served]);
  const ticket = await server.ticket();
  for (const { name, say, code = PROTOCOL } of CASES) {
    // A server is asked once more by whoever has not heard of its offer.
    if (name === '"request" before the answer') continue;
    const peer = await speaker.connect(ticket.port);
    await prove(peer, { ...ticket, role: "send" });
    peer.send(message("request", u8(0), u16(1), string("served/file"), u16(0)));
    await peer.nextOf(CODES.offer);
    const [first, ...rest] = say;
    peer.send(first ?? NOTHING);
    if (rest.length > 0) await peer.nextOf(CODES["pages-end"]);
    peer.send(...rest);
    assert.deepEqual({ name, code: (await peer.closed).code }, { name, code });
  }
  await using client = new UltraProcess(["get", "--into", box.into, "served/file", ticket.text]);
  const { code, stderr } = await client.exit();
  assert.equal(code, 0, stderr);
  assert.equal((await box.contents()).get("into/file"), "a file");
});

Deno.test("hostile: values of a file that has vanished are no bug of the sender: it fails the file, exit 4", async () => {
  await using box = await Box.make();
  await using speaker = new Speaker();
  const path = join(box.folder, "vanishing");
  await Deno.writeFile(path, new Uint8Array((1 << 20) + 1));
  await using sender = UltraProcess.sender(path);
  const peer = await meet(speaker, sender);
  await Deno.remove(path);
  peer.send(accept());
  await peer.nextOf(CODES["pages-end"]);
  const held = message("held", u32(0), u64(0), u16(1), new Uint8Array(32));
  peer.send(held, held, need(3, 0, 1, 1, 1));
  assert.equal((await peer.nextOf(CODES.fail)).body[4], 4);
  peer.send(message("abort", u8(5), string("enough")));
  const { code, stderr } = await sender.exit();
  assert.equal(code, 5, stderr);
  assert.doesNotMatch(stderr, /internal error/);
});

Deno.test("hostile: strangers do not keep a waiting sender from its receiver, and hear nothing of its files", async () => {
  await using box = await Box.make();
  await using speaker = new Speaker();
  await using sender = UltraProcess.sender(join(box.folder, "canary"));
  const ticket = await sender.ticket();
  for (const say of [wellFormed("accept", NOTHING), page(0, { path: "x" }), message(0xffff), new Uint8Array(5000)]) {
    const stranger = await speaker.connect(ticket.port);
    stranger.send(say);
    assert.equal((await stranger.closed).code, PROTOCOL);
    assert.equal(stranger.received.length, 0);
  }
  const guesser = await speaker.connect(ticket.port);
  guesser.send(concat(wellFormed("dialer-hello", ticket.token), message("proof", new Uint8Array(32))));
  assert.equal((await guesser.closed).code, 6);
  assert.deepEqual([(await guesser.next()).code, (await guesser.next()).code], [CODES["listener-hello"], CODES.proof]);
  await using receiver = new UltraProcess(["recv", "--into", box.into, ticket.text]);
  assert.equal((await receiver.exit()).code, 0);
  assert.equal((await sender.exit()).code, 0);
  assert.equal((await box.contents()).get("into/canary"), "canary");
});

Deno.test("hostile: a dialer that wants the wrong direction is told so, exit 2 on neither: the listener goes on", async () => {
  await using box = await Box.make();
  await using speaker = new Speaker();
  await using sender = UltraProcess.sender(join(box.folder, "canary"));
  const ticket = await sender.ticket();
  const wrong = await speaker.connect(ticket.port);
  // It knows the secret, but wants to send too.
  await prove(wrong, { ...ticket, role: "receive" });
  const told = await wrong.nextOf(CODES.abort);
  assert.equal(told.body[0], 2);
  assert.match(new TextDecoder().decode(told.body.slice(3)), /Both sides want to send/);
  assert.equal((await wrong.closed).code, 2);
  await using receiver = new UltraProcess(["recv", "--into", box.into, ticket.text]);
  const { code, stderr } = await receiver.exit();
  assert.equal(code, 0, stderr);
  assert.equal((await sender.exit()).code, 0);
});
