/** The 64-byte records: commands as Rust reads them, events as Rust writes them, from hand-made bytes. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { EngineEvent } from "../../src/engine/engine.ts";
import { Command, EventKind, FaultClass, RECORD_LEN } from "../../src/engine/layout.generated.ts";
import { decodeEvent, encodeCommand, faultOf } from "../../src/engine/records.ts";

interface Fields {
  readonly kind: number;
  readonly id?: number;
  readonly entry?: number;
  readonly payload?: number;
  readonly first?: number;
  readonly count?: number;
  readonly bytes?: Uint8Array;
}

/** A record made by the table of docs/engine.md: `u32 kind | u32 id | u32 entry | u32 payload | f64 first | f64 count | 32 bytes`. */
function record({ kind, id = 0, entry = 0, payload = 0, first = 0, count = 0, bytes }: Fields): Uint8Array {
  const all = new Uint8Array(64);
  const view = new DataView(all.buffer);
  [kind, id, entry, payload].forEach((value, index) => view.setUint32(4 * index, value, true));
  view.setFloat64(16, first, true);
  view.setFloat64(24, count, true);
  all.set(bytes ?? new Uint8Array(0), 32);
  return all;
}

const utf8 = new TextEncoder();

/** Decodes; `texts` are the payloads by their ids, each of which may be taken once. */
function decode(fields: Fields, texts: Record<number, string | Uint8Array> = {}): EngineEvent {
  const left = { ...texts };
  return decodeEvent(record(fields), (payload) => {
    const found = left[payload];
    assert.notEqual(found, undefined, `payload ${payload} does not exist or was taken twice`);
    delete left[payload];
    return typeof found === "string" ? new Uint8Array(utf8.encode(found)) : new Uint8Array(found ?? []);
  });
}

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const exact = fc.maxSafeNat();

Deno.test("engine: a command's record has every field at its place and nothing left of the one before", () => {
  const names = Object.keys(Command) as (keyof typeof Command)[];
  fc.assert(fc.property(
    fc.constantFrom(...names),
    fc.record({
      id: u32,
      entry: u32,
      payload: u32,
      first: exact,
      count: exact,
      bytes: fc.uint8Array({ maxLength: 32 }),
    }, {
      requiredKeys: ["id"],
    }),
    (name, fields) => {
      const into = new Uint8Array(RECORD_LEN).fill(0xee);
      encodeCommand(into, name, fields);
      assert.deepEqual(into, record({ kind: Command[name], ...fields }));
    },
  ));
});

Deno.test("engine: bytes beyond a record's 32 are cut, and no neighbour is written to", () => {
  const into = new Uint8Array(3 * RECORD_LEN).fill(0xee);
  encodeCommand(into.subarray(RECORD_LEN, 2 * RECORD_LEN), "commit", { id: 1, bytes: new Uint8Array(40).fill(1) });
  assert.ok(into.subarray(0, RECORD_LEN).every((byte) => byte === 0xee));
  assert.ok(into.subarray(2 * RECORD_LEN).every((byte) => byte === 0xee));
});

const BYTES = Uint8Array.from({ length: 32 }, (_, index) => index);

/** Every event but `page`, whose payload is taken later. */
type Case = readonly [Fields, Record<number, string | Uint8Array>, EngineEvent];

/** What WALK_END carries: a `u32` for each reason, then the first names. */
function leftOutPayload(counts: readonly number[], names: string): Uint8Array {
  return Uint8Array.of(...new Uint8Array(Uint32Array.from(counts).buffer), ...utf8.encode(names));
}

