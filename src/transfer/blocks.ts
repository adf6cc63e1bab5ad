/**
 * Tables of blocks by entry: what is verified, what was granted.
 *
 * @module
 */

import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { RunSet, type VisitRun } from "./run_set.ts";

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

  /** The first block of `first` to `end` that is not in the entry's set. */
  firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    if (first >= end || (this.#isSmall(entry) && this.#small[entry] === 1)) return undefined;
    const set = this.#large.get(entry);
    return set === undefined ? first : set.firstMissing(first, end);
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
