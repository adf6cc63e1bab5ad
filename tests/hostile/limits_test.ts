/** Peers that know the ticket and say what is costly: it costs them their transfer, and the process goes on. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { MAX_COMPONENTS, MAX_NEED_RUNS } from "../../src/protocol/limits.ts";
import { type Peer, prove, Speaker } from "./hostile_peer.ts";
import { assertStillServes, Box, honestSend, UltraProcess } from "./ultra_process.ts";
import {
  abort,
  accept,
  ALPN,
  type Bytes,
  CODES,
  concat,
  dialerHello,
  message,
  offer,
  page,
  pagesEnd,
  proofOf,
  u16,
  u32,
  u64,
  u8,
  type WireEntry,
  type WireTicket,
} from "./wire.ts";

const PROTOCOL = 8;
const DISK = 4;
const NETWORK = 5;

/** The most memory that a process has ever reserved, in bytes. */
async function peakReserved(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmPeak:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Goes through the flights of `ultra test` and says that the dialer sends `bytes` from memory to memory. */
async function announce(peer: Peer, ticket: WireTicket, bytes: number): Promise<void> {
  const hello = dialerHello({ token: ticket.token, direction: 2 });
  peer.send(hello);
  const listenerHello = (await peer.next()).bytes;
  await peer.next();
  const { certificate } = peer;
  const { token } = ticket;
  const proof = proofOf("dialer", { alpn: ALPN, certificate, token, dialerHello: hello, listenerHello });
  peer.send(message("proof", proof), message("test-phase", u8(0), u8(0), u8(0), u64(bytes), u8(0), u8(1), u16(0)));
}

Deno.test("T2: hostile: a phase of a test carries what it announced: a larger file ends it with 8, and costs nothing", async (t) => {
  await using speaker = new Speaker();
  const largest = 2 ** 53 - 2 ** 22;
  const cases: readonly (readonly [string, readonly WireEntry[]])[] = [
    ["one file of 8 PiB", [{ path: "memory", size: largest }]],
    ["a byte more than was said", [{ path: "memory", size: 2 ** 40 + 1 }]],
    ["two files", [{ path: "memory", size: 1 }, { path: "more", size: 1 }]],
  ];
  for (const [name, entries] of cases) {
    await t.step(name, async () => {
      await using receiver = new UltraProcess(["test", "--listen", "127.0.0.1:0"]);
      const ticket = await receiver.ticket();
      const peer = await speaker.connect(ticket.port);
      await announce(peer, ticket, 2 ** 40);
      const size = entries.reduce((sum, { size }) => sum + Number(size), 0);
      peer.send(offer("x", 1, size));
      await peer.nextOf(CODES.accept);
      peer.send(page(0, ...entries), pagesEnd(entries.length, size));
      const { code, stderr } = await receiver.exit();
      assert.equal(code, PROTOCOL, stderr);
      assert.match(stderr, /more/);
    });
  }
});

Deno.test("T2: hostile: a phase of 1 TiB, which may be announced, reserves no memory before its first block", async () => {
  await using speaker = new Speaker();
  await using receiver = new UltraProcess(["test", "--listen", "127.0.0.1:0"]);
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await announce(peer, ticket, 2 ** 40);
  peer.send(offer("x", 1, 2 ** 40));
  await peer.nextOf(CODES.accept);
  const before = await peakReserved(receiver.pid);
  peer.send(page(0, { path: "memory", size: 2 ** 40 }), pagesEnd(1, 2 ** 40));
  await peer.nextOf(CODES.need);
  // A table of all its blocks took 33 MiB at once. Threads and the collector of JavaScript reserve some at any time.
  assert.ok(await peakReserved(receiver.pid) - before < 16 * 2 ** 20);
  await peer.close();
  assert.equal((await receiver.exit()).code, 5);
});

Deno.test("T2: hostile: files of any size that a disk has no room for end a listener's transfer, never the listener", async () => {
  await using box = await Box.make();
  await using speaker = new Speaker();
  await using receiver = UltraProcess.receiver(box, "--stay");
  const ticket = await receiver.ticket();
  for (
    const [size, code] of [[2 ** 49, DISK], [2 ** 50, DISK], [2 ** 50 + 1, PROTOCOL], [2 ** 53 - 1, PROTOCOL]] as const
  ) {
    const peer = await speaker.connect(ticket.port);
    await prove(peer, ticket);
    peer.send(offer("x", 1, size));
    await peer.nextOf(CODES.accept);
    peer.send(page(0, { path: "big", size }), pagesEnd(1, size));
    assert.deepEqual({ size, code: (await peer.closed).code }, { size, code });
  }
  await assertStillServes(receiver, box);
});

/** Folders in folders, as deep as a path may be, below a top of their own. */
function deep(number: number): WireEntry {
  return { path: `${number.toString(36).padStart(4, "0")}/${"ab/".repeat(1018)}f`, size: 0 };
}

Deno.test("T3: hostile: a manifest of more components than the protocol allows ends its transfer with 8, and --stay goes on", async () => {
  await using box = await Box.make();
  await using speaker = new Speaker();
  await using receiver = UltraProcess.receiver(box, "--stay");
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  speaker.tell({ op: "admit", key: peer.key, lanes: 1 }); // it may hear many answers
  peer.send(offer("deep", 1, 0));
  await peer.nextOf(CODES.accept);
  const components = 1020;
  const fitting = Math.floor(MAX_COMPONENTS / components);
  let first = 0;
  // Each page is answered as long as they fit.
  for (; first + 15 <= fitting; first += 15) {
    peer.send(page(first, ...Array.from({ length: 15 }, (_, i) => deep(first + i))));
    await peer.nextOf(CODES.need);
  }
  peer.send(page(first, ...Array.from({ length: 15 }, (_, i) => deep(first + i))));
  const told = await peer.nextOf(CODES.abort);
  assert.equal(told.body[0], PROTOCOL);
  assert.match(new TextDecoder().decode(told.body.slice(3)), /too many or too long names/);
  assert.equal((await peer.closed).code, PROTOCOL);
  await box.assertUntouched();
  assert.equal((await honestSend(ticket.text)).code, 0);
  assert.doesNotMatch(receiver.stderr, /internal error/);
});

/** Blocks of entry 0, each for itself. */
function needBlocks(blocks: readonly number[]): Bytes {
  const items = blocks.map((block) => concat(u8(3), u32(0), u32(1), u64(block), u64(1)));
  return message("need", u16(items.length), ...items);
}

/** What a receiver asks for, in items of one block each, and how the sender ends. */
const ASKING: readonly (readonly [string, (at: number) => number, code: number, line: RegExp])[] = [
  // As many items as may be runs, and more: they are one run.
  ["every block in order is served", (at) => at, NETWORK, /The other side: enough/],
  ["every second block ends the transfer with 8", (at) => 2 * at, PROTOCOL, /too many pieces/],
];

for (const [name, blockOf, expected, line] of ASKING) {
  Deno.test(`T8: hostile: a receiver that asks block by block for ${name}`, async () => {
    await using box = await Box.make();
    await using speaker = new Speaker();
    const path = join(box.folder, "large");
    await Deno.writeFile(path, new Uint8Array(0));
    // A hole: it takes no room, and is never read to its end.
    await Deno.truncate(path, 2 ** 40);
    await using sender = UltraProcess.sender(path);
    const ticket = await sender.ticket();
    const peer = await speaker.connectForeign(ticket.port, await speaker.certificateOf(ticket.port));
    await prove(peer, ticket);
    await peer.nextOf(CODES.offer);
    peer.send(accept());
    await peer.nextOf(CODES["pages-end"]);
    const each = 2600;
    for (let at = 0; at <= MAX_NEED_RUNS; at += each) {
      peer.send(needBlocks(Array.from({ length: each }, (_, i) => blockOf(at + i))));
    }
    peer.send(abort(NETWORK, "enough"));
    const { code, stderr } = await sender.exit();
    assert.equal(code, expected, stderr);
    assert.match(stderr, line);
  });
}