const EVENTS: readonly Case[] = [
  [{ kind: EventKind.listening, id: 1, payload: 9, first: 443 }, { 9: "::1" }, {
    type: "listening",
    listener: 1,
    port: 443,
    address: "::1",
  }],
  [{ kind: EventKind.incoming, id: 2, entry: 1, payload: 9 }, { 9: "ultra/1\n1.2.3.4:5" }, {
    type: "incoming",
    listener: 1,
    connection: 2,
    alpn: "ultra/1",
    remote: "1.2.3.4:5",
  }],
  [{ kind: EventKind.connected, id: 2, payload: 9, bytes: BYTES }, { 9: "ultra\n[::1]:5" }, {
    type: "connected",
    connection: 2,
    alpn: "ultra",
    remote: "[::1]:5",
    certificate: BYTES,
  }],
  [{ kind: EventKind.control, id: 2, payload: 9, count: 3 }, { 9: Uint8Array.of(1, 2, 3) }, {
    type: "control",
    connection: 2,
    bytes: Uint8Array.of(1, 2, 3),
  }],
  ...(["own", "peer", "transport"] as const).map((cause, entry) =>
    [{ kind: EventKind.closed, id: 2, entry, payload: 9, first: 8 }, { 9: "why" }, {
      type: "closed",
      connection: 2,
      cause,
      code: 8,
      text: "why",
    }] as const
  ),
  [{ kind: EventKind.laneOpened, id: 7, entry: 2, first: 255 }, {}, {
    type: "lane-opened",
    lane: 7,
    connection: 2,
    number: 255,
  }],
  [{ kind: EventKind.laneClosed, id: 7, entry: 2 }, {}, {
    type: "lane-closed",
    lane: 7,
    connection: 2,
    finished: true,
  }],
  [{ kind: EventKind.laneClosed, id: 7, entry: 2, first: 1 }, {}, {
    type: "lane-closed",
    lane: 7,
    connection: 2,
    finished: false,
  }],
  [{ kind: EventKind.laneBroke, id: 2, entry: 7, payload: 9 }, { 9: "x" }, {
    type: "lane-broke",
    connection: 2,
    text: "x",
  }],
  [{ kind: EventKind.grantRead, id: 7, entry: 3, payload: 4, first: 2 ** 33 }, {}, {
    type: "grant-read",
    lane: 7,
    grant: 4,
    entry: 3,
    end: 2 ** 33,
  }],
  [{ kind: EventKind.readFailed, id: 5, entry: 3, payload: 9, first: 2 }, { 9: "x" }, {
    type: "read-failed",
    source: 5,
    entry: 3,
    fault: "permission",
    text: "x",
  }],
  [
    { kind: EventKind.walkEnd, id: 5, entry: 3, payload: 9, first: 2, count: 2 ** 53 - 1 },
    { 9: leftOutPayload([0, 2, 0, 0, 0, 0, 1, 2 ** 32 - 1, 0], "not-utf8\ta\0link\tb\tc\0nonsense\td") },
    {
      type: "walk-end",
      source: 5,
      entries: 3,
      files: 2,
      size: 2 ** 53 - 1,
      leftOut: {
        counts: [
          { reason: "not-utf8", count: 2 },
          { reason: "special", count: 1 },
          { reason: "link", count: 2 ** 32 - 1 },
        ],
        names: [{ reason: "not-utf8", path: "a" }, { reason: "link", path: "b\tc" }, { reason: "other", path: "d" }],
      },
    },
  ],
  [{ kind: EventKind.walkFailed, id: 5, payload: 9, first: 5 }, { 9: "x" }, {
    type: "walk-failed",
    source: 5,
    fault: "not-found",
    text: "x",
  }],
  [{ kind: EventKind.sealed, id: 5, entry: 3, first: 10, bytes: BYTES }, {}, {
    type: "sealed",
    source: 5,
    entry: 3,
    size: 10,
    root: BYTES,
  }],
  [{ kind: EventKind.sealFailed, id: 5, entry: 3, payload: 9, first: 6 }, { 9: "x" }, {
    type: "seal-failed",
    source: 5,
    entry: 3,
    fault: "changed",
    text: "x",
  }],
  [{ kind: EventKind.checked, id: 6, entry: 3, payload: 9, first: 10, count: 99 }, {
    9: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
  }, {
    type: "checked",
    sink: 6,
    first: 3,
    statuses: [
      ...["absent", "identical", "different", "in-the-way", "duplicate"] as const,
      ...["conflict", "folder-exists", "unexaminable", "unsafe-parent", "cannot-rename"] as const,
    ],
    freeSpace: 99,
  }],
  [{ kind: EventKind.verified, id: 6, entry: 3, first: 1, count: 2 }, {}, {
    type: "verified",
    sink: 6,
    entry: 3,
    first: 1,
    count: 2,
  }],
  [{ kind: EventKind.mismatch, id: 6, entry: 3, first: 1 }, {}, { type: "mismatch", sink: 6, entry: 3, block: 1 }],
  [{ kind: EventKind.committed, id: 6, entry: 3, first: 1 }, {}, {
    type: "committed",
    sink: 6,
    entry: 3,
    durable: true,
    unkept: { mode: false, time: false },
  }],
  ...[1, 2, 3].map((bits): Case => [{ kind: EventKind.committed, id: 6, entry: 3, count: bits }, {}, {
    type: "committed",
    sink: 6,
    entry: 3,
    durable: false,
    unkept: { mode: bits !== 2, time: bits !== 1 },
  }]),
  [{ kind: EventKind.entryFailed, id: 6, entry: 3, payload: 9, first: 1 }, { 9: "x" }, {
    type: "entry-failed",
    sink: 6,
    entry: 3,
    fault: "no-space",
    text: "x",
  }],
  [{ kind: EventKind.foldersFinished, id: 6, count: 1 }, {}, {
    type: "folders-finished",
    sink: 6,
    failure: undefined,
    unkept: { mode: true, time: false },
  }],
  [{ kind: EventKind.pageRefused, id: 6, payload: 9, first: 11 }, { 9: "x" }, {
    type: "page-refused",
    sink: 6,
    fault: "protocol",
    text: "x",
  }],
  [{ kind: EventKind.foldersFinished, id: 6, payload: 9, first: 8 }, { 9: "x" }, {
    type: "folders-finished",
    sink: 6,
    failure: { fault: "io", text: "x" },
    unkept: { mode: false, time: false },
  }],
  [{ kind: EventKind.resolved, id: 4, payload: 9 }, { 9: "1.2.3.4\n::1" }, {
    type: "resolved",
    request: 4,
    addresses: ["1.2.3.4", "::1"],
  }],
  [{ kind: EventKind.resolved, id: 4 }, {}, { type: "resolved", request: 4, addresses: [] }],
  [{ kind: EventKind.disposed, id: 6 }, {}, { type: "disposed", transfer: 6 }],
  [{ kind: EventKind.fault, payload: 9 }, { 9: "x" }, { type: "fault", text: "x" }],
];

