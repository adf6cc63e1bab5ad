/**
 * What a receiver has answered to the manifest: first answers come in order, and repeats are bounded.
 *
 * @module
 */

import type { EntryId } from "../protocol/messages.ts";
import type { Entries } from "./entries.ts";
import { violation } from "./outcome.ts";

/** Words about entries that a receiver may repeat on one link, for each entry, and a few for tiny manifests. */
const MAX_REPEATS = 8;
const FREE_REPEATS = 1000;

export class Answers {
  readonly #entries: Entries;
  #count = 0;
  #repeats = 0;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** Entries from 0 whose need has come. */
  get count(): number {
    return this.#count;
  }

  /** Counts the answers to a run of entries; returns the first of them that had no answer before. */
  take(first: EntryId, count: number): EntryId {
    if (first > this.#count) throw violation(`an answer to entry ${first} before entry ${this.#count}`);
    const end = first + count;
    const fresh = Math.min(end, this.#count);
    this.#count = Math.max(end, this.#count);
    return fresh;
  }

  /** Repeats are part of a reconnect; without a bound, they would be a way to keep this process busy. */
  repeat(count = 1): void {
    this.#repeats += count;
    if (this.#repeats > MAX_REPEATS * this.#entries.count + FREE_REPEATS) throw violation("the same over and over");
  }

  /** Another link: answers that were given on the old one may be repeated. */
  restart(): void {
    this.#repeats = 0;
  }
}
