/**
 * The entries of a manifest and what became of each, in columns: a million entries are some typed arrays, not a million objects.
 *
 * Entries change in runs. What many entries have in common costs a loop over columns, and no call, object or lookup for each.
 *
 * @module
 */

import { ENTRY_KINDS } from "../protocol/codes.ts";
import { BLOCK_LEN } from "../protocol/limits.ts";
import type { EntryId, EntryKind } from "../protocol/messages.ts";
import { grown } from "./blocks.ts";
import { EntryState, isFinal, NEXT, STATE_COUNT, WIRE_STATUS } from "./states.ts";

export { EntryState } from "./states.ts";

const { committed, failed, needed, present, sealed, skipped } = EntryState;

/** Kinds by their numbers in the column. */
const FILE = ENTRY_KINDS.indexOf("file");
const FOLDER = ENTRY_KINDS.indexOf("folder");

/** Bits of the column of kinds: the kind, and whether a file has holes. */
const KIND = 0x0f;
const SPARSE = 0x80;
/** So many times its data, a file is hollow: a core hashes zeros about that much faster than a link of 1 Gbit/s carries data. */
const HOLLOW = 64;

const SLASH = 0x2f;

/** Room to begin with; most transfers have fewer entries. */
const INITIAL_CAPACITY = 64;

export class Entries {
  readonly blockLength: number;
  /** Bytes of a small file at most. */
  readonly #mostSmall: number;
  #kinds: Uint8Array<ArrayBuffer>;
  #states: Uint8Array<ArrayBuffer>;
  #sizes: Float64Array<ArrayBuffer>;
  /** Bytes of data of the files that have holes. */
  readonly #data = new Map<EntryId, number>();
  /** By state: entries, files among them, files of which nearly all is holes, bytes in holes, links, bytes of data, those of large files. */
  readonly #inState = new Float64Array(STATE_COUNT);
  readonly #filesIn = new Float64Array(STATE_COUNT);
  readonly #hollowIn = new Float64Array(STATE_COUNT);
  readonly #holesIn = new Float64Array(STATE_COUNT);
  readonly #linksIn = new Float64Array(STATE_COUNT);
  readonly #bytesIn = new Float64Array(STATE_COUNT);
  readonly #largeBytesIn = new Float64Array(STATE_COUNT);
  #count = 0;
  #files = 0;
  #links = 0;
  /** Names at the top level, which come one after the other. */
  #tops = 0;
  #lastTop = new Uint8Array(0);
  #totalSize = 0;
  #totalBytes = 0;
  #totalBlocks = 0;

  /**
   * @param sealsAlike files of one block are files like those of several
   * @param expected how many there will be, where that is known: columns that grow leave copies behind
   */
  constructor(blockLength = BLOCK_LEN, sealsAlike = false, expected = INITIAL_CAPACITY) {
    this.#kinds = new Uint8Array(expected);
    this.#states = new Uint8Array(expected);
    this.#sizes = new Float64Array(expected);
    this.blockLength = blockLength;
    this.#mostSmall = sealsAlike ? 0 : blockLength;
  }

  get count(): number {
    return this.#count;
  }

  get files(): number {
    return this.#files;
  }

  /** Symbolic links and hard links. */
  get links(): number {
    return this.#links;
  }

  /** Names at the top level. */
  get tops(): number {
    return this.#tops;
  }

  /** Sizes of all files together. */
  get totalSize(): number {
    return this.#totalSize;
  }

  /** The same without holes. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Blocks of all files. */
  get totalBlocks(): number {
    return this.#totalBlocks;
  }

  /** Entries in a final state. */
  get over(): number {
    return this.inState(committed) + this.inState(present) + this.inState(skipped) + this.inState(failed);
  }

  /** Files of which blocks are wanted and not verified. */
  get missing(): number {
    return this.inState(needed) + this.inState(sealed);
  }

  /** Bytes of the columns, for the test that holds their bound. */
  get columnBytes(): number {
    return this.#kinds.byteLength + this.#states.byteLength + this.#sizes.byteLength;
  }

  inState(state: EntryState): number {
    return this.#inState[state] ?? 0;
  }

  filesIn(state: EntryState): number {
    return this.#filesIn[state] ?? 0;
  }

  /** Files of which nearly all is holes: hashing them takes the time, and not what travels. */
  hollowIn(state: EntryState): number {
    return this.#hollowIn[state] ?? 0;
  }

  /** Bytes of the files in a state that lie in holes. */
  holesIn(state: EntryState): number {
    return this.#holesIn[state] ?? 0;
  }

  linksIn(state: EntryState): number {
    return this.#linksIn[state] ?? 0;
  }

