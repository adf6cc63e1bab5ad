/** What the tests of the protocol share: random messages, hex, and what an error must be. @module */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { type ErrorKind, UltraError } from "../../src/base/errors.ts";
import { EXIT_CODES } from "../../src/protocol/codes.ts";
import * as limits from "../../src/protocol/limits.ts";
import type { BlockRun, Entry, EntryRun, Message, NeedItem, VerifiedItem } from "../../src/protocol/messages.ts";
import { encodePage } from "../../src/protocol/pages.ts";
import { ALL_REPORT_FIELDS, mostOf, type ReportField, type ReportNumbers } from "../../src/protocol/report.ts";

/** For `assert.throws`: whatever else is thrown is a bug. */
export const isProtocolError = (error: unknown) => error instanceof UltraError && error.kind === "protocol";

/** For `assert.throws`: ultra refuses to send something. */
export const isInternalError = (error: unknown) => error instanceof UltraError && error.kind === "internal";

/** An item of a file in `tests/vectors`. */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly error?: true;
  /** Bytes of a later version: they decode, but this version does not write them. */
  readonly extended?: true;
}

/** @param file of `tests/vectors`; those of version 1 are in `ultra-1/` */
export function readVectors<Fields>(file: string): (Vector & Fields)[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), "utf8"));
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Cuts bytes into chunks at arbitrary places. */
export function* split(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    yield bytes.subarray(from, to);
    from = to;
  }
}

/** `fc.record` whose values have the prototype of ordinary objects, as `assert.deepEqual` compares it. */
export function record<Value>(model: { [Key in keyof Value]: fc.Arbitrary<Value[Key]> }): fc.Arbitrary<Value> {
  return fc.record<Value>(model, { noNullPrototype: true });
}

export const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** Strings of all planes, cut to what fits; `fc` makes no lone surrogates here. */
export const stringUpTo = (maxBytes: number) => fc.string({ unit: "binary", maxLength: Math.floor(maxBytes / 4) });

export const sizes = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  fc.maxSafeNat(),
);

const u8s = fc.nat({ max: 0xff });
const u16s = fc.nat({ max: 0xffff });
const entryIds = fc.nat({ max: limits.MAX_ENTRIES - 1 });
const counts = fc.nat({ max: limits.MAX_ENTRIES });
const transfers = fc.integer({ min: 1, max: limits.TRANSFER_LIMIT - 1 });
const errorKinds = fc.constantFrom(...Object.keys(EXIT_CODES) as ErrorKind[]);
const texts = stringUpTo(limits.MAX_TEXT_BYTES);

export const entryRuns: fc.Arbitrary<EntryRun> = entryIds.chain((first) =>
  record({ first: fc.constant(first), count: fc.integer({ min: 1, max: limits.MAX_ENTRIES - first }) })
);

export const blockRuns: fc.Arbitrary<BlockRun> = fc.nat({ max: limits.MAX_BLOCKS - 1 }).chain((first) =>
  record({
    entry: entryIds,
    first: fc.constant(first),
    count: fc.integer({ min: 1, max: limits.MAX_BLOCKS - first }),
  })
);

export const needItems: fc.Arbitrary<NeedItem> = fc.oneof(
  fc.tuple(fc.constantFrom("all" as const, "present" as const, "skipped" as const), entryRuns).map((
    [what, run],
  ) => ({ what, entry: run.first, entries: run.count })),
  blockRuns.map((run) => ({ what: "blocks" as const, ...run })),
);

export const verifiedItems: fc.Arbitrary<VerifiedItem> = fc.oneof(
  entryRuns.map((run) => ({ what: "all" as const, entry: run.first, entries: run.count })),
  blockRuns.map((run) => ({ what: "blocks" as const, ...run })),
);

