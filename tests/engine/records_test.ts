/** Records and blocks: commands as Rust reads them, events as Rust writes them, from hand-made bytes. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CLOSE_CAUSE,
  type Command,
  type ConnectionSettings,
  decodeConnectionSettings,
  decodeEvent,
  encodeCommand,
  encodeConnectBlock,
  encodeListenBlock,
  encodeSinkBlock,
  encodeSourceBlock,
  encodeStartBlock,
  type EngineEvent,
  FILE_FAULT,
  fileFaultOf,
  type Question,
  RECORD_LEN,
  TARGET_STATUS,
} from "../../src/engine/door.generated.ts";
import { ALL_KEPT } from "../support/made_up.ts";
import { CommandBatch, EventRecords } from "../../src/engine/records.ts";

/** Bytes of a record or block: whole numbers are `u32`, `f64` has its own mark, arrays are as they are. */
type Piece = number | { readonly f64: number } | { readonly gap: number } | Uint8Array;

const f64 = (value: number): Piece => ({ f64: value });
const gap = (bytes: number): Piece => ({ gap: bytes });

const utf8 = new TextEncoder();

function join(...pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const parts = pieces.map((piece) => {
    if (piece instanceof Uint8Array) return piece;
    if (typeof piece === "number") return new Uint8Array(Uint32Array.of(piece).buffer);
    return "gap" in piece ? new Uint8Array(piece.gap) : new Uint8Array(Float64Array.of(piece.f64).buffer);
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A record: kind, payload and fields, filled up with zeros. */
function record(...pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const bytes = join(...pieces);
  return join(bytes, gap(RECORD_LEN - bytes.length));
}

/** Decodes one record; `payload` has the id 9 and may be taken once. */
function decode(bytes: Uint8Array, payload?: string | Uint8Array): EngineEvent {
  let left = typeof payload === "string" ? utf8.encode(payload) : payload;
  const records = new EventRecords(bytes, (id) => {
    assert.equal(id, 9);
    assert.ok(left !== undefined, "the payload does not exist or was taken twice");
    const taken = new Uint8Array(left);
    left = undefined;
    return taken;
  });
  return decodeEvent(records.moveTo(0));
}

const HASH = Uint8Array.from({ length: 32 }, (_, index) => index);

/** Every event but `page`, whose payload is taken later: its record, its payload, and what it means. */
const EVENTS: readonly (readonly [Uint8Array, string | Uint8Array | undefined, EngineEvent])[] = [
  [record(1, 9, 1, 443), "::1", { type: "listening", listener: 1, port: 443, address: "::1" }],
  [record(2, 9, 1, 2), "ultra/2\x001.2.3.4:5", {
    type: "incoming",
    listener: 1,
    connection: 2,
    alpn: "ultra/2",
    remote: "1.2.3.4:5",
  }],
  [record(3, 9, 2, HASH), "ultra\0[::1]:5", {
    type: "connected",
    connection: 2,
    alpn: "ultra",
    remote: "[::1]:5",
    certificate: HASH,
  }],
  [record(4, 9, 2), Uint8Array.of(1, 2, 3), { type: "control", connection: 2, bytes: Uint8Array.of(1, 2, 3) }],
  ...(["own", "peer", "transport"] as const).map((cause) =>
    [record(5, 9, 2, CLOSE_CAUSE[cause], f64(8)), "why", {
      type: "closed",
      connection: 2,
      cause,
      code: 8,
      text: "why",
    }] as const
  ),
  [record(5, 0, 2, 0, f64(0)), undefined, { type: "closed", connection: 2, cause: "own", code: 0, text: "" }],
  [record(6, 0, 7, 2, 255), undefined, { type: "lane-opened", lane: 7, connection: 2, number: 255 }],
  [record(7, 0, 7, 2, 1), undefined, { type: "lane-closed", lane: 7, connection: 2, finished: true }],
  [record(7, 0, 7, 2, 0), undefined, { type: "lane-closed", lane: 7, connection: 2, finished: false }],
  [record(8, 0, 7, 4, 3, gap(4), f64(2 ** 33)), undefined, {
    type: "grant-read",
    lane: 7,
    grant: 4,
    entry: 3,
    end: 2 ** 33,
  }],
  [record(9, 9, 5, 3, 2), "x", { type: "read-failed", source: 5, entry: 3, fault: "permission", text: "x" }],
  [record(11, 9, 5, 3, f64(2), f64(2 ** 53 - 1)), "1\t2\x007\t4294967295\0\x001\ta\x007\tb\tc", {
    type: "walk-end",
    source: 5,
    entries: 3,
    files: 2,
    size: 2 ** 53 - 1,
    unkept: ALL_KEPT,
    leftOut: {
      counts: [{ reason: "not-utf8", count: 2 }, { reason: "link", count: 2 ** 32 - 1 }],
      names: [{ reason: "not-utf8", path: "a" }, { reason: "link", path: "b\tc" }],
    },
  }],
  [record(11, 0, 5, 3, f64(2), f64(1), 8 + 32), undefined, {
    type: "walk-end",
    source: 5,
    entries: 3,
    files: 2,
    size: 1,
    unkept: { ...ALL_KEPT, owner: true, acl: true },
    leftOut: { counts: [], names: [] },
  }],
  [record(12, 9, 5, 5), "x", { type: "walk-failed", source: 5, fault: "not-found", text: "x" }],
  [
    record(13, 0, 5, 3, f64(10), HASH, 1),
    undefined,
    { type: "sealed", source: 5, entry: 3, size: 10, root: HASH, unlinked: true },
  ],
  [record(14, 9, 5, 3, 6), "x", { type: "seal-failed", source: 5, entry: 3, fault: "changed", text: "x" }],
  [record(15, 9, 6, 3, f64(99)), Uint8Array.from({ length: 18 }, (_, status) => status), {
    type: "checked",
    sink: 6,
    first: 3,
    statuses: [
      ...["absent", "identical", "different", "in-the-way", "duplicate"] as const,
      ...["conflict", "folder-exists", "unexaminable", "unsafe-parent", "cannot-rename", "hidden"] as const,
      ...["outside-link", "unwanted", "bad-name", "name-refused", "same-name", "busy", "not-older"] as const,
    ],
    freeSpace: 99,
  }],
  [record(16, 0, 6, 3, f64(1), f64(2)), undefined, { type: "verified", sink: 6, entry: 3, first: 1, count: 2 }],
  [record(17, 0, 6, 3, f64(1)), undefined, { type: "mismatch", sink: 6, entry: 3, block: 1 }],
  [record(27, 0, 6, 3, 2), undefined, { type: "arrived", sink: 6, first: 3, count: 2 }],
  [record(18, 0, 6, 3, 2, 1), undefined, {
    ...{ type: "committed", sink: 6, first: 3, count: 2 },
    durable: true,
    unkept: ALL_KEPT,
  }],
  ...(["mode", "time", "links", "owner", "xattrs", "acl"] as const).map((what, bit) =>
    [record(18, 0, 6, 3, 2, 0, 1 << bit), undefined, {
      ...{ type: "committed", sink: 6, first: 3, count: 2 } as const,
      durable: false,
      unkept: { ...ALL_KEPT, [what]: true },
    }] as const
  ),
  [record(19, 9, 6, 3, 1), "x", { type: "entry-failed", sink: 6, entry: 3, fault: "no-space", text: "x" }],
  [record(20, 0, 6, 1), undefined, { type: "folders-finished", sink: 6, unkept: { ...ALL_KEPT, mode: true } }],
  [record(25, 9, 6, 11), "x", { type: "page-refused", sink: 6, fault: "protocol", text: "x" }],
  [record(26, 9, 6, 8), "x", { type: "folders-failed", sink: 6, fault: "io", text: "x" }],
  [record(21, 9, 2, 7), "x", { type: "lane-broke", connection: 2, lane: 7, text: "x" }],
  [record(22, 9, 4), "1.2.3.4\0::1", { type: "resolved", request: 4, addresses: ["1.2.3.4", "::1"] }],
  [record(22, 0, 4), undefined, { type: "resolved", request: 4, addresses: [] }],
  [record(23, 0, 6), undefined, { type: "disposed", transfer: 6 }],
  [record(24, 9), "x", { type: "fault", text: "x" }],
  [record(28, 9, 6, 3, f64(1)), "xyz", { type: "held", sink: 6, entry: 3, first: 1, values: utf8.encode("xyz") }],
  [record(29, 0, 6, 3, f64(9), 1), undefined, { type: "taken-up", sink: 6, entry: 3, occupied: 9, isClean: true }],
  [record(30, 0, 6, 3, 0, gap(4), f64(9)), undefined, {
    ...{ type: "anew", sink: 6, entry: 3, why: "source-changed", occupied: 9 },
  }],
  [record(31, 0, 6, 3, f64(1)), undefined, { type: "stale", sink: 6, entry: 3, block: 1 }],
  [record(32, 0, 6, 3, f64(9)), undefined, { type: "left-over", sink: 6, parts: 3, occupied: 9 }],
];

const PAGE = 10;

Deno.test("engine: every event is decoded as docs/engine.md describes it", () => {
  for (const [bytes, payload, event] of EVENTS) assert.deepEqual(decode(bytes, payload), event);
  const kinds = [...EVENTS.map(([bytes]) => bytes[0] ?? 0), PAGE];
  const last = Math.max(...kinds);
  const all = Array.from({ length: last }, (_, index) => index + 1);
  assert.deepEqual([...new Set(kinds)].sort((a, b) => a - b), all, "a new event belongs into this test");
  assert.throws(() => decode(record(last + 1)), /unknown kind/);
});

/** Events of what is asked beside transfers have numbers from 50 on. */
const ASIDE: typeof EVENTS = [
  [record(50, 9, 4, 1, f64(0)), "/a\0/b", {
    ...{ type: "clipboard-read", request: 4, form: "files", size: 0 },
    paths: ["/a", "/b"],
  }],
  [record(50, 0, 4, 2, f64(9)), undefined, {
    ...{ type: "clipboard-read", request: 4, form: "text", size: 9, paths: [] },
  }],
  [record(51, 0, 4), undefined, { type: "clipboard-written", request: 4 }],
  [record(52, 9, 4, 1), "xclip", { type: "clipboard-failed", request: 4, why: "missing", text: "xclip" }],
];

Deno.test("engine: events of the clipboard are decoded as docs/engine.md describes them", () => {
  for (const [bytes, payload, event] of ASIDE) assert.deepEqual(decode(bytes, payload), event);
});

Deno.test("engine: events are read at their place in the buffer, and hold nothing of it afterwards", () => {
  const buffer = join(record(13, 0, 5, 3, f64(10), HASH), record(22, 9, 4), record(2, 9, 1, 2));
  const records = new EventRecords(buffer.subarray(0), () => new Uint8Array(utf8.encode("a\0b")));
  const sealed = decodeEvent(records.moveTo(0));
  assert.deepEqual(decodeEvent(records.moveTo(1)), { type: "resolved", request: 4, addresses: ["a", "b"] });
  const incoming = decodeEvent(records.moveTo(2));
  assert.deepEqual(incoming, { type: "incoming", listener: 1, connection: 2, alpn: "a", remote: "b" });
  buffer.fill(0xee);
  assert.deepEqual(sealed, { type: "sealed", source: 5, entry: 3, size: 10, root: HASH, unlinked: false });
});

Deno.test("engine: a page's bytes stay in the engine until they are taken", () => {
  const page = decode(record(PAGE, 9, 5, 3, 2, gap(4), f64(10)), Uint8Array.of(1, 2));
  assert.ok(page.type === "page");
  assert.deepEqual([page.source, page.first, page.count, page.size], [5, 3, 2, 10]);
  assert.deepEqual(page.take(), Uint8Array.of(1, 2));
  assert.throws(() => page.take(), /taken twice/);
});

Deno.test("engine: events of unknown kinds and words are bugs", () => {
  assert.throws(() => decode(record(0)), /unknown kind 0/);
  assert.throws(() => decode(record(999)), /unknown kind 999/);
  assert.throws(() => decode(record(15, 9, 6, 3, f64(9)), Uint8Array.of(18)), /unknown TargetStatus 18/);
  assert.throws(() => decode(record(12, 9, 5, 99), "x"), /unknown FileFault 99/);
  assert.throws(() => decode(record(5, 0, 2, 3, f64(0))), /unknown CloseCause 3/);
  assert.throws(() => decode(record(11, 9, 5, 3), "99\t1\0"), /unknown LeftOutReason 99/);
  for (const [word, number] of Object.entries(FILE_FAULT)) assert.equal(fileFaultOf(number), word);
  assert.equal(new Set(Object.values(TARGET_STATUS)).size, Object.keys(TARGET_STATUS).length);
});

Deno.test("engine: any 64 bytes are an event or a refusal, and never more", () => {
  const any64 = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(fc.property(any64, fc.integer({ min: 0, max: 30 }), (bytes, kind) => {
    new DataView(bytes.buffer).setUint32(0, kind, true);
    try {
      assert.equal(typeof decodeEvent(new EventRecords(bytes, () => new Uint8Array(0)).moveTo(0)).type, "string");
    } catch (error) {
      assert.ok(error instanceof Error && /unknown/.test(error.message), String(error));
    }
  }));
});

const THREE = Uint8Array.of(1, 2, 3);

const SETTINGS: ConnectionSettings = {
  handshakeIdleTimeoutMs: 1,
  idleTimeoutMs: 2,
  disconnectTimeoutMs: 3,
  keepAliveIntervalMs: 4,
  connectionWindowBytes: 2 ** 31 - 1,
  streamWindowUnidiBytes: 6,
  streamWindowBidiLocalBytes: 7,
  streamWindowBidiRemoteBytes: 8,
  streamReceiveBufferBytes: 9,
  initialWindowPackets: 10,
  initialRttMs: 11,
  congestionControl: "bbr",
  peerBidiStreams: 13,
  peerUnidiStreams: 14,
  maximumMtu: 15,
  sendBuffering: false,
  pacing: true,
  migration: false,
};

/** The same as docs/engine.md has it. */
const SETTINGS_BYTES = join(1, 2, 3, 4, 2 ** 31 - 1, 6, 7, 8, 9, 10, 11, 1, 13, 14, 15, 0, 1, 0);

/** Every command and question: what is asked, its record, and its payload. */
const COMMANDS: readonly (readonly [Command | Question, Uint8Array, Uint8Array?])[] = [
  [{ type: "admit", connection: 2, lanes: 64 }, record(1, 0, 2, 64)],
  [{ type: "attach", connection: 2, sink: 6, transfer: 1 }, record(2, 0, 2, 6, 1)],
  [
    { type: "open-lanes", connection: 2, source: 5, firstLane: 7, firstNumber: 3, count: 4, transfer: 1 },
    record(3, 0, 2, 5, 7, 3, 4, 1),
  ],
  [
    { type: "grant", lane: 7, grant: 4, entry: 3, first: 2 ** 33 - 1, count: 2 },
    record(4, 0, 7, 4, 3, gap(4), f64(2 ** 33 - 1), f64(2)),
  ],
  [{ type: "finish-lane", lane: 7 }, record(5, 0, 7)],
  [{ type: "expect", sink: 6, entry: 3, first: 1, count: 2 }, record(6, 0, 6, 3, f64(1), f64(2))],
  [{ type: "commit", sink: 6, entry: 3, size: 2 ** 53 - 1, root: HASH }, record(8, 0, 6, 3, f64(2 ** 53 - 1), HASH)],
  [{ type: "finish-folders", sink: 6 }, record(9, 0, 6)],
  [{ type: "abandon", sink: 6, entry: 3, leaving: "nothing" }, record(10, 0, 6, 3)],
  [{ type: "abandon", sink: 6, entry: 3, leaving: "parts" }, record(10, 0, 6, 3, 1)],
  [{ type: "dispose", transfer: 6, leaving: "nothing" }, record(11, 0, 6)],
  [{ type: "dispose", transfer: 6, leaving: "parts" }, record(11, 0, 6, 1)],
  [
    { type: "begin", sink: 6, resume: true, transfer: "abc" },
    record(25, 3, 6, 1),
    join(utf8.encode("abc"), gap(5)),
  ],
  [{ type: "close", id: 2, code: 8 }, record(12, 0, 2, 8)],
  [{ type: "send", connection: 2, bytes: THREE }, record(13, 3, 2), join(THREE, gap(5))],
  [{ type: "send", connection: 2, bytes: new Uint8Array(16) }, record(13, 16, 2), join(gap(16))],
  [{ type: "page", sink: 6, first: 3, count: 2, entries: THREE }, record(14, 3, 6, 3, 2), join(THREE, gap(5))],
  [{ type: "values", source: 5, entry: 3, first: 1, values: HASH }, record(15, 32, 5, 3, f64(1)), HASH],
  [{ type: "resolve", request: 4, name: "a.b" }, record(16, 3, 4), join(utf8.encode("a.b"), gap(5))],
  [{ type: "retune", listener: 1, plain: true, settings: SETTINGS }, record(17, 72, 1, 1), SETTINGS_BYTES],
  [{ type: "stop" }, record(18)],
  [{ type: "limit-rate", source: 5, bytesPerSecond: 7.5 }, record(19, 0, 5, gap(4), f64(7.5))],
  [{ type: "grant-entries", lane: 7, grant: 4, first: 3, count: 2 }, record(20, 0, 7, 4, 3, 2)],
  [{ type: "expect-entries", sink: 6, first: 3, count: 2 }, record(21, 0, 6, 3, 2)],
  [{ type: "commit-entries", sink: 6, first: 3, count: 2 }, record(22, 0, 6, 3, 2)],
  [{ type: "release", source: 5, first: 3, count: 2 }, record(23, 0, 5, 3, 2)],
  [{ type: "stay-awake", on: true }, record(24, 0, 1)],
  [{ type: "read-clipboard", request: 4 }, record(50, 0, 4)],
  [
    { type: "write-clipboard", request: 4, form: "files", raw: true, paths: ["/a", "/b"] },
    record(51, 5, 4, 1, 1),
    join(utf8.encode("/a\0/b"), gap(3)),
  ],
  [{ type: "entry-root", transfer: 6, entry: 3 }, record(70, 0, 6, 3)],
  [{ type: "identity" }, record(64)],
  [{ type: "root", transfer: 6, statuses: THREE }, record(65, 3, 6), join(THREE, gap(5))],
  [{ type: "name", transfer: 6, entry: 3 }, record(66, 0, 6, 3)],
  [{ type: "outward" }, record(67)],
  [{ type: "settings", connection: 2 }, record(69, 0, 2)],
  [{ type: "free-space", sink: 6 }, record(71, 0, 6)],
];

Deno.test("engine: every command and question is encoded as docs/engine.md describes it", () => {
  const kinds = new Set<string>();
  for (const [command, bytes, payload = new Uint8Array(0)] of COMMANDS) {
    const batch = new CommandBatch();
    encodeCommand(command, batch);
    assert.deepEqual(batch.bytesFrom(0), join(bytes, payload), command.type);
    kinds.add(command.type);
  }
  assert.equal(kinds.size, 33, "a new command belongs into this test");
});

Deno.test("engine: a block of settings is read back as it was written", () => {
  const answer = new EventRecords(SETTINGS_BYTES, () => new Uint8Array(0));
  assert.deepEqual(decodeConnectionSettings(answer), SETTINGS);
});

Deno.test("engine: a batch holds its commands one behind the other, and nothing of the batch before", () => {
  const some = fc.array(fc.tuple(fc.constantFrom(...COMMANDS), fc.uint8Array({ maxLength: 3000 })), { maxLength: 60 });
  const batch = new CommandBatch();
  fc.assert(fc.property(some, (commands) => {
    batch.clear();
    const wanted: Uint8Array[] = [];
    for (const [[command, bytes, payload], longer] of commands) {
      if (command.type === "send") {
        encodeCommand({ ...command, bytes: longer }, batch);
        const padding = (8 - longer.length % 8) % 8;
        wanted.push(join(record(13, longer.length, 2), longer, gap(padding)));
      } else {
        encodeCommand(command, batch);
        wanted.push(join(bytes, payload ?? gap(0)));
      }
    }
    assert.equal(batch.count, commands.length);
    for (let from = 0; from <= commands.length; from += 7) {
      assert.deepEqual(batch.bytesFrom(from), join(...wanted.slice(from)));
    }
  }));
});

Deno.test("engine: a hash that is too long is cut, and no neighbour is written to", () => {
  const batch = new CommandBatch();
  encodeCommand({ type: "commit", sink: 1, entry: 2, size: 3, root: new Uint8Array(40).fill(1) }, batch);
  encodeCommand({ type: "abandon", sink: 5, entry: 3, leaving: "nothing" }, batch);
  const root = new Uint8Array(32).fill(1);
  assert.deepEqual(batch.bytesFrom(0), join(record(8, 0, 1, 2, f64(3), root), record(10, 0, 5, 3)));
});

Deno.test("engine: blocks of options have their fixed fields first, and their contents in order behind them", () => {
  assert.deepEqual(
    encodeStartBlock({
      readers: 1,
      writers: 2,
      buffers: 3,
      executionProfile: "low-latency",
      networkThreads: 5,
      outstandingBytes: 6,
      keptBuffers: 7,
    }),
    join(1, 2, 3, 0, 5, 6, 7),
  );
  assert.deepEqual(
    encodeListenBlock({
      settings: SETTINGS,
      plainSettings: SETTINGS,
      maxUnvalidated: 16,
      maxUnproved: 64,
      maxUnprovedPerAddress: 8,
      controlLimit: 4096,
      pkcs12: Uint8Array.of(9, 9),
      alpns: ["ultra/2", "ultra"],
      address: "[::]:0",
    }),
    join(
      72,
      72,
      16,
      64,
      8,
      4096,
      2,
      13,
      6,
      SETTINGS_BYTES,
      SETTINGS_BYTES,
      Uint8Array.of(9, 9),
      utf8.encode("ultra/2\0ultra"),
      utf8.encode("[::]:0"),
    ),
  );
  assert.deepEqual(
    encodeConnectBlock({
      settings: SETTINGS,
      pin: new Uint8Array(0),
      partition: 1,
      controlLimit: 4096,
      alpns: ["u"],
      address: "a:1",
    }),
    join(72, 0, 1, 4096, 1, 3, SETTINGS_BYTES, utf8.encode("u"), utf8.encode("a:1")),
  );
  assert.deepEqual(
    encodeSourceBlock({
      origin: "uncached-files",
      size: 2 ** 53 - 1,
      links: "follow",
      hardlinks: true,
      owner: false,
      xattrs: true,
      acl: false,
      allowGrowing: true,
      within: 6,
      literal: 2,
      byPath: true,
      depth: 0xffff_ffff,
      paths: ["/a", "/b"],
    }),
    join(2, gap(4), f64(2 ** 53 - 1), 3, 1, 0, 1, 0, 1, 6, 2, 1, 0xffff_ffff, 5, utf8.encode("/a\0/b")),
  );
  assert.deepEqual(
    encodeSinkBlock({
      ...{ existing: "replace" as const, hidden: true, discard: false, create: true, restart: true, noSync: true },
      ...{ links: "none", owner: true, xattrs: false, acl: true },
      ...{ folder: "/ü", rename: "x" },
    }),
    join(3, 1, 0, 1, 1, 1, 2, 1, 0, 1, 3, 1, utf8.encode("/ü"), utf8.encode("x")),
  );
});
