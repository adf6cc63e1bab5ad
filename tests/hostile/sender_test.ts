/** Senders that know the ticket and break the protocol: the receiver ends with the right code and one line, and keeps nothing. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Peer, prove, Speaker } from "./hostile_peer.ts";
import { Box, honestSend, UltraProcess } from "./ultra_process.ts";
import {
  abort,
  type Bytes,
  CODES,
  concat,
  entry,
  KINDS,
  leftOut,
  link,
  message,
  type Name,
  offer,
  page,
  pagesEnd,
  position,
  report,
  string,
  u16,
  u32,
  u64,
  u8,
  wellFormed,
  type WireEntry,
} from "./wire.ts";

const DISK = 4;
const PROTOCOL = 8;

interface Case {
  readonly name: string;
  readonly say: readonly Uint8Array[];
  /** {@linkcode PROTOCOL} unless something else is told. */
  readonly code?: number;
  readonly line?: RegExp;
}

/** An offer, and a page with these entries. */
function paged(...entries: readonly WireEntry[]): readonly Bytes[] {
  return [offer(), page(0, ...entries), pagesEnd(entries.length, entries.length)];
}

const bidi = "\u{202e}gpj.exe";

const NAMES: readonly Case[] = [
  ...["../x", "a/../../x", "a/..", "..", ".", "", "a//b", "a/./b", "a/", "/etc/x", "//x"],
  ...["C:\\x", "C:x", "a/C:\\x", "a\0b", "a\x1b[2Jb", "a\x9bb", "a\nb", "\x7f"],
  ...[".ultra-abc.part", "folder/.ultra-abc", "x".repeat(256), "a/".repeat(1024) + "a", "x/".repeat(2048) + "x"],
].map((path): Case => ({
  name: `F1-F15 the path ${path.length > 40 ? `${path.slice(0, 8)}... of ${path.length}` : JSON.stringify(path)}`,
  say: paged({ path }),
}));

const PAGES: readonly Case[] = [
  { name: "F9 a path that is no UTF-8", say: paged({ path: Uint8Array.of(0x61, 0xff, 0x62) }) },
  { name: "F9 an overlong slash", say: paged({ path: Uint8Array.of(0x61, 0xc0, 0xaf, 0x62) }) },
  { name: "F9 a surrogate", say: paged({ path: Uint8Array.of(0xed, 0xa0, 0x80) }) },
  { name: "F11 the same path twice", say: paged({ path: "a" }, { path: "a" }), line: /twice/ },
  { name: "F11 a path below a file", say: paged({ path: "a" }, { path: "a/b" }), line: /below a file/ },
  {
    name: "F11 a file that is a folder too",
    say: [offer(), page(0, { path: "a", kind: KINDS.folder }, { path: "a" }), pagesEnd(2, 1)],
  },
  { name: "F11 the same path in two pages", say: [offer(), page(0, { path: "a" }), page(1, { path: "a" })] },
  { name: "F12 an unknown kind", say: paged({ path: "a", kind: 4 }) },
  { name: "F13 a setuid bit", say: paged({ path: "a", mode: 0o4755 }) },
  { name: "unknown flags", say: paged({ path: "a", flags: 2 }) },
  { name: "a file of unknown size", say: paged({ path: "a", flags: 1, size: 0 }) },
  { name: "more data bytes than the size", say: paged({ path: "a", size: 5, data: 6 }) },
  { name: "data bytes of a folder", say: paged({ path: "a", kind: KINDS.folder, data: 1 }) },
  { name: "an extension that ends inside a field", say: paged({ path: "a", extension: u8(200) }) },
  {
    name: "an extension of 16,385 bytes",
    say: paged({ path: "a", extension: concat(u8(200), u16(16_382), new Uint8Array(16_382)) }),
  },
  { name: "size 2^53", say: paged({ path: "a", size: 2n ** 53n }) },
  { name: "size 2^64-1", say: paged({ path: "a", size: 2n ** 64n - 1n }) },
  {
    name: "G13 size 2^50",
    say: [offer(), page(0, { path: "a", size: 2 ** 50 }), pagesEnd(1, 2 ** 50)],
    code: DISK,
    line: /Not enough space/,
  },
  { name: "sizes of 2^53 together", say: paged({ path: "a", size: 2n ** 52n }, { path: "b", size: 2n ** 52n }) },
  {
    name: "J2 a name that turns the line around",
    say: [...paged({ path: bidi }), wellFormed("bye", new Uint8Array(16))],
  },
  { name: "a page that is longer than its count", say: [offer(), page(0), message("page", u32(0), u16(1), ...two())] },
  { name: "a page that is shorter than its count", say: [offer(), message("page", u32(0), u16(3), ...two())] },
  { name: "a page with a gap", say: [offer(), page(1, { path: "a" })] },
  { name: "F16 a page beyond 2^22 entries", say: [offer(), page(2 ** 22, { path: "a" })] },
  { name: "F16 an end of more than 2^22 entries", say: [offer(), page(0, { path: "a" }), pagesEnd(2 ** 22 + 1, 1)] },
  { name: "F16 more pages than may be under way", say: [offer(), manyPages(5000)], line: /pages/ },
  { name: "an end that does not fit the pages", say: [offer(), page(0, { path: "a" }), pagesEnd(2, 1)] },
  { name: "a page after the last", say: [...paged({ path: "a" }), page(1, { path: "b" })] },
  { name: "pages without an offer", say: [page(0, { path: "a" }), pagesEnd(1, 1)], line: /before its offer/ },
  { name: "an end of the pages without an offer", say: [pagesEnd(0, 0)] },
];

