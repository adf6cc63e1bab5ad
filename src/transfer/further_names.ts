/**
 * Further names (hard links) of files that a receiver does not take. Only a file's first name has data, so what becomes of that becomes of
 * the others.
 *
 * @module
 */

import type { EntryId, PageMessage } from "../protocol/messages.ts";
import { PageCursor } from "../protocol/pages.ts";
import type { TargetStatus } from "../protocol/words.ts";
import { type Entries, EntryState } from "./entries.ts";
import { RunSet } from "./run_set.ts";

/** What the disk says of an entry, or what its file makes of a further name: that file stays as it is by choice, or is left out. */
export type Found = TargetStatus | "first-kept" | "first-left-out";

/** What becomes of an entry; `undefined` for what is refused. */
export type StateOf = (found: Found) => EntryState | undefined;

/** What a further name is whose file stays as it is by choice: another file is there and stays, too, or nothing is and nothing comes. */
function keptAs(status: TargetStatus | undefined): Found {
  return status === "absent" ? "unwanted" : "first-kept";
}

export class FurtherNames {
  readonly #entries: Entries;
  /** Files that are there and stay by choice. */
  readonly #kept = new RunSet();

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** A file is there and stays by choice. */
  keep(entry: EntryId): void {
    this.#kept.add(entry, 1);
  }

  /** The statuses of a page, where further names of files that are not taken are not taken either. */
  judged(page: PageMessage, statuses: readonly TargetStatus[], stateOf: StateOf): readonly Found[] {
    if (this.#entries.links === 0) return statuses;
    const found: Found[] = [...statuses];
    const stateAt = (index: number) => stateOf(found[index] ?? "absent");
    const cursor = new PageCursor(page);
    for (let index = 0; cursor.next(); index++) {
      if (cursor.kind !== "hardlink" || stateAt(index) !== EntryState.needed) continue;
      const { linkedTo: first } = cursor.entry();
      if (first === undefined) continue;
      const state = first < page.first ? this.#entries.state(first) : stateAt(first - page.first);
      if (state !== EntryState.skipped) continue;
      found[index] = this.#kept.has(first) ? keptAs(statuses[index]) : "first-left-out";
    }
    return found;
  }
}
