/**
 * What a lasting receiver has confirmed: a file that comes again is answered with "done", although somebody has taken it away meanwhile.
 *
 * A file is known again by who sends it (the host of the offer), its path, its size and the sender's fingerprint, which stands for the file,
 * its contents and the last time that anything was done to it. All of these are known before its bytes are, and stay the same in each run of
 * the sender; its root is not known before it was read. So a file that was touched meanwhile is received again: rather twice than never.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import type { RecordStore } from "../meet/state_store.ts";
import type { EntryId, PageMessage } from "../protocol/messages.ts";
import { decodePage } from "../protocol/pages.ts";
import type { TargetStatus } from "../protocol/words.ts";
import type { ConfirmedEntries } from "../session/confirmed.ts";

/** Entries that are remembered at most, and for how long. */
export const MOST_CONFIRMED = 100_000;
export const CONFIRMED_MS = 30 * 24 * 60 * 60 * 1000;

/** Of an id: enough that no two files have the same. */
const ID_LEN = 16;

/** An id, when it was confirmed in seconds (`u32` since 1970), and a check. */
const RECORD_LEN = ID_LEN + 4 + 4;

/** The file is written anew when it has more records than this: most of them count no more. */
const MOST_RECORDS = 2 * MOST_CONFIRMED;

const utf8 = new TextEncoder();

export class ConfirmedRecord {
  readonly #store: RecordStore;
  readonly #wallMs: () => number;
  /** When each was confirmed, oldest first, in seconds. */
  readonly #known: Map<string, number>;
  /** Records in the file, those that count no more included. */
  #records: number;
  /** Writes follow each other. */
  #written: Promise<boolean> = Promise.resolve(true);

  private constructor(store: RecordStore, wallMs: () => number, known: Map<string, number>, records: number) {
    this.#store = store;
    this.#wallMs = wallMs;
    this.#known = known;
    this.#records = records;
  }

  /** Takes up what earlier processes have confirmed; `undefined`: another process has the record. */
  static async open(store: RecordStore, wallMs: () => number): Promise<ConfirmedRecord | undefined> {
    const bytes = await store.load((MOST_RECORDS + MOST_CONFIRMED) * RECORD_LEN);
    if (bytes === undefined) return undefined;
    const oldest = wallMs() - CONFIRMED_MS;
    const known = new Map<string, number>();
    for (let at = 0; at + RECORD_LEN <= bytes.length; at += RECORD_LEN) {
      const record = parseRecord(bytes.subarray(at, at + RECORD_LEN));
      if (record === undefined || record.seconds * 1000 < oldest) continue;
      known.delete(record.id);
      known.set(record.id, record.seconds);
    }
    const opened = new ConfirmedRecord(store, wallMs, known, Math.ceil(bytes.length / RECORD_LEN));
    opened.#forget();
    // Behind a record that is cut off, all others would be out of step.
    if (bytes.length % RECORD_LEN !== 0 || opened.#records > MOST_RECORDS) await opened.#rewrite();
    return opened;
  }

  has(id: Uint8Array): boolean {
    const seconds = this.#known.get(keyOf(id));
    return seconds !== undefined && seconds * 1000 >= this.#wallMs() - CONFIRMED_MS;
  }

  /** Remembers ids, {@linkcode ID_LEN} bytes each; false: only as long as this process lives. */
  add(ids: Uint8Array): Promise<boolean> {
    const seconds = Math.floor(this.#wallMs() / 1000);
    const count = ids.length / ID_LEN;
    const bytes = new Uint8Array(count * RECORD_LEN);
    for (let i = 0; i < count; i++) {
      const id = ids.subarray(i * ID_LEN, (i + 1) * ID_LEN);
      writeRecord(bytes.subarray(i * RECORD_LEN, (i + 1) * RECORD_LEN), id, seconds);
      this.#known.delete(keyOf(id));
      this.#known.set(keyOf(id), seconds);
    }
    this.#forget();
    this.#written = this.#written.then(async () => {
      this.#records += count;
      return this.#records > MOST_RECORDS ? await this.#rewrite() : await this.#store.append(bytes);
    });
    return this.#written;
  }

  #forget(): void {
    for (const id of this.#known.keys()) {
      if (this.#known.size <= MOST_CONFIRMED) return;
      this.#known.delete(id);
    }
  }