function two(): readonly Bytes[] {
  return [entry({ path: "a" }), entry({ path: "b" })];
}

function manyPages(count: number): Bytes {
  return concat(...Array.from({ length: count }, (_, at) => page(at, { path: `file-${at}` })));
}

const FILE = paged({ path: "file" });

function seal(entry: number, size: number): Bytes {
  return message("seal", u16(1), u32(entry), u64(size), new Uint8Array(32));
}

const TALK: readonly Case[] = [
  ...(["accept", "need", "held", "verified", "committed", "failed", "done", "listener-hello", "proof"] as Name[]).map((
    name,
  ): Case => ({ name: `"${name}" from a sender`, say: [offer(), wellFormed(name, new Uint8Array(16))] })),
  { name: "a dialer's hello after proof", say: [wellFormed("dialer-hello", new Uint8Array(16))] },
  { name: "a second offer", say: [offer(), offer("again")], line: /second offer/ },
  { name: "an offer of the next transfer before the end of this one", say: [offer(), offer("next", 1, 1, 2)] },
  { name: "a first offer of the second transfer", say: [offer("x", 1, 1, 2)] },
  { name: "an offer of transfer 0", say: [offer("x", 1, 1, 0)] },
  { name: '"request" from a sender', say: [offer(), wellFormed("request", new Uint8Array(16))] },
  { name: '"request" before the offer', say: [wellFormed("request", new Uint8Array(16))] },
  { name: '"bye" before "done"', say: [...FILE, message("bye")] },
  { name: '"position" on the first connection', say: [...FILE, wellFormed("position", new Uint8Array(16))] },
  { name: '"position" of another transfer', say: [...FILE, position(2)] },
  { name: "a seal of another size than its page had", say: [...FILE, seal(0, 2)] },
  { name: "a seal of a folder", say: [...paged({ path: "d", kind: KINDS.folder }, { path: "d/f" }), seal(0, 0)] },
  { name: "a seal of a link", say: [...paged(link("l", "f"), { path: "f" }), seal(0, 0)] },
  { name: "a seal of nothing", say: [offer(), wellFormed("seal", new Uint8Array(16))] },
  { name: "a failure of nothing", say: [offer(), wellFormed("fail", new Uint8Array(16))] },
  { name: "a report before the offer", say: [report(1)], line: /before its offer/ },
  { name: "a report of numbers that cannot be", say: [offer(), report(2n ** 50n)] },
  { name: "a report without numbers", say: [offer(), message("report", u16(0))] },
  {
    name: "something left out before the offer",
    say: [wellFormed("left-out", new Uint8Array(16))],
    line: /before its/,
  },
  { name: "nothing left out", say: [offer(), message("left-out", u8(0), u8(0), u16(0))] },
  { name: "something left out 0 times", say: [offer(), leftOut({ reason: 8, count: 0 })] },
  { name: "names without end", say: [offer(), leftOut({ reason: 8, count: 1 }, ...Array<string>(33).fill("x"))] },
  { name: "a name of 801 bytes", say: [offer(), leftOut({ reason: 8, count: 1 }, "x".repeat(801))] },
  { name: "an unknown critical message", say: [offer(), message(0x9000)] },
  { name: "garbage after proof", say: [new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")] },
  { name: "a message that is too long", say: [offer(), concat(u16(CODES.page), u32(65_537))] },
  { name: "a body that is too long for it", say: [offer(), message("bye", u8(0))] },
  {
    name: "an offer of no UTF-8",
    say: [message("offer", u32(1), u16(1), u8(0xff), string("x"), u64(1), u16(1), u16(0))],
  },
  {
    name: "a host label of 256 bytes",
    say: [message("offer", u32(1), string("h".repeat(256)), string("x"), u64(1), u16(1), u16(0))],
  },
];

/** Proves the ticket and says something; the receiver's end is to be right. */
async function provedTest(speaker: Speaker, { say, code = PROTOCOL, line }: Case): Promise<void> {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  await sayAll(peer, say);
  const exit = await receiver.exit();
  assert.equal(exit.code, code, exit.stderr);
  const told = exit.stderr.match(/^ultra: .*$/gm) ?? [];
  assert.equal(told.length, 1, exit.stderr);
  if (line !== undefined) assert.match(told[0] ?? "", line);
  assert.doesNotMatch(exit.stderr.replaceAll("\n", ""), /[\p{Cc}\u202e]/u);
  const closed = await peer.closed;
  assert.deepEqual({ cause: closed.cause, code: closed.code }, { cause: "peer", code });
  await box.assertUntouched();
}

/** Up to 4 KiB may be said at once after the proof; what is more waits for the receiver's answer to the offer. */
async function sayAll(peer: Peer, say: readonly Uint8Array[]): Promise<void> {
  const [first, ...rest] = say;
  if (first === undefined) return;
  const isOffer = first[0] === (CODES.offer & 0xff) && first.length < 1000;
  peer.send(first);
  if (isOffer && rest.length > 0) {
    await peer.nextOf(CODES.accept);
    peer.send(...rest);
  } else if (rest.length > 0) peer.send(...rest);
}

for (const [what, cases] of [["names", NAMES], ["pages", PAGES], ["messages", TALK]] as const) {
  Deno.test(`hostile: proved senders with wrong ${what} end the receiver, and nothing is created`, async (t) => {
    await using speaker = new Speaker();
    for (const one of cases) await t.step(one.name, () => provedTest(speaker, one));
  });
}

Deno.test("hostile: J2 G14 an abort's text of 700 bytes with escapes is shown escaped and cut at 200 characters", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  peer.send(abort(DISK, "\x1b[2J\r\n\u{202e}\x9b" + "x".repeat(690)));
  const { code, stderr } = await receiver.exit();
  assert.equal(code, DISK, stderr);
  const [line, ...more] = stderr.match(/^ultra: .*$/gm) ?? [];
  assert.deepEqual(more, []);
  const shown = /^ultra: The other side: (.*)…$/u.exec(line ?? "")?.[1];
  assert.ok(shown?.startsWith("\\x1b[2J\\x0d\\x0a\\u{202e}\\x9bxxx"), stderr);
  assert.equal([...shown ?? ""].length, 200);
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /[\p{Cc}\u202e]/u);
  await box.assertUntouched();
});

