/** How far a transfer has come, and what to say at its end: sums over the columns of its entries. @module */

import type { EntryId, LeftOut } from "../protocol/messages.ts";
import { type Entries, EntryState } from "./entries.ts";
import type { Failures } from "./failures.ts";
import { joined, missingCount } from "./left_out.ts";
import { type Counts, exitKindOf, type Progress, type Summary } from "./outcome.ts";

const { committed, committing, complete, failed, needed, present, sealed, skipped, verified } = EntryState;

/** What both sides know beside the entries. */
export interface SummaryFacts {
  readonly transferRoot: Uint8Array;
  /** Bytes of blocks that the receiver had from an earlier run. */
  readonly resumedBytes: number;
  readonly resent: { readonly blocks: number; readonly bytes: number };
  readonly leftOut: { readonly sender: LeftOut; readonly receiver: LeftOut };
  /** The root of a committed file. */
  readonly root: (entry: EntryId) => Uint8Array | undefined;
}

/** @param partialBytes bytes of verified blocks of files that miss some */
export function progressOf(
  entries: Entries,
  partialBytes: number,
  listed: boolean,
): Omit<Progress, "phase" | "resumedBytes" | "isConfirmed"> {
  const { missing } = entries;
  const wholeBytes = [verified, complete, committing, committed, present].reduce(
    (sum, state) => sum + entries.bytesIn(state),
    0,
  );
  return {
    verifiedBytes: wholeBytes + partialBytes,
    presentBytes: entries.bytesIn(present),
    partBytes: partialBytes +
      [verified, complete, committing].reduce((sum, state) => sum + entries.largeBytesIn(state), 0),
    totalBytes: entries.totalBytes,
    entriesDone: entries.over,
    entries: entries.count,
    files: entries.files,
    filesArrived: entries.filesIn(committed) + entries.filesIn(present),
    filesPresent: entries.filesIn(present),
    listed,
    isMostlyHoles:
      entries.holesIn(needed) + entries.holesIn(sealed) > entries.bytesIn(needed) + entries.bytesIn(sealed),
    hashesHoles: listed && missing > 0 && missing === entries.hollowIn(needed) + entries.hollowIn(sealed),
  };
}

export function countsOf(entries: Entries): Counts {
  return {
    entries: entries.count,
    files: entries.files,
    committedFiles: entries.filesIn(committed),
    presentFiles: entries.filesIn(present),
    committed: entries.inState(committed),
    present: entries.inState(present),
    skipped: entries.inState(skipped),
    failed: entries.inState(failed),
  };
}

/** What to say at the end. */
export function summaryOf(
  entries: Entries,
  failures: Failures,
  { transferRoot, resent, resumedBytes, leftOut, root }: SummaryFacts,
): Summary {
  const counts = countsOf(entries);
  const end = {
    tops: entries.tops,
    arrived: counts.committed + counts.present,
    failure: counts.failed === 0 ? undefined : failures.worst,
  };
  const missing = { sender: missingCount(leftOut.sender), receiver: missingCount(leftOut.receiver) };
  const { onlyFile } = entries;
  const isCommitted = onlyFile !== undefined && entries.state(onlyFile) === committed;
  return {
    counts,
    failures: failures.kept,
    totalBytes: entries.totalBytes,
    committedBytes: entries.bytesIn(committed),
    presentBytes: entries.bytesIn(present),
    resumedBytes,
    resentBlocks: resent.blocks,
    resentBytes: resent.bytes,
    transferRoot,
    fileRoot: isCommitted ? root(onlyFile) : undefined,
    leftOut: joined(leftOut.sender, leftOut.receiver),
    exitKind: exitKindOf({ ...end, missing }),
    exitKindIfAccepted: exitKindOf({ ...end, missing: { sender: 0, receiver: 0 } }),
  };
}
