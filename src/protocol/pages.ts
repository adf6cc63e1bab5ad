/**
 * The entries inside manifest pages: what the walk in Rust emits, and what both machines count.
 *
 * A page is read by a cursor that makes no object for an entry: a million entries are read in a second. The paths here are as they came
 * from the wire; the receiver's data plane and `safe_path.ts` judge them.
 *
 * @module
 */

import { checkRange, encodeUtf8, Reader, refusal, Writer } from "./bytes.ts";
import { ENTRY_KINDS } from "./codes.ts";
import {
  FINGERPRINT_LEN,
  MAX_BODY,
  MAX_ENTRIES,
  MAX_EXTENSION,
  MAX_MODE,
  MAX_PATH_BYTES,
  MAX_TARGET_BYTES,
  NANOS_LIMIT,
} from "./limits.ts";
import type { Entry, EntryId, EntryKind, PageMessage } from "./messages.ts";

/** Flag of a file whose size its source cannot know. */
const SIZE_UNKNOWN = 1;

/** Fields of an entry's extension by their `u8`; others are skipped. */
const EXTENSION_TARGET = 1;
const EXTENSION_LINKED_TO = 2;

/** Bytes of a page's body before its entries: first entry and count. */
const PAGE_HEADER_LEN = 6;

/** Most entries that the `u16` count of a page can state. */
const MAX_COUNT = 0xffff;

/** Reads the entries of a page in their order. Its fields are those of the entry that {@linkcode next} went to. */
export class PageCursor {
  readonly #reader: Reader;
  #left: number;
  #next: EntryId;
  kind: EntryKind = "file";
  /** As in {@linkcode Entry}; likewise below. */
  size: number | undefined = 0;
  dataBytes = 0;
  mode = 0;
  mtimeSeconds = 0;
  mtimeNanos = 0;
  /** The bytes of the page, in which the UTF-8 of the path lies, unchecked. */
  readonly bytes: Uint8Array;
  pathStart = 0;
  pathEnd = 0;
  #fingerprintStart = 0;
  #extensionStart = 0;
  #extensionEnd = 0;

  constructor(page: PageMessage) {
    this.bytes = page.entries;
    this.#reader = new Reader(page.entries, "a manifest page");
    this.#left = page.count;
    this.#next = page.first;
  }

  /** Number of the entry. */
  get id(): EntryId {
    return this.#next - 1;
  }

  /**
   * Goes to the next entry; `false` after the last one.
   *
   * @throws {UltraError} `protocol` when an entry breaks the specification, or the page holds more or less than it states
   */
  next(): boolean {
    if (this.#left-- === 0) {
      this.#reader.end();
      return false;
    }
    this.#next++;
    this.#read(this.#reader);
    return true;
  }