/** What all kinds of entries have; {@linkcode entries} adds what is their own. */
const someEntry = record({
  mode: fc.nat({ max: limits.MAX_MODE }),
  mtimeSeconds: fc.maxSafeInteger(),
  mtimeNanos: fc.nat({ max: limits.NANOS_LIMIT - 1 }),
  fingerprint: bytesOf(limits.FINGERPRINT_LEN),
  path: fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
});

const fileSizes = fc.oneof(
  fc.constant({ size: undefined, dataBytes: 0 }),
  fc.tuple(sizes, fc.double({ min: 0, max: 1, noNaN: true })).map(([size, share]) => ({
    size,
    dataBytes: Math.min(size, Math.floor(size * share)),
  })),
);

const targets = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).map((target) =>
  target.replaceAll("\0", "0")
);

/** Files and folders: entries without an extension. */
const plainEntries: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(someEntry, fileSizes).map(([entry, known]) => ({ kind: "file" as const, ...entry, ...known })),
  someEntry.map((entry) => ({ kind: "folder" as const, size: 0, dataBytes: 0, ...entry })),
);

/** Entries of all kinds. Hard links lead to an entry below `first`, and are made only where there is one. */
export function entriesFrom(first: number): fc.Arbitrary<Entry> {
  const nothing = { size: 0, dataBytes: 0 };
  const links = fc.tuple(someEntry, targets).map(([entry, target]) => ({
    kind: "link" as const,
    ...nothing,
    ...entry,
    target,
  }));
  const hardLinks = fc.tuple(someEntry, fc.nat({ max: Math.max(0, first - 1) })).map(([entry, linkedTo]) => ({
    kind: "hardlink" as const,
    ...nothing,
    ...entry,
    linkedTo,
  }));
  return first === 0 ? fc.oneof(plainEntries, links) : fc.oneof(plainEntries, links, hardLinks);
}

const hello = {
  versions: fc.array(u16s, { minLength: 1, maxLength: limits.MAX_VERSIONS }),
  features: fc.array(fc.stringMatching(/^[a-z0-9-]{1,32}$/), { maxLength: limits.MAX_FEATURES }),
  maxBody: fc.nat({ max: 0xffff_ffff }),
  maxLanes: u16s,
  nonce: bytesOf(32),
};

/** Any numbers that a peer may state, whether they fit each other or not. */
export const reports: fc.Arbitrary<ReportNumbers> = record(
  Object.fromEntries(ALL_REPORT_FIELDS.map((field) => [
    field,
    fc.oneof(fc.constantFrom(0, 1, mostOf(field)), fc.nat({ max: mostOf(field) })),
  ])) as { [Field in ReportField]: fc.Arbitrary<number> },
);

