/** Seals of files of several blocks, from the moment on at which the engine states their root until they are committed. @module */

import type { EntryId, Seal } from "../protocol/messages.ts";
import { sealMessages } from "../protocol/runs.ts";

interface Sealed {
  readonly size: number;
  readonly root: Uint8Array;
}

export class Seals {
  /** Kept, because a receiver on another connection has to be told again. */
  readonly #sealed = new Map<EntryId, Sealed>();
  /** Those that the receiver has not been told of. */
  readonly #unsent = new Set<EntryId>();

  add(entry: EntryId, size: number, root: Uint8Array): void {
    this.#sealed.set(entry, { size, root });
    this.#unsent.add(entry);
  }

  /** The entry is over. */
  drop(entry: EntryId): void {
    this.#sealed.delete(entry);
    this.#unsent.delete(entry);
  }

  /** All are to be told again. */
  restart(): void {
    for (const entry of this.#sealed.keys()) this.#unsent.add(entry);
  }

  /** What the receiver has to be told. */
  take(): Seal[] {
    const items = [...this.#unsent].flatMap((entry) => {
      const sealed = this.#sealed.get(entry);
      return sealed === undefined ? [] : [{ entry, ...sealed }];
    });
    this.#unsent.clear();
    return sealMessages(items);
  }
}
