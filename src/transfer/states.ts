/** Where an entry of a manifest stands, and what may follow. @module */

/**
 * Both sides pass through the same states; {@linkcode NEXT} says which follow which. "Verified" and "sealed" are two facts of a file that
 * arrive in either order, and a commit needs both. What has no blocks (empty files, folders, links) needs neither.
 */
export const EntryState = {
  /** From its page; to `needed`, `present` or `skipped` with the need. */
  listed: 0,
  /**
   * From `listed`, when the receiver wants it. To `verified` with its last block, to `sealed` with its seal, to `complete` with both at
   * once (and without blocks), or `failed`.
   */
  needed: 1,
  /** From `needed`, when all blocks are verified and no seal is there. To `complete` with the seal, or `failed`. */
  verified: 2,
  /**
   * From `needed`, when the sender has stated the root, or has granted a file of one block, whose frame seals it; blocks are missing. To
   * `complete` with the last one, `failed`, or (sender) `committed`: its acknowledgement may have been lost with a link.
   */
  sealed: 3,
  /** From `needed`, `verified` or `sealed`. To `committing` when all pages have passed (sender: `committed`), or `failed`. */
  complete: 4,
  /** Receiver only. From `complete`, when the disk was told to commit; to `committed` or `failed`. */
  committing: 5,
  /** From `committing` (sender: `complete`, `sealed` or `failed`); final. */
  committed: 6,
  /** From `listed`: the receiver has it already; final. */
  present: 7,
  /** From `listed`: the receiver does not want it; final. */
  skipped: 8,
  /** From any but the final ones. Final, but that at the sender a commit that had begun before the failure arrived wins: to `committed`. */
  failed: 9,
} as const;

export type EntryState = typeof EntryState[keyof typeof EntryState];

const { listed, needed, verified, sealed, complete, committing, committed, present, skipped, failed } = EntryState;

/** How many states there are. */
export const STATE_COUNT = 10;

/** What may follow each state; anything else is a bug. */
export const NEXT: Readonly<Record<EntryState, readonly EntryState[]>> = {
  [listed]: [needed, present, skipped, failed],
  [needed]: [verified, sealed, complete, failed],
  [verified]: [complete, failed],
  [sealed]: [complete, committed, failed],
  [complete]: [committing, committed, failed],
  [committing]: [committed, failed],
  [committed]: [],
  [present]: [],
  [skipped]: [],
  [failed]: [committed],
};

/** What the transfer root takes for each state in which an entry is over; 0 for the others. */
export const WIRE_STATUS: Uint8Array = statusTable({ [committed]: 1, [present]: 2, [skipped]: 3, [failed]: 4 });

/** Whether it is known what became of an entry in this state. */
export function isFinal(state: EntryState): boolean {
  return WIRE_STATUS[state] !== 0;
}

function statusTable(statuses: Readonly<Partial<Record<EntryState, number>>>): Uint8Array {
  const table = new Uint8Array(STATE_COUNT);
  for (const [state, status] of Object.entries(statuses)) table[Number(state)] = status;
  return table;
}
