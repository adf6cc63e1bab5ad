/**
 * When entries get their final names: not before every page has passed, folders before what is in them, links after all others.
 *
 * @module
 */

import type { EntryId } from "../protocol/messages.ts";
import { type Entries, EntryState } from "./entries.ts";
import type { ReceiverCommand } from "./turns.ts";

const { complete, committing } = EntryState;

export class Commits {
  readonly #entries: Entries;
  readonly #push: (command: ReceiverCommand) => void;
  /** Roots of files that a message has sealed, until their commit. */
  readonly #roots = new Map<EntryId, Uint8Array>();
  #isOpen = false;

  constructor(entries: Entries, push: (command: ReceiverCommand) => void) {
    this.#entries = entries;
    this.#push = push;
  }

  /** Final names appear from here on: every page has passed, and so has the space for all of it. */
  open(): void {
    this.#isOpen = true;
    // The runs of a state change while they are visited: what was visited is passed.
    this.#entries.forEachRun(complete, (first, count) => this.ready(first, count));
    this.links();
  }

  /** A message has sealed a file. */
  sealed(entry: EntryId, root: Uint8Array): void {
    this.#roots.set(entry, root);
  }

  /** The file has failed. */
  drop(entry: EntryId): void {
    this.#roots.delete(entry);
  }

  /** Entries are complete. Links among them wait. */
  ready(first: EntryId, count: number): void {
    if (!this.#isOpen) return;
    const entries = this.#entries;
    const end = first + count;
    if (entries.links === 0 && this.#roots.size === 0) return this.#commit(first, end);
    let start = first;
    for (let entry = first; entry < end; entry++) {
      const root = this.#roots.get(entry);
      if (root === undefined && !entries.isLink(entry)) continue;
      this.#commit(start, entry);
      start = entry + 1;
      if (root !== undefined) this.#commitSealed(entry, root);
    }
    this.#commit(start, end);
  }

  /** Lets the links follow once everything else is over: they may lead to files, and nothing is to be written through them. */
  links(): void {
    const entries = this.#entries;
    const waiting = entries.linksIn(complete);
    if (!this.#isOpen || waiting === 0 || entries.over + waiting < entries.count) return;
    entries.forEachRun(complete, (first, count) => this.#commit(first, first + count));
  }

  #commit(first: EntryId, end: EntryId): void {
    if (first >= end) return;
    this.#entries.move(first, end - first, complete, committing);
    this.#push({ type: "commit-entries", first, count: end - first });
  }

  #commitSealed(entry: EntryId, root: Uint8Array): void {
    this.#roots.delete(entry);
    this.#entries.setState(entry, committing);
    this.#push({ type: "commit", entry, size: this.#entries.size(entry), root });
  }
}
