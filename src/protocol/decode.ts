/**
 * Bytes into control messages; `encode.ts` is the other direction, `docs/protocol.md` the specification of both.
 *
 * Whatever breaks the specification is an `UltraError` of kind `protocol`; no input allocates more than a message of
 * the largest size. The fields of the object literals below stand in the order of the wire: they are evaluated, and so
 * read, in that order.
 *
 * @module
 */

import { type ErrorKind, UltraError } from "../base/errors.ts";
import { Reader } from "./bytes.ts";
import {
  DIRECTIONS,
  errorKindOf,
  isCritical,
  type MessageType,
  messageTypeOf,
  NEEDS,
  OFFERED_TEXT,
  PURPOSES,
  REQUESTS,
  SECRET_KINDS,
  TEST_PLACES,
  TEST_SIDES,
} from "./codes.ts";
import { Collector } from "./collector.ts";
import * as limits from "./limits.ts";
import type {
  BlockRun,
  DialerHello,
  EntryId,
  EntryRun,
  Held,
  LeftOutMessage,
  ListenerHello,
  Message,
  NeedItem,
  Offer,
  PageMessage,
  Request,
  SealItem,
  VerifiedItem,
} from "./messages.ts";
import {
  LATER_REPORT_FIELDS,
  mostOf,
  REPORT_FIELDS,
  type ReportField,
  type ReportNumbers,
  reportOf,
} from "./report.ts";

/** One message of a stream. */
export interface Decoded {
  /** The `u16` that it came with. */
  readonly code: number;
  /** `undefined` for a message of a later version that may be skipped. */
  readonly message: Message | undefined;
  /** The whole message as it came, header included: what enters the transcript. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Decodes the body of a message.
 *
 * @param code the `u16` type, critical bit included
 * @returns the message, its byte fields being views of `body`; `undefined` for an unknown one that is not critical
 * @throws {UltraError} `protocol` when the body breaks the specification or the message is unknown and critical
 */
export function decodeBody(code: number, body: Uint8Array): Message | undefined {
  const type = messageTypeOf(code);
  if (type === undefined) {
    checkSkippable(code);
    return undefined;
  }
  const reader = new Reader(body, `a message "${type}"`);
  const message = readBody(type, reader);
  reader.end();
  return message;
}

/**
 * Splits the control stream into messages.
 *
 * Push a chunk, then take messages until there is none; only then may the chunk's memory be used again. One message is
 * buffered at most. After an error the stream is lost: every later call throws it again.
 */
export class MessageReader {
  #collector = new Collector();
  #maxBody: number;
  #error: unknown;

  /** @param maxBody longest body to take: what the own hello states, less before the peer's proof */
  constructor(maxBody: number = limits.MAX_BODY) {
    this.#maxBody = maxBody;
  }

  /** Changes the longest body to take, from the next message on. */
  setMaxBody(maxBody: number): void {
    this.#maxBody = maxBody;
  }

