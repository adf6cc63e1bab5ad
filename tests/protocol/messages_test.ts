import assert from "node:assert/strict";
import fc from "fast-check";
import {
  EXIT_CODES,
  isCritical,
  isHandshake,
  MESSAGE_CODES,
  type MessageType,
  messageTypeOf,
} from "../../src/protocol/codes.ts";
import { decodeBody } from "../../src/protocol/decode.ts";
import { encode } from "../../src/protocol/encode.ts";
import * as limits from "../../src/protocol/limits.ts";
import type { DialerHello, LeftOutMessage, Message, NeedItem, VerifiedItem } from "../../src/protocol/messages.ts";
import { ALL_REPORT_FIELDS, LATER_REPORT_FIELDS, mostOf, reportOf } from "../../src/protocol/report.ts";
import { isInternalError, isProtocolError, messages, messagesByType } from "./support.ts";

const HEADER = limits.MESSAGE_HEADER_LEN;

for (const [type, arbitrary] of Object.entries(messagesByType)) {
  Deno.test(`the message ${type} comes back as it was sent`, () => {
    fc.assert(fc.property(arbitrary, (message) => {
      const bytes = encode(message);
      assert.deepEqual(decodeBody(codeOf(bytes), bytes.subarray(HEADER)), message);
    }));
  });
}

Deno.test("a message cut off anywhere, or with a byte too many, is refused", () => {
  fc.assert(
    fc.property(messages, (message) => {
      // The entries of a page reach to the end of its body whatever its length; `pages_test.ts` cuts those.
      if (message.type === "page") return;
      const bytes = encode(message);
      const body = bytes.subarray(HEADER);
      for (let length = 0; length < body.length; length++) {
        assert.throws(() => decodeBody(codeOf(bytes), body.subarray(0, length)), isProtocolError, `${length} bytes`);
      }
      assert.throws(() => decodeBody(codeOf(bytes), Uint8Array.of(...body, 0)), isProtocolError);
    }),
    { numRuns: 300 },
  );
});

