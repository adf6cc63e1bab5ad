/**
 * Which blocks are verified, and how many bytes that is: the receiver learns it from its disk, the sender from acknowledgements.
 *
 * @module
 */

import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { BlockTable } from "./blocks.ts";
import { type Entries, EntryState } from "./entries.ts";
import type { VisitRun } from "./run_set.ts";

export class VerifiedBlocks {
  readonly #entries: Entries;
  readonly #table: BlockTable;
  #bytes = 0;

  constructor(entries: Entries) {
    this.#entries = entries;
    this.#table = new BlockTable(entries);
  }

  /** Bytes of all verified blocks but those of entries that failed. Every block counts once. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds blocks; returns how many of them are new. */
  add(entry: EntryId, first: BlockIndex, count: number): number {
    const last = this.#entries.blocks(entry) - 1;
    const endsFile = first + count > last && !this.#table.has(entry, last);
    const added = this.#table.add(entry, first, count);
    this.#bytes += added * this.#entries.blockLength;
    if (endsFile) this.#bytes -= this.#entries.blockLength - this.#entries.bytes(entry, last, 1);
    return added;
  }

  /** How many of some blocks are verified. */
  count(entry: EntryId, first: BlockIndex, count: number): number {
    let verified = count;
    this.#table.forEachMissing(entry, first, first + count, (_first, count) => verified -= count);
    return verified;
  }

  has(entry: EntryId): boolean {
    return this.#table.total(entry) > 0;
  }

  /** Whether all of an entry's blocks are verified. */
  isComplete(entry: EntryId): boolean {
    return this.#table.total(entry) === this.#entries.blocks(entry);
  }

  /** The first block of `first` to `end` that is not verified. */
  firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    return this.#table.firstMissing(entry, first, end);
  }

  /** Visits the runs of `first` to `end` that are not verified. */
  forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    this.#table.forEachMissing(entry, first, end, visit);
  }

  /** Visits the runs that are verified. */
  forEach(entry: EntryId, visit: VisitRun): void {
    this.#table.forEach(entry, visit);
  }

  /** Frees the set of a complete entry, which moves to `verified`: from then on its state says it all. */
  settle(entry: EntryId): void {
    this.#entries.setState(entry, EntryState.verified);
    this.#table.drop(entry);
  }

  /** Takes back what was counted of an entry that is about to fail. */
  forget(entry: EntryId): void {
    switch (this.#entries.state(entry)) {
      case EntryState.needed:
        this.#table.forEach(entry, (first, count) => this.#bytes -= this.#entries.bytes(entry, first, count));
        return this.#table.drop(entry);
      case EntryState.verified:
      case EntryState.sealed:
      case EntryState.committing:
        // The set was freed with the last block: all of them were counted.
        this.#bytes -= this.#entries.size(entry);
    }
  }
}