  /** A process that dies meanwhile leaves records that count twice, or no more; none of those that count is lost. */
  async #rewrite(): Promise<boolean> {
    const bytes = new Uint8Array(this.#known.size * RECORD_LEN);
    let at = 0;
    for (const [id, seconds] of this.#known) {
      writeRecord(bytes.subarray(at, at += RECORD_LEN), Uint8Array.from(id, (letter) => letter.charCodeAt(0)), seconds);
    }
    this.#records = this.#known.size;
    return await this.#store.replace(bytes);
  }
}

/** The entries of one transfer, in the eyes of a record. */
export class TransferConfirmed implements ConfirmedEntries {
  readonly #record: ConfirmedRecord;
  readonly #unkept: () => void;
  readonly #host: string;
  /** Ids of the entries so far; zeros for all that is no file. */
  #ids = new Uint8Array(64 * ID_LEN);
  #last: Promise<void> = Promise.resolve();
  #files = 0;

  /** @param unkept is called when what is confirmed cannot be kept */
  constructor(record: ConfirmedRecord, host: string, unkept: () => void) {
    this.#record = record;
    this.#host = host;
    this.#unkept = unkept;
  }

  list(page: PageMessage): void {
    const end = (page.first + page.count) * ID_LEN;
    if (this.#ids.length < end) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#ids.length));
      grown.set(this.#ids);
      this.#ids = grown;
    }
    let entry = page.first;
    for (const { kind, path, size, fingerprint } of decodePage(page)) {
      if (kind === "file") this.#ids.set(idOf(this.#host, path, size ?? 0, fingerprint), entry * ID_LEN);
      entry++;
    }
  }

  get files(): number {
    return this.#files;
  }

  wasConfirmed(entry: EntryId): boolean {
    const id = this.#id(entry);
    const was = isSome(id) && this.#record.has(id);
    if (was) this.#files++;
    return was;
  }

  committed(first: EntryId, count: number): Promise<void> {
    return this.#add(Array.from({ length: count }, (_, index) => this.#id(first + index)));
  }

  checked(first: EntryId, statuses: readonly TargetStatus[]): Promise<void> {
    const there = statuses.flatMap((status, index) => status === "identical" ? [this.#id(first + index)] : []);
    // Whoever sends the same again and again does not make the record longer.
    return this.#add(there.filter((id) => !this.#record.has(id)));
  }

  #add(entries: readonly Uint8Array[]): Promise<void> {
    const files = entries.filter(isSome);
    const ids = new Uint8Array(files.length * ID_LEN);
    for (const [index, id] of files.entries()) ids.set(id, index * ID_LEN);
    const written = files.length === 0 ? Promise.resolve(true) : this.#record.add(ids);
    return this.#last = Promise.all([this.#last, written]).then(([, isKept]) => {
      if (!isKept) this.#unkept();
    });
  }

  #id(entry: EntryId): Uint8Array {
    return this.#ids.subarray(entry * ID_LEN, (entry + 1) * ID_LEN);
  }
}

/** What a file is known by again. */
export function idOf(host: string, path: string, size: number, fingerprint: Uint8Array): Uint8Array {
  const words = utf8.encode(JSON.stringify([host, path, size]));
  const bytes = new Uint8Array(words.length + fingerprint.length);
  bytes.set(words);
  bytes.set(fingerprint, words.length);
  return sha256(bytes).subarray(0, ID_LEN);
}

function isSome(id: Uint8Array): boolean {
  return id.some((byte) => byte !== 0);
}

/** A string of one letter a byte takes the least memory that a key of a map can. */
function keyOf(id: Uint8Array): string {
  return String.fromCharCode(...id);
}

function writeRecord(record: Uint8Array, id: Uint8Array, seconds: number): void {
  record.set(id);
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  view.setUint32(ID_LEN, seconds, true);
  view.setUint32(ID_LEN + 4, checkOf(record), true);
}

function parseRecord(record: Uint8Array): { readonly id: string; readonly seconds: number } | undefined {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  if (view.getUint32(ID_LEN + 4, true) !== checkOf(record)) return undefined;
  return { id: keyOf(record.subarray(0, ID_LEN)), seconds: view.getUint32(ID_LEN, true) };
}

/** FNV-1a over id and time: it finds what a power cut has left, and not what somebody has forged, who could as well remove the file. */
function checkOf(record: Uint8Array): number {
  let check = 0x811c9dc5;
  for (const byte of record.subarray(0, ID_LEN + 4)) check = Math.imul(check ^ byte, 0x01000193) >>> 0;
  return check;
}
