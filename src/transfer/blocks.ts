/**
 * Sets and lists of blocks and entries: what is verified, what was granted, what the other side is to be told.
 *
 * @module
 */

import type { BlockIndex, EntryId, EntryRun } from "../protocol/messages.ts";
import { RunSet, type VisitRun } from "./run_set.ts";

/**
 * A set of blocks for each file that got one, kept until {@linkcode BlockTable.drop} ends it. Files of one block need none: their states
 * say it all.
 */
export class BlockTable {
  readonly #sets = new Map<EntryId, RunSet>();

  /** How many files have a set. */
  get size(): number {
    return this.#sets.size;
  }

  total(entry: EntryId): number {
    return this.#sets.get(entry)?.total ?? 0;
  }

  has(entry: EntryId, block: BlockIndex): boolean {
    return this.#sets.get(entry)?.has(block) === true;
  }

  /** Adds blocks; returns how many of them are new. */
  add(entry: EntryId, first: BlockIndex, count: number): number {
    let set = this.#sets.get(entry);
    if (set === undefined) this.#sets.set(entry, set = new RunSet());
    return set.add(first, count);
  }

  /** Removes blocks. */
  remove(entry: EntryId, first: BlockIndex, count: number): void {
    this.#sets.get(entry)?.remove(first, count);
  }

  /** Visits the runs of `first` to `end` that are not in the entry's set. */
  forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    const set = this.#sets.get(entry);
    if (set !== undefined) set.forEachMissing(first, end, visit);
    else if (first < end) visit(first, end - first);
  }

  /** The first block of `first` to `end` that is not in the entry's set. */
  firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    if (first >= end) return undefined;
    const set = this.#sets.get(entry);
    return set === undefined ? first : set.firstMissing(first, end);
  }

  /** Visits the runs of the entry's set. */
  forEach(entry: EntryId, visit: VisitRun): void {
    this.#sets.get(entry)?.forEach(visit);
  }

  /** Frees the entry's set. */
  drop(entry: EntryId): void {
    this.#sets.delete(entry);
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

/** A growing list of runs of entries, in columns. */
export class EntryRuns {
  #firsts = new Uint32Array(16);
  #counts = new Uint32Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Appends a run; one that continues the last is united with it. */
  push(first: EntryId, count: number): void {
    const last = this.#length - 1;
    const lastCount = this.#counts[last] ?? 0;
    if (last >= 0 && (this.#firsts[last] ?? 0) + lastCount === first) {
      this.#counts[last] = lastCount + count;
      return;
    }
    this.#firsts = grown(this.#firsts, this.#length + 1);
    this.#counts = grown(this.#counts, this.#length + 1);
    this.#firsts[this.#length] = first;
    this.#counts[this.#length] = count;
    this.#length++;
  }

  forEach(visit: (first: EntryId, count: number) => void): void {
    for (let i = 0; i < this.#length; i++) visit(this.#firsts[i] ?? 0, this.#counts[i] ?? 0);
  }

  /** Takes all runs out, in their order. */
  take(): EntryRun[] {
    const runs: EntryRun[] = [];
    this.forEach((first, count) => runs.push({ first, count }));
    this.clear();
    return runs;
  }

  clear(): void {
    this.#length = 0;
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
