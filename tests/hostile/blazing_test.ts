/** Peers that speak the older format, or seem to, and break it: exit 8 and a clean end; wrong bytes end with 7. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Peer, prove, Speaker, within } from "./hostile_peer.ts";
import { assertStillServes, Box, UltraProcess } from "./ultra_process.ts";
import {
  BLAZING,
  type Bytes,
  CODES,
  concat,
  dialerHello,
  frame,
  message,
  offer,
  page,
  pagesEnd,
  piece,
  preface,
  streamPreface,
  u16,
  u32,
  u64,
  type WireTicket,
  writeTicket,
} from "./wire.ts";

const INTEGRITY = 7;
const PROTOCOL = 8;
const MIB = 1024 * 1024;

/** What nobody waits longer for, whoever is at the other end. */
const QUICK_MS = 5000;

/** For what happens at the end of those seconds to be heard of, on a busy machine. */
const SLACK_MS = 2000;

const GARBAGE = concat(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), new Uint8Array(64).fill(0xff));

/** A file of two pieces, the last one of one byte. */
const SIZE = MIB + 1;
const whole = { entry: 0, offset: 0, payload: new Uint8Array(MIB) };
const last = { entry: 0, offset: MIB, payload: new Uint8Array(1) };

interface LaneCase {
  readonly name: string;
  readonly bytes: Bytes;
  readonly end?: true;
  readonly line?: RegExp;
}

const started = (...pieces: readonly Bytes[]) => concat(streamPreface(0), ...pieces);

const BROKEN_LANES: readonly LaneCase[] = [
  { name: "garbage", bytes: GARBAGE },
  {
    name: "a lane of ultra",
    bytes: concat(preface(0), frame({ entry: 0, length: 1, block: 1 })),
    line: /another format/,
  },
  { name: "a stream that is not one of the 16", bytes: streamPreface(16) },
  { name: "a stream of the next transfer", bytes: streamPreface(0, 2) },
  { name: "outside of the file", bytes: started(piece({ ...last, offset: 2 * MIB })) },
  { name: "after the end of any file", bytes: started(piece({ ...last, offset: 2n ** 53n })) },
  { name: "at the last offset", bytes: started(piece({ ...last, offset: 2n ** 64n - 1n })) },
  { name: "over the piece beside it", bytes: started(piece({ ...whole, offset: 1 })) },
  { name: "over the end of its file", bytes: started(piece({ ...whole, offset: MIB })) },
  { name: "of an entry that was never offered", bytes: started(piece({ ...whole, entry: 7 })) },
  { name: "too long", bytes: started(piece({ ...whole, length: MIB + 1 })) },
  { name: "far too long", bytes: started(piece({ ...whole, length: 2 ** 32 - 1 })) },
  { name: "of no bytes", bytes: started(piece({ ...whole, length: 0, payload: new Uint8Array(9) })) },
  { name: "too short for its place", bytes: started(piece({ ...last, offset: 0 })) },
  {
    name: "an end inside a piece",
    bytes: started(piece({ ...whole, payload: new Uint8Array(9), length: MIB })),
    end: true,
  },
  { name: "an end inside a header", bytes: started(piece(last).slice(0, 15)), end: true },
];

/** A hostile sender in the older format, whose offer was accepted and whose file is needed. */
async function accepted(speaker: Speaker, receiver: UltraProcess): Promise<Peer> {
  const ticket = await receiver.ticket();
  const certificate = await speaker.certificateOf(ticket.port, BLAZING);
  const peer = await speaker.connectForeign(ticket.port, certificate, BLAZING);
  await prove(peer, ticket);
  peer.send(offer("hostile", 2));
  await peer.nextOf(CODES.accept);
  peer.send(page(0, { path: "file", size: SIZE }), pagesEnd(1, SIZE));
  await peer.nextOf(CODES.need);
  return peer;
}

Deno.test("hostile: pieces of the older format that fit nowhere end the transfer, exit 8, and leave nothing", async (t) => {
  await using speaker = new Speaker();
  for (const { name, bytes, end, line } of BROKEN_LANES) {
    await t.step(name, async () => {
      await using box = await Box.make();
      await using receiver = UltraProcess.receiver(box);
      const peer = await accepted(speaker, receiver);
      peer.lane(bytes, end);
      const { code, stderr } = await within("the receiver's end", receiver.exit(), QUICK_MS);
      assert.equal(code, PROTOCOL, stderr);
      assert.equal(stderr.match(/^ultra: /gm)?.length, 1, stderr);
      if (line !== undefined) assert.match(stderr, line);
      await box.assertUntouched();
    });
  }
});

function seal(root: Uint8Array): Bytes {
  return message("seal", u16(1), u32(0), u64(SIZE), root);
}