Deno.test("hostile: an abort's text of more than 800 bytes is a breach, exit 8", async () => {
  await using speaker = new Speaker();
  await provedTest(speaker, { name: "", say: [abort(DISK, "x".repeat(801))] });
});

Deno.test("hostile: --stay goes on after every proved sender that broke the protocol", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box, "--stay");
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  for (const { name, say, code = PROTOCOL } of [...NAMES.slice(0, 4), ...PAGES.slice(0, 8), ...TALK]) {
    const peer = await speaker.connect(ticket.port);
    await prove(peer, ticket);
    await sayAll(peer, say);
    assert.deepEqual({ name, code: (await peer.closed).code }, { name, code });
  }
  await box.assertUntouched();
  const sent = await honestSend(ticket.text);
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal((await box.contents()).get("into/honest.txt"), "an honest file");
});

Deno.test("hostile: a sender that goes away or never opens its lanes leaves nothing behind", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  peer.send(offer());
  await peer.nextOf(CODES.accept);
  peer.send(page(0, { path: "file", size: 1 << 20 }), pagesEnd(1, 1 << 20));
  await peer.nextOf(CODES.need);
  // Silence from here on. A slow disk looks the same, so the receiver waits; its user need not.
  receiver.interrupt();
  const { code, stderr } = await receiver.exit();
  assert.equal(code, 130, stderr);
  await peer.closed;
  await box.assertUntouched();
});

