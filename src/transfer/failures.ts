/** What failed, and why: a byte for each entry, and texts as far as people read. @module */

import type { ErrorKind } from "../base/errors.ts";
import { errorKindOf, EXIT_CODES } from "../protocol/codes.ts";
import type { EntryId } from "../protocol/messages.ts";
import { grown } from "./blocks.ts";
import { type EntryFailure, MAX_FAILURES, moreInformative } from "./outcome.ts";

/** Bits of an entry's byte: the exit code of its kind, who found the failure, whether a commit may have begun before it. */
const CODE = 0x0f;
const FROM_PEER = 0x10;
const MAY_BE_COMMITTED = 0x20;

export class Failures {
  /** As long as the manifest once something has failed. */
  #bytes = new Uint8Array(0);
  readonly #kept = new Map<EntryId, EntryFailure>();

  /** The first {@linkcode MAX_FAILURES}. */
  get kept(): readonly EntryFailure[] {
    return [...this.#kept.values()];
  }

  /** @param mayBeCommitted whether the other side may have begun to commit it before it hears of the failure */
  add(failure: EntryFailure, mayBeCommitted: boolean): void {
    const { entry, kind, fromPeer } = failure;
    this.#bytes = grown(this.#bytes, entry + 1);
    this.#bytes[entry] = EXIT_CODES[kind] | (fromPeer ? FROM_PEER : 0) | (mayBeCommitted ? MAY_BE_COMMITTED : 0);
    if (this.#kept.size < MAX_FAILURES) this.#kept.set(entry, failure);
  }

  /** The other side found a failure of the same entry, too: both take the kind that tells more, so that both end with the same. */
  join(entry: EntryId, kind: ErrorKind): void {
    const byte = this.#bytes[entry] ?? 0;
    this.#bytes[entry] = (byte & ~CODE) | EXIT_CODES[moreInformative(this.kind(entry), kind)];
  }

  /** Whether a failure found here was told after a seal: then a commit that had begun wins. */
  mayBeCommitted(entry: EntryId): boolean {
    return ((this.#bytes[entry] ?? 0) & (FROM_PEER | MAY_BE_COMMITTED)) === MAY_BE_COMMITTED;
  }

  takeBack(entry: EntryId): void {
    this.#bytes[entry] = 0;
    this.#kept.delete(entry);
  }

  kind(entry: EntryId): ErrorKind {
    return errorKindOf((this.#bytes[entry] ?? 0) & CODE) ?? "internal";
  }

  /** Empty for failures beyond the kept ones. */
  text(entry: EntryId): string {
    return this.#kept.get(entry)?.text ?? "";
  }

  /** The most informative kind of all; `undefined` when there is none. */
  get worst(): ErrorKind | undefined {
    const codes = new Set<number>();
    for (const byte of this.#bytes) if (byte !== 0) codes.add(byte & CODE);
    return [...codes].reduce<ErrorKind | undefined>(
      (worst, code) => moreInformative(worst, errorKindOf(code) ?? "internal"),
      undefined,
    );
  }
}