Deno.test("G11 random bodies are decoded or refused, and nothing else happens", () => {
  const codes = fc.constantFrom(...Object.values(MESSAGE_CODES), 0x0014, 0x8000, 0xffff);
  fc.assert(
    fc.property(codes, fc.uint8Array({ maxLength: 200 }), (code, body) => {
      try {
        decodeBody(code, body);
      } catch (error) {
        assert.ok(isProtocolError(error), String(error));
      }
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("G11 a changed byte is refused or means a message that is written just so", () => {
  fc.assert(
    fc.property(messages, fc.nat(), fc.nat({ max: 255 }), (message, place, value) => {
      const bytes = encode(message);
      if (bytes.length === HEADER) return;
      bytes[HEADER + place % (bytes.length - HEADER)] = value;
      let changed;
      try {
        changed = decodeBody(codeOf(bytes), bytes.subarray(HEADER));
      } catch (error) {
        assert.ok(isProtocolError(error), String(error));
        return;
      }
      assert.ok(changed !== undefined);
      assert.deepEqual(encode(changed), bytes);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("an offer says in its extra that it is text, and what is not known there is files", () => {
  const offer = { type: "offer", transfer: 1, host: "h", name: "n", totalSize: 5, lanes: 1 } as const;
  const decoded = (bytes: Uint8Array) => decodeBody(codeOf(bytes), bytes.subarray(HEADER));
  const text = encode({ ...offer, content: "text" });
  assert.deepEqual(decoded(text), { ...offer, content: "text" });
  const body = (...extra: readonly number[]) => {
    const plain = encode(offer);
    return Uint8Array.of(...plain.subarray(0, -2), extra.length & 255, extra.length >> 8, ...extra);
  };
  assert.deepEqual(body(1).subarray(HEADER), text.subarray(HEADER));
  assert.deepEqual(decoded(body(1, 7, 7)), { ...offer, content: "text" });
  for (const extra of [[], [0], [2], [7, 1]]) assert.deepEqual(decoded(body(...extra)), offer);
});

Deno.test("a list that states items without sending them is refused", () => {
  for (const type of ["need", "verified", "seal", "committed"] as const) {
    for (const count of [0, 1, 1400, 0xffff]) {
      const body = Uint8Array.of(count & 255, count >> 8);
      assert.throws(() => decodeBody(MESSAGE_CODES[type], body), isProtocolError, `${count} in ${type}`);
    }
  }
});

Deno.test("the longest list of each kind fits a body, and one item more is refused on both sides", () => {
  const run = { first: 0, count: 1 };
  const needed: NeedItem = { what: "blocks", entry: 0, ...run };
  const verifiedRun: VerifiedItem = { what: "all", entry: 0, entries: 1 };
  const sealed = { entry: 0, size: 0, root: new Uint8Array(32) };
  const lists: { most: number; list: (count: number) => Message }[] = [
    { most: limits.MAX_NEED_ITEMS, list: (count) => ({ type: "need", items: repeat(needed, count) }) },
    {
      most: limits.MAX_HELD_VALUES,
      list: (count) => ({ type: "held", entry: 0, first: 0, values: new Uint8Array(32 * count) }),
    },
    {
      most: limits.MAX_VERIFIED_ITEMS,
      list: (count) => ({ type: "verified", items: repeat(verifiedRun, count) }),
    },
    { most: limits.MAX_SEAL_ITEMS, list: (count) => ({ type: "seal", items: repeat(sealed, count) }) },
    { most: limits.MAX_COMMITTED_RUNS, list: (count) => ({ type: "committed", runs: repeat(run, count) }) },
  ];
  for (const { most, list } of lists) {
    const longest = encode(list(most));
    const type = list(most).type;
    assert.deepEqual(decodeBody(codeOf(longest), longest.subarray(HEADER)), list(most), type);
    assert.throws(() => encode(list(most + 1)), isInternalError, type);
    assert.throws(() => decodeBody(codeOf(longest), oneMore(type, longest.subarray(HEADER))), isProtocolError, type);
  }
});

Deno.test("nothing out of its limits is ever sent", () => {
  for (const message of overLimit()) {
    assert.throws(() => encode(message), isInternalError, JSON.stringify(message).slice(0, 200));
  }
});

Deno.test("A9 an unknown message is skipped unless it is critical, and types are compared whole", () => {
  assert.equal(decodeBody(0x0014, Uint8Array.of(1, 2, 3)), undefined);
  assert.throws(() => decodeBody(0x8fff, new Uint8Array()), isProtocolError);
  assert.throws(() => decodeBody(0x801e, new Uint8Array()), isProtocolError);
  assert.deepEqual(decodeBody(0x001e, new Uint8Array()), { type: "heartbeat" });
});

Deno.test("A9 unknown features and versions of a hello are told, not judged", () => {
  const bytes = encode({ ...hello, versions: [999, 1], features: ["warp", "zstd"] });
  const message = decodeBody(codeOf(bytes), bytes.subarray(HEADER));
  assert.deepEqual(message, { ...hello, versions: [999, 1], features: ["warp", "zstd"] });
});

Deno.test("A9 what a later version adds in extra is ignored", () => {
  for (
    const message of [hello, { ...listenerHello }, accept, offer, request, report, leftOut, phase] satisfies Message[]
  ) {
    const bytes = encode(message);
    // (What this version itself says there comes first.)
    const known = message.type === "report" ? 8 * LATER_REPORT_FIELDS.length : 0;
    const body = bytes.subarray(HEADER, -2 - known);
    const extra = new Uint8Array(limits.MAX_EXTRA).fill(0xff);
    extra.set(bytes.subarray(bytes.length - known));
    const extended = Uint8Array.of(...body, extra.length & 255, extra.length >> 8, ...extra);
    assert.deepEqual(decodeBody(codeOf(bytes), extended), message);
    const tooLong = Uint8Array.of(...body, 0x01, 0x04, ...extra, 0);
    assert.throws(() => decodeBody(codeOf(bytes), tooLong), isProtocolError);
  }
});

Deno.test("A4 sizes from 2^53 on are refused, 2^53 - 1 is taken", () => {
  const pagesEnd = (size: bigint) => {
    const body = new Uint8Array(12);
    new DataView(body.buffer).setBigUint64(4, size, true);
    return decodeBody(MESSAGE_CODES["pages-end"], body);
  };
  assert.deepEqual(pagesEnd(2n ** 53n - 1n), { type: "pages-end", entries: 0, bytes: 2 ** 53 - 1 });
  for (const size of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    assert.throws(() => pagesEnd(size), isProtocolError, String(size));
  }
});

Deno.test("I9 only hellos and proofs are flights before proof", () => {
  const types = Object.keys(MESSAGE_CODES) as MessageType[];
  const before = types.filter((type) => isHandshake({ type } as Message));
  assert.deepEqual(before, ["dialer-hello", "listener-hello", "proof"]);
});

Deno.test("the largest hello and proof fit what a peer may send before proof", () => {
  const largest = encode({
    ...hello,
    versions: repeat(1, limits.MAX_VERSIONS),
    features: repeat("f".repeat(limits.MAX_FEATURE_BYTES), limits.MAX_FEATURES),
    secretData: new Uint8Array(limits.MAX_SECRET_DATA),
  });
  const proof = encode({ type: "proof", proof: new Uint8Array(32) });
  assert.ok(largest.length + limits.MAX_EXTRA + proof.length <= limits.MAX_BYTES_BEFORE_PROOF);
});

Deno.test("every message has its own code, and all but those on which nothing depends are critical", () => {
  const types = Object.keys(MESSAGE_CODES) as MessageType[];
  for (const type of types) assert.equal(messageTypeOf(MESSAGE_CODES[type]), type);
  assert.deepEqual(types.filter((type) => !isCritical(MESSAGE_CODES[type])), ["heartbeat", "report", "left-out"]);
});

Deno.test("kinds of failure are the exit codes 1, 2 and 4 to 9", () => {
  assert.deepEqual(Object.values(EXIT_CODES), [1, 2, 4, 5, 6, 7, 8, 9]);
});

const hello: DialerHello = {
  type: "dialer-hello",
  versions: [1],
  features: [],
  maxBody: limits.MAX_BODY,
  maxLanes: 8,
  nonce: new Uint8Array(32),
  purpose: "new",
  direction: "dialer-sends",
  secretKind: "token",
  secretId: new Uint8Array(8),
  secretData: new Uint8Array(),
};

const listenerHello: Message = {
  type: "listener-hello",
  versions: [1],
  features: [],
  maxBody: limits.MAX_BODY,
  maxLanes: 8,
  nonce: new Uint8Array(32),
  chosen: 1,
};

const request: Message = { type: "request", what: "paths", paths: ["a"] };

const offer: Message = { type: "offer", transfer: 1, host: "a", name: "b", totalSize: 5, lanes: 8 };

const phase: Message = {
  type: "test-phase",
  sender: "listener",
  from: "disk",
  to: "memory",
  size: 5,
  isProbe: false,
  isLast: true,
};

const leftOut: LeftOutMessage = {
  type: "left-out",
  counts: [{ reason: 8, count: 1200 }],
  names: [{ reason: 8, path: "a" }],
};

const report: Message = { type: "report", numbers: reportOf(() => 1) };

const accept: Message = { type: "accept", transfer: 1, host: "a", lanes: 8 };

function codeOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true);
}

function repeat<Item>(item: Item, count: number): Item[] {
  return new Array<Item>(count).fill(item);
}

/** The body of a list with its last item twice and its count raised by one. */
function oneMore(type: Message["type"], body: Uint8Array): Uint8Array {
  const countAt = type === "held" ? 12 : 0;
  const itemLen = { need: 25, held: 32, verified: 24, seal: 44, committed: 8 }[type as "need"];
  const longer = Uint8Array.of(...body, ...body.subarray(-itemLen));
  const view = new DataView(longer.buffer);
  view.setUint16(countAt, view.getUint16(countAt, true) + 1, true);
  return longer;
}

/** Messages that each break one limit. */
function overLimit(): Message[] {
  const { MAX_BLOCKS, MAX_ENTRIES } = limits;
  const needed = (item: NeedItem): Message => ({ type: "need", items: [item] });
  const verified = (item: VerifiedItem): Message => ({ type: "verified", items: [item] });
  const verifiedBlocks = (entry: number, first: number, count: number): Message =>
    verified({ what: "blocks", entry, first, count });
  const committed = (first: number, count: number): Message => ({ type: "committed", runs: [{ first, count }] });
  const abort = (text: string): Message => ({ type: "abort", kind: "internal", text });
  const page = (first: number, count: number, length: number): Message => ({
    type: "page",
    first,
    count,
    entries: new Uint8Array(length),
  });
  const root = new Uint8Array(32);
  return [
    { ...hello, versions: [] },
    { ...hello, versions: repeat(1, 17) },
    { ...hello, versions: [0x1_0000] },
    { ...hello, features: repeat("a", 33) },
    ...["", "A", "ä", "a b", "a".repeat(33)].map((feature) => ({ ...hello, features: [feature] })),
    { ...hello, maxBody: 2 ** 32 },
    { ...hello, maxLanes: 2 ** 16 },
    { ...hello, nonce: new Uint8Array(31) },
    { ...hello, secretId: new Uint8Array(9) },
    { ...hello, secretData: new Uint8Array(1025) },
    { ...hello, purpose: "steal" as "new" },
    { type: "proof", proof: new Uint8Array(33) },
    { type: "request", what: "everything" as "list", paths: [] },
    { type: "request", what: "paths", paths: repeat("a", limits.MAX_REQUEST_PATHS + 1) },
    ...["", "x".repeat(4097)].map((path): Message => ({ type: "request", what: "paths", paths: [path] })),
    ...[0, -1, 0.5, limits.TRANSFER_LIMIT].flatMap((transfer): Message[] => [
      { ...offer, transfer } as Message,
      { ...accept, transfer } as Message,
      { type: "position", transfer, entries: 0, end: false },
    ]),
    { ...offer, host: "h".repeat(256) } as Message,
    { ...offer, name: "n".repeat(1025) } as Message,
    ...[-1, 0.5, NaN, 2 ** 53].map((totalSize): Message => ({ ...offer, totalSize } as Message)),
    { ...accept, lanes: 0 } as Message,
    { ...accept, lanes: 257 } as Message,
    page(0, 0, 50),
    page(0, 2 ** 16, 50),
    page(MAX_ENTRIES, 1, 50),
    page(MAX_ENTRIES - 1, 2, 50),
    page(0, 1, limits.MAX_BODY - 5),
    { type: "pages-end", entries: MAX_ENTRIES + 1, bytes: 0 },
    { type: "pages-end", entries: 0, bytes: 2 ** 53 },
    { type: "need", items: [] },
    needed({ what: "all", entry: 0, entries: 0 }),
    needed({ what: "all", entry: MAX_ENTRIES - 1, entries: 2 }),
    needed({ what: "blocks", entry: MAX_ENTRIES, first: 0, count: 1 }),
    needed({ what: "blocks", entry: 0, first: 0, count: 0 }),
    { type: "held", entry: 0, first: 0, values: new Uint8Array() },
    { type: "held", entry: 0, first: 0, values: new Uint8Array(33) },
    { type: "held", entry: 0, first: MAX_BLOCKS - 1, values: new Uint8Array(64) },
    { type: "verified", items: [] },
    verifiedBlocks(MAX_ENTRIES, 0, 1),
    verifiedBlocks(0, MAX_BLOCKS, 1),
    verifiedBlocks(0, MAX_BLOCKS - 1, 2),
    verifiedBlocks(0, 0, 0),
    verified({ what: "all", entry: 0, entries: 0 }),
    verified({ what: "all", entry: MAX_ENTRIES - 1, entries: 2 }),
    { type: "seal", items: [] },
    { type: "seal", items: [{ entry: 0, size: 2 ** 53, root }] },
    { type: "seal", items: [{ entry: 0, size: 0, root: new Uint8Array(31) }] },
    { type: "committed", runs: [] },
    committed(0, 0),
    committed(MAX_ENTRIES, 1),
    committed(1, MAX_ENTRIES),
    { type: "failed", entry: MAX_ENTRIES, kind: "disk", text: "" },
    abort("t".repeat(801)),
    abort("é".repeat(401)),
    abort("\ud800"),
    { type: "done", transferRoot: root, committed: MAX_ENTRIES + 1, present: 0, skipped: 0, failed: 0 },
    { type: "position", transfer: 1, entries: MAX_ENTRIES + 1, end: false },
    { type: "want-connections", connections: 0 },
    { type: "want-connections", connections: 257 },
    { ...leftOut, counts: [] },
    { ...leftOut, counts: [{ reason: 8, count: 0 }] },
    { ...leftOut, counts: [{ reason: 8, count: 2 ** 32 }] },
    { ...leftOut, counts: repeat({ reason: 8, count: 1 }, limits.MAX_LEFT_OUT_COUNTS + 1) },
    { ...leftOut, names: repeat({ reason: 8, path: "" }, limits.MAX_LEFT_OUT_NAMES + 1) },
    { ...leftOut, names: [{ reason: 8, path: "a".repeat(801) }] },
    ...[0, -1, 0.5, limits.MAX_TEST_BYTES + 1].map((size): Message => ({ ...phase, size } as Message)),
    { ...phase, sender: "nobody" as "dialer" } as Message,
    { ...phase, to: "printer" as "disk" } as Message,
    ...ALL_REPORT_FIELDS.flatMap((field) =>
      [-1, 0.5, NaN, mostOf(field) + 1].map((value): Message => ({
        type: "report",
        numbers: reportOf((other) => other === field ? value : 0),
      }))
    ),
  ];
}
