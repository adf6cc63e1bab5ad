/** The entries of a transfer as a record of confirmed files sees them. @module */

import type { EntryId, PageMessage } from "../protocol/messages.ts";
import type { TargetStatus } from "../protocol/words.ts";

export interface ConfirmedEntries {
  /** Entries become known. */
  list(page: PageMessage): void;
  /** Whether an entry that is not there was confirmed before, and so counts as present. Asked once for each. */
  wasConfirmed(entry: EntryId): boolean;
  /** Files that count as present for that alone. */
  readonly files: number;
  /** Entries have their names. Resolved in the order of the calls, when that is written down; the sender hears of it then. */
  committed(first: EntryId, count: number): Promise<void>;
  /** Likewise of entries that were looked for: those that are there already are confirmed as well. */
  checked(first: EntryId, statuses: readonly TargetStatus[]): Promise<void>;
}
