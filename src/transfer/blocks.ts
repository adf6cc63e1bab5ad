/**
 * Sets of blocks as sorted runs, and tables of such sets by entry: what is verified, what was granted.
 *
 * @module
 */

import type { BlockIndex, EntryId } from "../protocol/messages.ts";

/** Is called with runs of blocks, in ascending order. */
export type VisitRun = (first: BlockIndex, count: number) => void;

/**
 * A set of block numbers, kept as runs: a file's blocks arrive in few runs at a time, whatever its size.
 *
 * Every method takes O(log runs) besides the runs that it touches.
 */
export class RunSet {
  /** Starts and ends of the runs in turn, ascending; neighbours never touch. */
  readonly #bounds: number[] = [];
  #total = 0;

  /** How many blocks are in the set. */
  get total(): number {
    return this.#total;
  }

  has(block: BlockIndex): boolean {
    return isOdd(this.#above(block));
  }

  /** Adds blocks; returns how many of them are new. */
  add(first: BlockIndex, count: number): number {
    const end = first + count;
    const added = count - this.#covered(first, end);
    if (added === 0) return 0;
    const from = this.#atOrAbove(first);
    const to = this.#above(end);
    const bounds = isOdd(from) ? [] : [first];
    if (!isOdd(to)) bounds.push(end);
    this.#bounds.splice(from, to - from, ...bounds);
    this.#total += added;
    return added;
  }

  /** Removes blocks; returns how many of them were in the set. */
  remove(first: BlockIndex, count: number): number {
    const end = first + count;
    const removed = this.#covered(first, end);
    if (removed === 0) return 0;
    const from = this.#atOrAbove(first);
    const to = this.#above(end);
    const bounds = isOdd(from) ? [first] : [];
    if (isOdd(to)) bounds.push(end);
    this.#bounds.splice(from, to - from, ...bounds);
    this.#total -= removed;
    return removed;
  }

  /** Visits the runs of `first` to `end` that are not in the set. */
  forEachMissing(first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    let at = first;
    for (let i = this.#above(first) & ~1; i < this.#bounds.length && at < end; i += 2) {
      const start = this.#bound(i);
      if (start > at) visit(at, Math.min(start, end) - at);
      at = Math.max(at, this.#bound(i + 1));
    }
    if (at < end) visit(at, end - at);
  }

  /** Visits the runs of the set. */
  forEach(visit: VisitRun): void {
    for (let i = 0; i < this.#bounds.length; i += 2) visit(this.#bound(i), this.#bound(i + 1) - this.#bound(i));
  }

  /** How many blocks of `first` to `end` are in the set. */
  #covered(first: BlockIndex, end: BlockIndex): number {
    let covered = 0;
    for (let i = this.#above(first) & ~1; i < this.#bounds.length && this.#bound(i) < end; i += 2) {
      covered += Math.max(0, Math.min(end, this.#bound(i + 1)) - Math.max(first, this.#bound(i)));
    }
    return covered;
  }

  /** Index of the first bound above a block: odd inside of a run, even outside. */
  #above(block: BlockIndex): number {
    return this.#search((bound) => bound > block);
  }

  /** Index of the first bound at or above a block: odd also right behind a run. */
  #atOrAbove(block: BlockIndex): number {
    return this.#search((bound) => bound >= block);
  }

  #search(isBehind: (bound: number) => boolean): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBehind(this.#bound(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #bound(index: number): number {
    // Every caller stays below the length; the fallback only satisfies the type.
    return this.#bounds[index] ?? 0;
  }
}

/** How many blocks an entry has. */
export interface BlockCounts {
  blocks(entry: EntryId): number;
}

/**
 * A set of blocks for each entry. A file of one block costs a byte, so that a hundred thousand of them stay cheap; a larger one gets a
 * {@linkcode RunSet} with its first block, until {@linkcode BlockTable.drop} ends it.
 */
export class BlockTable {
  readonly #counts: BlockCounts;
  readonly #large = new Map<EntryId, RunSet>();
  #small = new Uint8Array(256);