Deno.test("engine: every event is decoded as docs/engine.md describes it", () => {
  for (const [fields, payloads, event] of EVENTS) assert.deepEqual(decode(fields, payloads), event);
  const tested = new Set([...EVENTS.map(([{ kind }]) => kind), EventKind.page]);
  assert.deepEqual([...tested].sort((a, b) => a - b), Object.values(EventKind), "a new event belongs into this test");
});

Deno.test("engine: a page's bytes stay in the engine until they are taken", () => {
  const page = decode({ kind: EventKind.page, id: 5, entry: 3, payload: 9, first: 2, count: 10 }, {
    9: Uint8Array.of(1, 2),
  });
  assert.ok(page.type === "page");
  assert.deepEqual([page.source, page.first, page.count, page.size], [5, 3, 2, 10]);
  assert.deepEqual(page.take(), Uint8Array.of(1, 2));
  assert.throws(() => page.take(), /taken twice/);
});

Deno.test("engine: events of unknown kinds and statuses are bugs; unknown faults are failures of the disk", () => {
  assert.throws(() => decode({ kind: 0 }), /unknown kind 0/);
  assert.throws(() => decode({ kind: 999 }), /unknown kind 999/);
  assert.throws(() => decode({ kind: EventKind.checked, payload: 9 }, { 9: Uint8Array.of(11) }), /unknown status 11/);
  assert.throws(() => decode({ kind: EventKind.walkEnd, payload: 9 }, { 9: "short" }), /unknown form/);
  assert.equal(faultOf(99), "io");
  assert.equal(new Set(Object.values(FaultClass).map(faultOf)).size, Object.keys(FaultClass).length);
});

Deno.test("engine: any 64 bytes are an event or a refusal, and never more", () => {
  const take = () => new Uint8Array(0);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.integer({ min: 0, max: 30 }), (bytes, kind) => {
      new DataView(bytes.buffer).setUint32(0, kind, true);
      try {
        assert.equal(typeof decodeEvent(bytes, take).type, "string");
      } catch (error) {
        assert.ok(error instanceof Error && /unknown/.test(error.message), String(error));
      }
    }),
  );
});