/** One arbitrary for each type of message, so that none is forgotten: the type of the table sees to it. */
export const messagesByType: Readonly<Record<Message["type"], fc.Arbitrary<Message>>> = {
  "dialer-hello": record({
    type: fc.constant("dialer-hello" as const),
    ...hello,
    purpose: fc.constantFrom("new" as const, "add" as const, "replace" as const),
    direction: fc.constantFrom("dialer-sends" as const, "dialer-receives" as const, "test" as const),
    secretKind: fc.constantFrom("token" as const, "session" as const, "code" as const),
    secretId: bytesOf(8),
    secretData: fc.uint8Array({ maxLength: limits.MAX_SECRET_DATA }),
  }),
  "listener-hello": record({ type: fc.constant("listener-hello" as const), ...hello, chosen: u16s }),
  "proof": record({ type: fc.constant("proof" as const), proof: bytesOf(32) }),
  "request": record({
    type: fc.constant("request" as const),
    what: fc.constantFrom("paths" as const, "list" as const),
    paths: fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), { maxLength: 20 }),
  }),
  "offer": record({
    type: fc.constant("offer" as const),
    transfer: transfers,
    host: stringUpTo(limits.MAX_HOST_BYTES),
    name: stringUpTo(limits.MAX_TRANSFER_NAME_BYTES),
    totalSize: fc.option(sizes, { nil: undefined }),
    lanes: u16s,
  }),
  "accept": record({
    type: fc.constant("accept" as const),
    transfer: transfers,
    host: stringUpTo(limits.MAX_HOST_BYTES),
    lanes: fc.integer({ min: 1, max: limits.MAX_LANES }),
  }),
  "page": fc.nat({ max: limits.MAX_ENTRIES - 20 }).chain((first) =>
    fc.array(entriesFrom(first), { minLength: 1, maxLength: 20 }).map((list) => encodePage(first, list))
  ),
  "pages-end": record({ type: fc.constant("pages-end" as const), entries: counts, bytes: sizes }),
  "need": record({ type: fc.constant("need" as const), items: fc.array(needItems, { minLength: 1 }) }),
  "held": fc.tuple(entryIds, fc.nat({ max: limits.MAX_BLOCKS - 50 }), fc.integer({ min: 1, max: 50 })).chain((
    [entry, first, count],
  ) => bytesOf(32 * count).map((values) => ({ type: "held" as const, entry, first, values }))),
  "verified": record({ type: fc.constant("verified" as const), items: fc.array(verifiedItems, { minLength: 1 }) }),
  "seal": record({
    type: fc.constant("seal" as const),
    items: fc.array(record({ entry: entryIds, size: sizes, root: bytesOf(32) }), { minLength: 1 }),
  }),
  "fail": failures("fail"),
  "failed": failures("failed"),
  "committed": record({ type: fc.constant("committed" as const), runs: fc.array(entryRuns, { minLength: 1 }) }),
  "done": record({
    type: fc.constant("done" as const),
    transferRoot: bytesOf(32),
    committed: counts,
    present: counts,
    skipped: counts,
    failed: counts,
  }),
  "bye": fc.constant({ type: "bye" as const }),
  "abort": record({ type: fc.constant("abort" as const), kind: errorKinds, text: texts }),
  "heartbeat": fc.constant({ type: "heartbeat" as const }),
  "position": record({
    type: fc.constant("position" as const),
    transfer: transfers,
    entries: counts,
    end: fc.boolean(),
  }),
  "want-connections": record({
    type: fc.constant("want-connections" as const),
    connections: fc.integer({ min: 1, max: limits.MAX_CONNECTIONS }),
  }),
  "test-phase": record({
    type: fc.constant("test-phase" as const),
    sender: fc.constantFrom("dialer" as const, "listener" as const),
    from: fc.constantFrom("memory" as const, "disk" as const),
    to: fc.constantFrom("memory" as const, "disk" as const),
    size: fc.integer({ min: 1, max: limits.MAX_TEST_BYTES }),
    isProbe: fc.boolean(),
    isLast: fc.boolean(),
  }),
  "left-out": record({
    type: fc.constant("left-out" as const),
    counts: fc.array(record({ reason: u8s, count: fc.integer({ min: 1, max: 2 ** 32 - 1 }) }), {
      minLength: 1,
      maxLength: limits.MAX_LEFT_OUT_COUNTS,
    }),
    names: fc.array(record({ reason: u8s, path: texts }), { maxLength: limits.MAX_LEFT_OUT_NAMES }),
  }),
  "report": record({ type: fc.constant("report" as const), numbers: reports }),
};

export const messages: fc.Arbitrary<Message> = fc.oneof(...Object.values(messagesByType));

/** An entry with nothing special, to be changed in one respect. */
export const plainEntry: Entry = {
  kind: "file",
  size: 0,
  dataBytes: 0,
  mode: 0o644,
  mtimeSeconds: 0,
  mtimeNanos: 0,
  fingerprint: new Uint8Array(limits.FINGERPRINT_LEN),
  path: "a",
};

function failures<Type extends "fail" | "failed">(type: Type) {
  return record({
    type: fc.constant(type),
    entry: entryIds,
    kind: errorKinds,
    text: texts,
  });
}