  constructor(counts: BlockCounts) {
    this.#counts = counts;
  }

  total(entry: EntryId): number {
    if (this.#isSmall(entry)) return this.#small[entry] ?? 0;
    return this.#large.get(entry)?.total ?? 0;
  }

  has(entry: EntryId, block: BlockIndex): boolean {
    if (this.#isSmall(entry)) return this.#small[entry] === 1;
    return this.#large.get(entry)?.has(block) === true;
  }

  /** Adds blocks; returns how many of them are new. */
  add(entry: EntryId, first: BlockIndex, count: number): number {
    if (this.#isSmall(entry)) {
      if (this.#small[entry] === 1) return 0;
      this.#small = grown(this.#small, entry + 1);
      this.#small[entry] = 1;
      return 1;
    }
    let set = this.#large.get(entry);
    if (set === undefined) this.#large.set(entry, set = new RunSet());
    return set.add(first, count);
  }

  /** Removes blocks. */
  remove(entry: EntryId, first: BlockIndex, count: number): void {
    if (!this.#isSmall(entry)) this.#large.get(entry)?.remove(first, count);
    else if (entry < this.#small.length) this.#small[entry] = 0;
  }

  /** Visits the runs of `first` to `end` that are not in the entry's set. */
  forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    const set = this.#large.get(entry);
    if (set !== undefined) set.forEachMissing(first, end, visit);
    else if (first < end && !(this.#isSmall(entry) && this.#small[entry] === 1)) visit(first, end - first);
  }

  /** Visits the runs of the entry's set. */
  forEach(entry: EntryId, visit: VisitRun): void {
    if (!this.#isSmall(entry)) this.#large.get(entry)?.forEach(visit);
    else if (this.#small[entry] === 1) visit(0, 1);
  }

  /** Empties the entry's set. */
  drop(entry: EntryId): void {
    this.#large.delete(entry);
    if (entry < this.#small.length) this.#small[entry] = 0;
  }

  #isSmall(entry: EntryId): boolean {
    return this.#counts.blocks(entry) <= 1;
  }
}

/** A growing list of runs of blocks of any entries, in columns. */
export class RunList {
  #entries = new Uint32Array(16);
  #firsts = new Float64Array(16);
  #counts = new Float64Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Appends a run; one that continues the last is united with it. */
  push(entry: EntryId, first: BlockIndex, count: number): void {
    const last = this.#length - 1;
    if (last >= 0 && this.#entries[last] === entry && this.#end(last) === first) {
      this.#counts[last] = (this.#counts[last] ?? 0) + count;
      return;
    }
    this.#entries = grown(this.#entries, this.#length + 1);
    this.#firsts = grown(this.#firsts, this.#length + 1);
    this.#counts = grown(this.#counts, this.#length + 1);
    this.#entries[this.#length] = entry;
    this.#firsts[this.#length] = first;
    this.#counts[this.#length] = count;
    this.#length++;
  }

  forEach(visit: (entry: EntryId, first: BlockIndex, count: number) => void): void {
    for (let i = 0; i < this.#length; i++) {
      visit(this.#entries[i] ?? 0, this.#firsts[i] ?? 0, this.#counts[i] ?? 0);
    }
  }

  clear(): void {
    this.#length = 0;
  }

  #end(index: number): BlockIndex {
    return (this.#firsts[index] ?? 0) + (this.#counts[index] ?? 0);
  }
}

/** A typed array of the same content with room for at least `length` elements. */
export function grown<Column extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(
  column: Column,
  length: number,
): Column {
  if (length <= column.length) return column;
  const Kind = column.constructor as new (length: number) => Column;
  const larger = new Kind(Math.max(length, 2 * column.length));
  larger.set(column);
  return larger;
}

function isOdd(index: number): boolean {
  return (index & 1) === 1;
}