  /** Bytes of data of the files in a state. */
  bytesIn(state: EntryState): number {
    return this.#bytesIn[state] ?? 0;
  }

  /** Those of files of several blocks. */
  largeBytesIn(state: EntryState): number {
    return this.#largeBytesIn[state] ?? 0;
  }

  /** @param path holds the UTF-8 of the entry's path from `from` to `to`; only its first component is looked at */
  append(kind: EntryKind, size: number, dataBytes: number, path: Uint8Array, from: number, to: number): EntryId {
    const entry = this.#count++;
    this.#kinds = grown(this.#kinds, this.#count);
    this.#states = grown(this.#states, this.#count);
    this.#sizes = grown(this.#sizes, this.#count);
    const isFile = kind === "file";
    this.#kinds[entry] = isFile ? FILE : ENTRY_KINDS.indexOf(kind);
    this.#sizes[entry] = size;
    if (isFile) this.#files++;
    else if (kind !== "folder") this.#links++;
    if (dataBytes < size) {
      this.#kinds[entry] = FILE | SPARSE;
      this.#data.set(entry, dataBytes);
    }
    this.#totalSize += size;
    this.#totalBytes += dataBytes;
    this.#totalBlocks += this.blocks(entry);
    this.#noteTop(path, from, to);
    this.#tally(EntryState.listed, entry, 1);
    return entry;
  }