Deno.test("hostile: a file in the older format whose bytes are not those of its seal gets no name, exit 7", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const peer = await accepted(speaker, receiver);
  peer.lane(started(piece(whole), piece(last)));
  await peer.nextOf(CODES.verified);
  peer.send(seal(new Uint8Array(32)));
  const { code, stderr } = await within("the receiver's end", receiver.exit(), QUICK_MS);
  assert.equal(code, INTEGRITY, stderr);
  await box.assertUntouched();
});

Deno.test("hostile: a piece that comes twice is taken once, the second time with other bytes, and the file is the first", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const peer = await accepted(speaker, receiver);
  peer.lane(started(piece(whole)));
  await peer.nextOf(CODES.verified);
  peer.lane(concat(streamPreface(1), piece({ ...whole, payload: new Uint8Array(MIB).fill(1) }), piece(last)));
  await peer.nextOf(CODES.verified);
  peer.send(seal(await blake3OfZeros(SIZE)));
  await peer.nextOf(CODES.done);
  peer.send(message("bye"));
  const { code, stderr } = await receiver.exit();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Format +older \(blazing\): not verified per block, no resume/);
  const file = await Deno.readFile(join(box.into, "file"));
  const zeros = createHash("sha256").update(new Uint8Array(SIZE)).digest("hex");
  assert.equal(createHash("sha256").update(file).digest("hex"), zeros);
});

async function blake3OfZeros(length: number): Promise<Uint8Array> {
  const { blake3 } = await import("hash-wasm");
  return Uint8Array.fromHex(await blake3(new Uint8Array(length)));
}

const FORMATS = ["auto", "ultra", "blazing"] as const;

/** What the other side of a process with such a flag speaks with it. */
const alpnOf = (format: typeof FORMATS[number]) => format === "ultra" ? "ultra/2" : BLAZING;

for (const format of FORMATS) {
  for (const role of ["recv", "send"] as const) {
    Deno.test(`hostile: a waiting ${role} with --format ${format} closes garbage with 8 before any proof, within its five seconds, and waits on`, async () => {
      await using box = await Box.make();
      const flags = ["--format", format];
      await using waiting = role === "recv"
        ? UltraProcess.receiver(box, ...flags)
        : UltraProcess.sender(...flags, join(box.folder, "canary"));
      await using speaker = new Speaker();
      const ticket = await waiting.ticket();
      const offered = concat(dialerHello({ token: ticket.token, direction: role === "recv" ? 0 : 1 }), offer());
      for (const said of [GARBAGE, message("proof", new Uint8Array(32)), concat(offered), streamPreface(0)]) {
        const peer = await speaker.connect(ticket.port, [alpnOf(format)]);
        peer.send(said);
        // (Bytes that begin as a long message would are one that never ends: the listener's own deadline ends it.)
        const { cause, code } = await within("the listener's answer", peer.closed, QUICK_MS + SLACK_MS);
        assert.deepEqual({ cause, code }, { cause: "peer", code: PROTOCOL });
      }
      if (role === "recv") return await assertStillServes(waiting, box);
      await using honest = new UltraProcess(["recv", "--into", box.into, ticket.text]);
      const { code, stderr } = await within("the honest receiver's end", honest.exit(), QUICK_MS);
      assert.equal(code, 0, stderr);
    });
  }

  for (const role of ["send", "recv"] as const) {
    Deno.test(`hostile: a dialing ${role} with --format ${format} that meets garbage ends with 8, at once and in one line`, async () => {
      await using box = await Box.make();
      await using speaker = new Speaker();
      const alpn = alpnOf(format);
      const { port, certificate, next } = await speaker.listen([alpn]);
      const ticket: WireTicket = {
        role: role === "send" ? "receive" : "send",
        longLived: false,
        pin: certificate.slice(0, 16),
        token: new Uint8Array(16).fill(3),
        port,
      };
      const what = role === "send" ? [join(box.folder, "canary")] : ["--into", box.into];
      await using dialer = new UltraProcess([role, "--format", format, ...what, writeTicket(ticket)]);
      const peer = await next();
      assert.equal(peer.alpn, alpn);
      // Before the dialer's hello there is no stream to answer on.
      await peer.next();
      peer.send(GARBAGE);
      const { code, stderr } = await within("the dialer's end", dialer.exit(), QUICK_MS);
      assert.equal(code, PROTOCOL, stderr);
      assert.equal(stderr.match(/^ultra: /gm)?.length, 1, stderr);
      // Nothing was proved, so nothing is said of formats.
      assert.doesNotMatch(stderr, /older format/);
      if (role === "recv") await box.assertUntouched();
    });
  }
}