  /** Lends the next bytes of the stream. */
  push(bytes: Uint8Array): void {
    if (this.#error !== undefined) throw this.#error;
    this.#collector.push(bytes);
  }

  /**
   * The next message, or `undefined` until more bytes are pushed.
   *
   * @throws {UltraError} `protocol`; one too long or not known is refused before room is made for its body
   */
  next(): Decoded | undefined {
    if (this.#error !== undefined) throw this.#error;
    try {
      return this.#next();
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }

  /** The messages that are complete. Stopping early loses nothing: the next call goes on. */
  *[Symbol.iterator](): Generator<Decoded, void, undefined> {
    for (let decoded = this.next(); decoded !== undefined; decoded = this.next()) yield decoded;
  }

  /** To be called when the stream has ended: it may end only between messages. */
  end(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#collector.begun) {
      throw new UltraError("protocol", "The peer ended the control stream inside a message");
    }
  }

  #next(): Decoded | undefined {
    const header = this.#collector.collect(limits.MESSAGE_HEADER_LEN);
    if (header === undefined) return undefined;
    const reader = new Reader(header, "a message header");
    const code = reader.u16("type");
    const length = reader.u32("length of the body", 0, Math.min(this.#maxBody, limits.MAX_BODY));
    if (messageTypeOf(code) === undefined) checkSkippable(code);
    const bytes = this.#collector.collect(limits.MESSAGE_HEADER_LEN + length);
    if (bytes === undefined) return undefined;
    this.#collector.next();
    return { code, message: decodeBody(code, bytes.subarray(limits.MESSAGE_HEADER_LEN)), bytes };
  }
}

/** Refuses an unknown message that its sender marked as essential. */
function checkSkippable(code: number): void {
  if (!isCritical(code)) return;
  const shown = "0x" + code.toString(16).padStart(4, "0");
  throw new UltraError(
    "protocol",
    `The peer sent a message of type ${shown}, which this version of ultra does not know`,
  );
}

function readBody(type: MessageType, reader: Reader): Message {
  switch (type) {
    case "dialer-hello":
      return readDialerHello(reader);
    case "listener-hello":
      return readListenerHello(reader);
    case "proof":
      return { type, proof: reader.bytes(limits.HASH_LEN) };
    case "request":
      return readRequest(reader);
    case "offer":
      return readOffer(reader);
    case "accept":
      return withExtra(reader, {
        type,
        transfer: readTransfer(reader),
        host: reader.string("host label", limits.MAX_HOST_BYTES),
        lanes: reader.u16("number of lanes", 1, limits.MAX_LANES),
      });
    case "page":
      return readPage(reader);
    case "pages-end":
      return { type, entries: readCount(reader), bytes: reader.u64("bytes of all files") };
    case "need":
      return { type, items: readItems(reader, limits.MAX_NEED_ITEMS, readNeedItem) };
    case "held":
      return readHeld(reader);
    case "verified":
      return { type, items: readItems(reader, limits.MAX_VERIFIED_ITEMS, readVerifiedItem) };
    case "seal":
      return { type, items: readItems(reader, limits.MAX_SEAL_ITEMS, readSealItem) };
    case "committed":
      return { type, runs: readItems(reader, limits.MAX_COMMITTED_RUNS, readEntryRun) };
    case "fail":
    case "failed":
      return { type, entry: readEntry(reader), kind: readErrorKind(reader), text: readText(reader) };
    case "done":
      return {
        type,
        transferRoot: reader.bytes(limits.HASH_LEN),
        committed: readCount(reader),
        present: readCount(reader),
        skipped: readCount(reader),
        failed: readCount(reader),
      };
    case "abort":
      return { type, kind: readErrorKind(reader), text: readText(reader) };
    case "position":
      return {
        type,
        transfer: readTransfer(reader),
        entries: readCount(reader),
        end: reader.u8("end", 0, 1) === 1,
      };
    case "want-connections":
      return { type, connections: reader.u16("number of connections", 1, limits.MAX_CONNECTIONS) };
    case "report":
      return { type, numbers: readReport(reader) };
    case "left-out":
      return readLeftOut(reader);
    case "test-phase":
      return withExtra(reader, {
        type,
        sender: reader.word("sender", TEST_SIDES),
        from: reader.word("source", TEST_PLACES),
        to: reader.word("target", TEST_PLACES),
        size: reader.u64("bytes of a phase", 1, limits.MAX_TEST_BYTES),
        isProbe: reader.u8("probe", 0, 1) === 1,
        isLast: reader.u8("last", 0, 1) === 1,
      });
    case "bye":
    case "heartbeat":
      return { type };
  }
}

function readDialerHello(reader: Reader): DialerHello {
  readMagic(reader);
  return withExtra(reader, {
    type: "dialer-hello",
    versions: readVersions(reader),
    features: readFeatures(reader),
    ...readHelloLimits(reader),
    purpose: reader.word("purpose", PURPOSES),
    direction: reader.word("direction", DIRECTIONS),
    secretKind: reader.word("secret kind", SECRET_KINDS),
    secretId: reader.bytes(limits.SECRET_ID_LEN),
    secretData: reader.sized("secret data", limits.MAX_SECRET_DATA),
  });
}

function readListenerHello(reader: Reader): ListenerHello {
  readMagic(reader);
  return withExtra(reader, {
    type: "listener-hello",
    versions: readVersions(reader),
    chosen: reader.u16("chosen version"),
    features: readFeatures(reader),
    ...readHelloLimits(reader),
  });
}

function readMagic(reader: Reader): void {
  const magic = String.fromCharCode(...reader.bytes(limits.HELLO_MAGIC.length));
  if (magic !== limits.HELLO_MAGIC) throw reader.fault("another protocol's beginning");
}

function readVersions(reader: Reader): number[] {
  const count = reader.u8("number of versions", 1, limits.MAX_VERSIONS);
  return Array.from({ length: count }, () => reader.u16("version"));
}

function readFeatures(reader: Reader): string[] {
  const count = reader.u8("number of features", 0, limits.MAX_FEATURES);
  return Array.from({ length: count }, () => {
    const bytes = reader.bytes(reader.u8("length of a feature name", 1, limits.MAX_FEATURE_BYTES));
    const feature = String.fromCharCode(...bytes);
    if (!/^[a-z0-9-]+$/.test(feature)) throw reader.fault("a feature name of other characters than a-z, 0-9 and -");
    return feature;
  });
}

function readHelloLimits(reader: Reader): Pick<DialerHello, "maxBody" | "maxLanes" | "nonce"> {
  return {
    maxBody: reader.u32("longest body"),
    maxLanes: reader.u16("most lanes"),
    nonce: reader.bytes(limits.HASH_LEN),
  };
}

function readReport(reader: Reader): ReportNumbers {
  const numbers = new Map<ReportField, number>();
  for (const field of REPORT_FIELDS) numbers.set(field, reader.u64(field, 0, mostOf(field)));
  const extra = new Reader(reader.sized("extra", limits.MAX_EXTRA), "a report");
  for (const field of LATER_REPORT_FIELDS) {
    if (extra.remaining < 8) break;
    numbers.set(field, extra.u64(field, 0, mostOf(field)));
  }
  return reportOf((field) => numbers.get(field) ?? 0);
}

/** Skips the `extra` at the end of a message: later versions may have something to say there. */
function withExtra<Extended>(reader: Reader, message: Extended): Extended {
  reader.sized("extra", limits.MAX_EXTRA);
  return message;
}

function readOffer(reader: Reader): Offer {
  const offer: Offer = {
    type: "offer",
    transfer: readTransfer(reader),
    host: reader.string("host label", limits.MAX_HOST_BYTES),
    name: reader.string("transfer name", limits.MAX_TRANSFER_NAME_BYTES),
    totalSize: reader.u64OrUnknown("total size"),
    lanes: reader.u16("number of lanes"),
  };
  // What later versions may have to say there comes behind it, or in place of it: then it is files to this one.
  const [content] = reader.sized("extra", limits.MAX_EXTRA);
  return content === OFFERED_TEXT ? { ...offer, content: "text" } : offer;
}

function readPage(reader: Reader): PageMessage {
  const first = reader.u32("first entry", 0, limits.MAX_ENTRIES - 1);
  const count = reader.u16("number of entries", 1, limits.MAX_ENTRIES - first);
  return { type: "page", first, count, entries: reader.rest() };
}

function readNeedItem(reader: Reader): NeedItem {
  const what = reader.word("need", NEEDS);
  const entry = readEntry(reader);
  if (what !== "blocks") {
    const entries = reader.u32("number of entries", 1, limits.MAX_ENTRIES - entry);
    reader.u64("first block of whole entries", 0, 0);
    reader.u64("number of blocks of whole entries", 0, 0);
    return { what, entry, entries };
  }
  reader.u32("number of entries of a need for blocks", 1, 1);
  return { what, entry, ...readBlocks(reader) };
}

/** Blocks of 0 stand for all blocks of each of its entries. */
function readVerifiedItem(reader: Reader): VerifiedItem {
  const entry = readEntry(reader);
  const entries = reader.u32("number of entries", 1, limits.MAX_ENTRIES - entry);
  const first = reader.u64("first block", 0, limits.MAX_BLOCKS - 1);
  const count = reader.u64("number of blocks", 0, limits.MAX_BLOCKS - first);
  if (count > 0) {
    if (entries > 1) throw reader.fault("blocks of more than one entry");
    return { what: "blocks", entry, first, count };
  }
  if (first > 0) throw reader.fault("a run of no blocks");
  return { what: "all", entry, entries };
}

function readTransfer(reader: Reader): number {
  return reader.u32("number of the transfer", 1, limits.TRANSFER_LIMIT - 1);
}

function readRequest(reader: Reader): Request {
  const what = reader.word("request", REQUESTS);
  const paths: string[] = [];
  for (let left = reader.u16("number of paths", 0, limits.MAX_REQUEST_PATHS); left > 0; left--) {
    paths.push(reader.string("path", limits.MAX_PATH_BYTES, 1));
  }
  return withExtra(reader, { type: "request", what, paths });
}

function readHeld(reader: Reader): Held {
  const entry = readEntry(reader);
  const first = reader.u64("first block", 0, limits.MAX_BLOCKS - 1);
  const count = reader.u16("number of values", 1, Math.min(limits.MAX_HELD_VALUES, limits.MAX_BLOCKS - first));
  return { type: "held", entry, first, values: reader.bytes(count * limits.HASH_LEN) };
}

function readLeftOut(reader: Reader): LeftOutMessage {
  const counts = Array.from({ length: reader.u8("number of counts", 1, limits.MAX_LEFT_OUT_COUNTS) }, () => ({
    reason: reader.u8("reason"),
    count: reader.u32("count of what is left out", 1),
  }));
  const names = Array.from({ length: reader.u8("number of names", 0, limits.MAX_LEFT_OUT_NAMES) }, () => ({
    reason: reader.u8("reason"),
    path: reader.string("name", limits.MAX_TEXT_BYTES),
  }));
  return withExtra(reader, { type: "left-out", counts, names });
}

function readBlocks(reader: Reader): Pick<BlockRun, "first" | "count"> {
  const first = reader.u64("first block", 0, limits.MAX_BLOCKS - 1);
  return { first, count: reader.u64("number of blocks", 1, limits.MAX_BLOCKS - first) };
}

function readSealItem(reader: Reader): SealItem {
  return { entry: readEntry(reader), size: reader.u64("size"), root: reader.bytes(limits.HASH_LEN) };
}

function readEntryRun(reader: Reader): EntryRun {
  const first = readEntry(reader);
  return { first, count: reader.u32("number of entries", 1, limits.MAX_ENTRIES - first) };
}

/** A list with its `u16` count; one item is read after the other, so that a count without items allocates nothing. */
function readItems<Item>(reader: Reader, max: number, readItem: (reader: Reader) => Item): Item[] {
  const items: Item[] = [];
  for (let left = reader.u16("number of items", 1, max); left > 0; left--) items.push(readItem(reader));
  return items;
}

function readEntry(reader: Reader): EntryId {
  return reader.u32("entry", 0, limits.MAX_ENTRIES - 1);
}

function readCount(reader: Reader): number {
  return reader.u32("number of entries", 0, limits.MAX_ENTRIES);
}

function readErrorKind(reader: Reader): ErrorKind {
  const kind = errorKindOf(reader.u8("kind of failure"));
  if (kind === undefined) throw reader.fault("an unknown kind of failure");
  return kind;
}

function readText(reader: Reader): string {
  return reader.string("text", limits.MAX_TEXT_BYTES);
}
