/**
 * What a receiver has answered to the manifest: first answers come in order, and repeats are bounded.
 *
 * @module
 */

import type { EntryId } from "../protocol/messages.ts";
import type { Entries } from "./entries.ts";
import { violation } from "./outcome.ts";

/** Answers to entries answered before that a receiver may repeat on one link, for each entry, and a few for tiny manifests. */
const MAX_REPEATS = 4;
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

  /** Counts the answer to an entry; true when it is the first. */
  take(entry: EntryId): boolean {
    if (entry > this.#count) throw violation(`an answer to entry ${entry} before entry ${this.#count}`);
    if (entry < this.#count) return false;
    this.#count++;
    return true;
  }

  /** Repeats are part of a reconnect; without a bound, they would be a way to keep this process busy. */
  repeat(): void {
    if (++this.#repeats > MAX_REPEATS * this.#entries.count + FREE_REPEATS) throw violation("the same over and over");
  }

  /** Another link: answers that were given on the old one may be repeated. */
  restart(): void {
    this.#repeats = 0;
  }
}
