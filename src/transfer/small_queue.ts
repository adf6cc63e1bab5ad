/**
 * Files of one block that wait for a lane, as runs of entries: whatever their number, they cost a loop and no object each.
 *
 * @module
 */

import type { EntryId } from "../protocol/messages.ts";
import { grown } from "./blocks.ts";

/** What the queue must know about entries. */
export interface SmallFiles {
  /** Whether an entry is a file of one block. */
  isSmall(entry: EntryId): boolean;
  /** Whether a file is to be moved still. */
  isMissing(entry: EntryId): boolean;
  size(entry: EntryId): number;
}

/** Entries of which all files of one block are to be sent. Others may lie between them, and are passed over. */
export interface SmallRun {
  readonly first: EntryId;
  readonly count: number;
  /** Files of one block among them, and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

/** A queue of runs, first in, first out. */
export class SmallQueue {
  readonly #work: SmallFiles;
  #firsts = new Uint32Array(16);
  #counts = new Uint32Array(16);
  #head = 0;
  #end = 0;
  #files = 0;

  constructor(work: SmallFiles) {
    this.#work = work;
  }

  /** Files that wait, those among them that are over meanwhile included. */
  get files(): number {
    return this.#files;
  }

  /** @param files how many files of one block are in the run; all of them are to be sent */
  push(first: EntryId, count: number, files: number): void {
    this.#files += files;
    const last = this.#end - 1;
    const lastCount = this.#counts[last] ?? 0;
    if (last >= this.#head && (this.#firsts[last] ?? 0) + lastCount === first) {
      this.#counts[last] = lastCount + count;
      return;
    }
    if (this.#end === this.#firsts.length && this.#head > this.#end / 2) this.#moveToFront();
    this.#firsts = grown(this.#firsts, this.#end + 1);
    this.#counts = grown(this.#counts, this.#end + 1);
    this.#firsts[this.#end] = first;
    this.#counts[this.#end++] = count;
  }

  /** Takes files from the front: one at least, and no more of them and of their bytes than stated; `undefined` when none is left. */
  take(mostFiles: number, mostBytes: number): SmallRun | undefined {
    const work = this.#work;
    while (this.#head < this.#end) {
      let first = this.#firsts[this.#head] ?? 0;
      const end = first + (this.#counts[this.#head] ?? 0);
      // Other entries in front, and files that are over meanwhile.
      for (; first < end && !(work.isSmall(first) && work.isMissing(first)); first++) {
        if (work.isSmall(first)) this.#files--;
      }
      let [at, last, files, bytes] = [first, first, 0, 0];
      for (; at < end; at++) {
        if (!work.isSmall(at)) continue;
        const size = work.size(at);
        if (!work.isMissing(at) || (files > 0 && (files >= mostFiles || bytes + size > mostBytes))) break;
        files++;
        bytes += size;
        last = at + 1;
      }
      this.#files -= files;
      this.#firsts[this.#head] = at;
      this.#counts[this.#head] = end - at;
      if (at === end) this.#head++;
      if (files > 0) return { first, count: last - first, files, bytes };
    }
    return undefined;
  }

  clear(): void {
    this.#head = this.#end = this.#files = 0;
  }

  #moveToFront(): void {
    this.#firsts.copyWithin(0, this.#head, this.#end);
    this.#counts.copyWithin(0, this.#head, this.#end);
    this.#end -= this.#head;
    this.#head = 0;
  }
}
