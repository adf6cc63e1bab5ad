/** The entries of a transfer as a record of confirmed files sees them. @module */

import type { EntryId, PageMessage } from "../protocol/messages.ts";
import type { TargetStatus } from "../protocol/words.ts";

export interface ConfirmedEntries {
  /** Entries become known. */
  list(page: PageMessage): void;
  /** Whether an entry was confirmed before: it counts as present, whatever has become of it. */
  isConfirmed(entry: EntryId): boolean;
  /** Entries have their names. Resolved in the order of the calls, when that is written down; the sender hears of it then. */
  committed(first: EntryId, count: number): Promise<void>;
  /** Likewise of entries that were looked for: those that are there already are confirmed as well. */
  checked(first: EntryId, statuses: readonly TargetStatus[]): Promise<void>;
}