/** A file whose page names no folder on the way. */
const PLANTED = ["repo/.git/hooks/post-checkout", ".bashrc", ".ssh/authorized_keys"];

Deno.test("hostile: T6: hidden names in folders that were there before are left out, whatever the pages say, exit 3", async () => {
  await using box = await Box.make();
  await Deno.mkdir(join(box.into, "repo/.git"), { recursive: true });
  const before = await box.contents();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  await sayAll(peer, paged(...PLANTED.map((path) => ({ path }))));
  const told = await peer.nextOf(CODES["left-out"]);
  assert.deepEqual([...told.body.subarray(0, 6)], [1, 10, 3, 0, 0, 0], "three hidden names");
  await peer.nextOf(CODES.done);
  peer.send(message("bye"));
  const { code, stderr } = await receiver.exit();
  assert.equal(code, 3, stderr);
  for (const path of PLANTED) {
    assert.ok(stderr.includes(`    ${path}: its name is hidden; recv --hidden takes it`), stderr);
  }
  assert.deepEqual(await box.contents(), before);
});

Deno.test("hostile: T6: the only name being hidden is exit 4, and nothing is created", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  await sayAll(peer, paged({ path: ".bashrc" }));
  await peer.nextOf(CODES.done);
  peer.send(message("bye"));
  const { code, stderr } = await receiver.exit();
  assert.equal(code, DISK, stderr);
  await box.assertUntouched();
});

Deno.test("hostile: T21: what a sender says that it left out is shown escaped, and is exit 3 however it is told", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  // A reason of a later version, told again: the last one counts.
  const evil = leftOut({ reason: 77, count: 2 ** 32 - 1 }, `\x1b[2J${bidi}`);
  await sayAll(peer, [
    offer(),
    wellFormed("left-out", new Uint8Array(16)),
    evil,
    page(0, { path: "d", kind: KINDS.folder, size: 0 }),
    pagesEnd(1, 0),
  ]);
  await peer.nextOf(CODES.done);
  peer.send(message("bye"));
  const { code, stderr } = await receiver.exit();
  assert.equal(code, 3, stderr);
  assert.match(stderr, /^⚡ ULTRA transfer incomplete: .*, 4,294,967,295 left out$/m);
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /[\p{Cc}\u202e]/u);
  assert.match(stderr, /the other side left it out/);
});