  /** The entry as an object. Its fingerprint is a view of the page. */
  entry(): Entry {
    const { kind, size, dataBytes, mode, mtimeSeconds, mtimeNanos } = this;
    const fingerprint = this.bytes.subarray(this.#fingerprintStart, this.#fingerprintStart + FINGERPRINT_LEN);
    const path = this.#reader.decode(this.bytes.subarray(this.pathStart, this.pathEnd), "path");
    return { kind, size, dataBytes, mode, mtimeSeconds, mtimeNanos, fingerprint, path, ...this.#linked() };
  }

  #read(reader: Reader): void {
    this.kind = reader.word("kind of entry", ENTRY_KINDS);
    const isFile = this.kind === "file";
    const unknown = reader.u8("flags of an entry", 0, isFile ? SIZE_UNKNOWN : 0) === SIZE_UNKNOWN;
    this.mode = reader.u16("mode", 0, MAX_MODE);
    // What has no size states 0; anything else would be a second way to write the same entry.
    const size = isFile && !unknown ? reader.u64("size") : reader.u64(SIZE_OF_NONE, 0, 0);
    this.size = unknown ? undefined : size;
    this.dataBytes = reader.u64("bytes of data", 0, size);
    this.mtimeSeconds = reader.i64Clamped();
    this.mtimeNanos = reader.u32("nanoseconds", 0, NANOS_LIMIT - 1);
    this.#fingerprintStart = reader.skip(FINGERPRINT_LEN);
    this.pathStart = reader.skipSized("length of path", MAX_PATH_BYTES, 1);
    this.pathEnd = reader.position;
    this.#extensionStart = reader.skipSized("length of extension of an entry", MAX_EXTENSION);
    this.#extensionEnd = reader.position;
    if (!isFile && this.kind !== "folder") this.#linked();
    else if (this.#extensionStart < this.#extensionEnd) checkFields(this.#extension());
  }

  #extension(): Uint8Array {
    return this.bytes.subarray(this.#extensionStart, this.#extensionEnd);
  }

  /** What a link leads to. */
  #linked(): Pick<Entry, "target" | "linkedTo"> {
    let target: string | undefined;
    let linkedTo: number | undefined;
    const fields = new Reader(this.#extension(), "an entry's extension");
    while (fields.remaining > 0) {
      const type = fields.u8("type of a field");
      const field = new Reader(fields.sized("field", MAX_EXTENSION), "an entry's extension");
      if (type === EXTENSION_TARGET && this.kind === "link") {
        if (target !== undefined) throw fields.fault("a second target");
        target = readTarget(field);
      }
      if (type === EXTENSION_LINKED_TO && this.kind === "hardlink") {
        if (linkedTo !== undefined) throw fields.fault("a second linked entry");
        linkedTo = field.u32("linked entry");
        field.end();
      }
    }
    if (this.kind === "link" && target === undefined) throw fields.fault("no target of a link");
    if (this.kind === "hardlink" && (linkedTo === undefined || linkedTo >= this.id)) {
      throw fields.fault("a hard link to no earlier entry");
    }
    return { ...target !== undefined && { target }, ...linkedTo !== undefined && { linkedTo } };
  }
}

/** What the error says of a size where there is none. */
const SIZE_OF_NONE = "size of what has no known size";

/**
 * The entries of a page, one at a time. Entries before a fault are yielded before it is thrown.
 *
 * @throws {UltraError} as {@linkcode PageCursor.next}; also for a path that is not UTF-8
 */
export function* decodePage(page: PageMessage): Generator<Entry, void, undefined> {
  const cursor = new PageCursor(page);
  while (cursor.next()) yield cursor.entry();
}

/**
 * One page of the given entries, the first of which has the number `first`.
 *
 * @throws {UltraError} `internal` when they break a limit or do not fit one page
 */
export function encodePage(first: EntryId, entries: readonly Entry[]): PageMessage {
  const writer = new Writer();
  for (const entry of entries) writeEntry(writer, entry);
  return toPage(first, entries.length, writer.finish());
}

/** As many pages as the entries need, the first of which has the number `first`. */
export function* encodePages(first: EntryId, entries: Iterable<Entry>): Generator<PageMessage, void, undefined> {
  let next = first;
  let count = 0;
  let page = new Writer();
  for (const entry of entries) {
    const one = new Writer();
    writeEntry(one, entry);
    if (count === MAX_COUNT || PAGE_HEADER_LEN + page.length + one.length > MAX_BODY) {
      yield toPage(next, count, page.finish());
      next += count;
      count = 0;
      page = new Writer();
    }
    page.bytes(one.finish());
    count++;
  }
  if (count > 0) yield toPage(next, count, page.finish());
}

function toPage(first: EntryId, count: number, entries: Uint8Array): PageMessage {
  checkRange(first, 0, MAX_ENTRIES - 1, "first entry");
  checkRange(count, 1, Math.min(MAX_COUNT, MAX_ENTRIES - first), "number of entries");
  checkRange(PAGE_HEADER_LEN + entries.length, 0, MAX_BODY, "length of a page");
  return { type: "page", first, count, entries };
}

function writeEntry(writer: Writer, entry: Entry): void {
  if (entry.kind !== "file" && entry.size !== 0) throw refusal(`a ${entry.kind} with a size`);
  if (entry.path === "") throw refusal("an empty path");
  writer.word(entry.kind, ENTRY_KINDS, "kind of entry");
  writer.u8(entry.size === undefined ? SIZE_UNKNOWN : 0, "flags");
  writer.u16(entry.mode, "mode", MAX_MODE);
  writer.u64(entry.size ?? 0, "size");
  writer.u64(entry.dataBytes, "bytes of data", entry.size ?? 0);
  writer.i64(entry.mtimeSeconds, "time");
  writer.u32(entry.mtimeNanos, "nanoseconds", NANOS_LIMIT - 1);
  writer.fixed(entry.fingerprint, FINGERPRINT_LEN, "fingerprint");
  writer.string(entry.path, MAX_PATH_BYTES, "path");
  writer.sized(extensionOf(entry), MAX_EXTENSION, "extension");
}

function extensionOf({ target, linkedTo }: Entry): Uint8Array {
  const writer = new Writer(16);
  if (target !== undefined) {
    writer.u8(EXTENSION_TARGET, "type of a field");
    writer.sized(encodeUtf8(target), MAX_TARGET_BYTES, "target");
  }
  if (linkedTo !== undefined) {
    writer.u8(EXTENSION_LINKED_TO, "type of a field");
    writer.u16(4, "length of a field");
    writer.u32(linkedTo, "linked entry", MAX_ENTRIES - 1);
  }
  return writer.finish();
}

function readTarget(field: Reader): string {
  if (field.remaining < 1 || field.remaining > MAX_TARGET_BYTES) throw field.fault("a target of an impossible length");
  const target = field.decode(field.rest(), "target");
  if (target.includes("\0")) throw field.fault("a NUL in a target");
  return target;
}

/** Extensions are read field by field also where none of them means anything here. */
function checkFields(extension: Uint8Array): void {
  const fields = new Reader(extension, "an entry's extension");
  while (fields.remaining > 0) {
    fields.u8("type of a field");
    fields.sized("field", MAX_EXTENSION);
  }
}