  /** No more entries follow: gives the room for them back, which is up to as much as the columns have. */
  trim(): void {
    if (this.#kinds.length === this.#count) return;
    this.#kinds = this.#kinds.slice(0, this.#count);
    this.#states = this.#states.slice(0, this.#count);
    this.#sizes = this.#sizes.slice(0, this.#count);
  }

  state(entry: EntryId): EntryState {
    // The column holds nothing else than what `setState` wrote.
    return (this.#states[entry] ?? EntryState.listed) as EntryState;
  }

  setState(entry: EntryId, state: EntryState): void {
    this.setRun(entry, 1, state);
  }

  /** Moves a run of entries to a state, from whatever states they are in. */
  setRun(first: EntryId, count: number, state: EntryState): void {
    this.forEachState(first, first + count, (first, count, from) => this.move(first, count, from, state));
  }

  /** Moves those entries of a run that are in one state to another; returns how many these are. */
  move(first: EntryId, count: number, from: EntryState, to: EntryState, only: "all" | "small" = "all"): number {
    if (!NEXT[from].includes(to)) throw new Error(`Entry ${first} cannot go from state ${from} to ${to}`);
    const [states, kinds, sizes, mostSmall] = [this.#states, this.#kinds, this.#sizes, this.#mostSmall];
    let [moved, files, bytes, largeBytes, others] = [0, 0, 0, 0, 0];
    for (let entry = first; entry < first + count; entry++) {
      if (states[entry] !== from) continue;
      const size = sizes[entry] ?? 0;
      if (only === "small" && (size === 0 || size > mostSmall)) continue;
      states[entry] = to;
      moved++;
      if (kinds[entry] === FILE) {
        files++;
        bytes += size;
        if (size > mostSmall) largeBytes += size;
      } else if (kinds[entry] !== FOLDER) {
        others++;
        this.#tally(from, entry, -1);
        this.#tally(to, entry, 1);
      }
    }
    add(this.#inState, from, to, moved - others);
    add(this.#filesIn, from, to, files);
    add(this.#bytesIn, from, to, bytes);
    add(this.#largeBytesIn, from, to, largeBytes);
    return moved;
  }

  /** The end of the run of entries that are in the state of the first one. */
  runEnd(first: EntryId, end: EntryId): EntryId {
    const states = this.#states;
    const state = states[first];
    let at = first + 1;
    while (at < end && states[at] === state) at++;
    return at;
  }

  /** Visits the runs of entries that have one state. The visit may change the states of its run. */
  forEachState(
    first: EntryId,
    end: EntryId,
    visit: (first: EntryId, count: number, state: EntryState) => void,
  ): void {
    for (let at = first; at < end;) {
      const runEnd = this.runEnd(at, end);
      visit(at, runEnd - at, this.state(at));
      at = runEnd;
    }
  }

  /** Visits the runs of all entries in a state, in order. */
  forEachRun(state: EntryState, visit: (first: EntryId, count: number) => void): void {
    if (this.inState(state) === 0) return;
    this.forEachState(0, this.#count, (first, count, found) => {
      if (found === state) visit(first, count);
    });
  }

  /** Visits the entries in a state, in order. */
  forEachIn(state: EntryState, visit: (entry: EntryId) => void): void {
    this.forEachRun(state, (first, count) => {
      for (let entry = first; entry < first + count; entry++) visit(entry);
    });
  }

  kind(entry: EntryId): EntryKind {
    return ENTRY_KINDS[(this.#kinds[entry] ?? 0) & KIND] ?? "file";
  }

  /** Whether an entry is a symbolic link or a hard link. */
  isLink(entry: EntryId): boolean {
    const kind = (this.#kinds[entry] ?? 0) & KIND;
    return kind !== FILE && kind !== FOLDER;
  }

  isOver(entry: EntryId): boolean {
    return isFinal(this.state(entry));
  }

  size(entry: EntryId): number {
    return this.#sizes[entry] ?? 0;
  }

  dataBytes(entry: EntryId): number {
    return this.isSparse(entry) ? this.#data.get(entry) ?? 0 : this.size(entry);
  }

  /** Whether a file has holes. */
  isSparse(entry: EntryId): boolean {
    return ((this.#kinds[entry] ?? 0) & SPARSE) !== 0;
  }

  blocks(entry: EntryId): number {
    return Math.ceil(this.size(entry) / this.blockLength);
  }

  /** Whether an entry is a file of exactly one block, which its frame seals. */
  isSmall(entry: EntryId): boolean {
    const size = this.#sizes[entry] ?? 0;
    return size > 0 && size <= this.#mostSmall;
  }

  /** Whether an entry is a file of several blocks, or one that is sealed alike. */
  isLarge(entry: EntryId): boolean {
    return (this.#sizes[entry] ?? 0) > this.#mostSmall;
  }

  /** Whether blocks of a file are wanted and not verified. */
  isMissing(entry: EntryId): boolean {
    const state = this.#states[entry];
    return state === needed || state === sealed;
  }

  /**
   * The same, for news of an entry's blocks. Before its page is checked they are a bug of the data plane: nothing would remember them, and the
   * transfer would wait for these blocks without end.
   */
  isWaiting(entry: EntryId): boolean {
    if (this.#states[entry] === EntryState.listed) {
      throw new Error(`news of entry ${entry} before its page was checked`);
    }
    return this.isMissing(entry);
  }

  /** Bytes of some blocks, of which the file's last may be shorter. */
  bytes(entry: EntryId, first: number, count: number): number {
    return Math.min(this.size(entry), (first + count) * this.blockLength) - first * this.blockLength;
  }

  /** One status byte for each entry, as the transfer root takes them: 1 committed, 2 present, 3 skipped, 4 failed. */
  statuses(): Uint8Array {
    return this.#states.subarray(0, this.#count).map((state, entry) => {
      const status = WIRE_STATUS[state] ?? 0;
      if (status === 0) throw new Error(`Entry ${entry} is not over`);
      return status;
    });
  }

  /** The one file of the manifest; `undefined` when there are none or several. */
  get onlyFile(): EntryId | undefined {
    if (this.#files !== 1) return undefined;
    return this.#kinds.findIndex((kind, entry) => entry < this.#count && (kind & KIND) === FILE);
  }

  #noteTop(path: Uint8Array, from: number, to: number): void {
    const last = this.#lastTop;
    let at = from;
    while (at < to && path[at] !== SLASH && path[at] === last[at - from]) at++;
    const isSame = at - from === last.length && (at === to || path[at] === SLASH) && this.#tops > 0;
    if (isSame) return;
    while (at < to && path[at] !== SLASH) at++;
    // A copy: the path lies in a page.
    this.#lastTop = path.slice(from, at);
    this.#tops++;
  }

  #isHollow(entry: EntryId): boolean {
    return this.isSparse(entry) && this.dataBytes(entry) * HOLLOW <= this.size(entry);
  }

  #tally(state: EntryState, entry: EntryId, by: 1 | -1): void {
    const kind = (this.#kinds[entry] ?? 0) & KIND;
    this.#inState[state] = this.inState(state) + by;
    if (kind === FILE) {
      this.#filesIn[state] = this.filesIn(state) + by;
      const bytes = by * this.dataBytes(entry);
      this.#bytesIn[state] = this.bytesIn(state) + bytes;
      if (this.isLarge(entry)) this.#largeBytesIn[state] = this.largeBytesIn(state) + bytes;
      this.#holesIn[state] = this.holesIn(state) + by * (this.size(entry) - this.dataBytes(entry));
      if (this.#isHollow(entry)) this.#hollowIn[state] = this.hollowIn(state) + by;
    } else if (kind !== FOLDER) {
      this.#linksIn[state] = this.linksIn(state) + by;
    }
  }
}

/** Takes from one state's sum what is added to another's. */
function add(sums: Float64Array, from: EntryState, to: EntryState, count: number): void {
  sums[from] = (sums[from] ?? 0) - count;
  sums[to] = (sums[to] ?? 0) + count;
}
