/**
 * The entries inside manifest pages: what the walk in Rust emits and the receiver turns into safe paths.
 *
 * The paths here are as they came from the wire; `safe_path.ts` judges them.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { checkRange, Reader, refusal, Writer } from "./bytes.ts";
import { ENTRY_KINDS } from "./codes.ts";
import { FINGERPRINT_LEN, MAX_BODY, MAX_ENTRIES, MAX_EXTRA, MAX_MODE, MAX_PATH_BYTES, NANOS_LIMIT } from "./limits.ts";
import type { Entry, EntryId, PageMessage } from "./messages.ts";

/** Flag of a file whose size its source cannot know. */
const SIZE_UNKNOWN = 1;

/** Bytes of a page's body before its entries: first entry and count. */
const PAGE_HEADER_LEN = 6;

/** Most entries that the `u16` count of a page can state. */
const MAX_COUNT = 0xffff;

/**
 * The entries of a page, one at a time: each lives only as long as it is looked at.
 *
 * Entries before a fault are yielded before it is thrown. Fingerprints are views of the page.
 *
 * @throws {UltraError} `protocol` when an entry breaks the specification, or the page holds more or less than it states
 */
export function* decodePage(page: PageMessage): Generator<Entry, void, undefined> {
  const reader = new Reader(page.entries, "a manifest page");
  for (let left = page.count; left > 0; left--) yield readEntry(reader);
  reader.end();
}

/** Calls `visit` with the entries of a page and their numbers; otherwise as {@linkcode decodePage}. */
export function forEachEntry(page: PageMessage, visit: (entry: Entry, id: EntryId) => void): void {
  let id = page.first;
  for (const entry of decodePage(page)) visit(entry, id++);
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
  if (entry.kind === "link") throw refusal("a link, which this version of the protocol only reserves");
  if (entry.kind === "folder" && entry.size !== 0) throw refusal("a folder with a size");
  if (entry.path === "") throw refusal("an empty path");
  writer.word(entry.kind, ENTRY_KINDS, "kind of entry");
  writer.u8(entry.size === undefined ? SIZE_UNKNOWN : 0, "flags");
  writer.u16(entry.mode, "mode", MAX_MODE);
  writer.u64(entry.size ?? 0, "size");
  writer.i64(entry.mtimeSeconds, "time");
  writer.u32(entry.mtimeNanos, "nanoseconds", NANOS_LIMIT - 1);
  writer.fixed(entry.fingerprint, FINGERPRINT_LEN, "fingerprint");
  writer.string(entry.path, MAX_PATH_BYTES, "path");
  writer.u16(0, "length of the extension");
}

function readEntry(reader: Reader): Entry {
  const kind = reader.word("kind of entry", ENTRY_KINDS);
  if (kind === "link") {
    throw new UltraError("protocol", "The sender offered a link; links are not supported by this version");
  }
  const unknown = reader.u8("flags of an entry", 0, SIZE_UNKNOWN) === SIZE_UNKNOWN;
  if (unknown && kind === "folder") throw reader.fault("a folder of unknown size");
  const mode = reader.u16("mode", 0, MAX_MODE);
  // Folders and files of unknown size state 0; anything else would be a second way to write the same entry.
  const size = unknown || kind === "folder" ? reader.u64(`size of ${kindText(kind)}`, 0, 0) : reader.u64("size");
  const mtimeSeconds = reader.i64Clamped();
  const mtimeNanos = reader.u32("nanoseconds", 0, NANOS_LIMIT - 1);
  const fingerprint = reader.bytes(FINGERPRINT_LEN);
  const path = reader.string("path", MAX_PATH_BYTES, 1);
  reader.sized("extension of an entry", MAX_EXTRA);
  return { kind, size: unknown ? undefined : size, mode, mtimeSeconds, mtimeNanos, fingerprint, path };
}

function kindText(kind: "file" | "folder"): string {
  return kind === "folder" ? "a folder" : "a file of unknown size";
}
