/** From a finished transfer to the facts of its `complete` event. @module */

import { getLogger } from "@logtape/logtape";
import type { Format } from "../auth/versions.ts";
import { missingCount } from "../transfer/left_out.ts";
import type { Summary } from "../transfer/outcome.ts";
import type { Reports, Verdict } from "../verdict/finding.ts";
import { verdictOf } from "../verdict/judges.ts";
import type { FileFailure, TransferFacts } from "./events.ts";

const log = getLogger(["ultra", "session"]);

/** The verdict; with `-v` also what it does not always say. */
export function judged(reports: Reports): Verdict {
  const { sender } = reports;
  if (sender !== undefined) {
    log.debug("Acknowledgements: {gaps} gaps over 30 ms, {seconds} s together", {
      gaps: sender.ackGaps,
      seconds: sender.ackGapMicros / 1e6,
    });
  }
  return verdictOf(reports);
}

export interface SideFacts {
  readonly role: TransferFacts["role"];
  readonly format: Format;
  readonly name: string | undefined;
  readonly savedTo: string | undefined;
  readonly seconds: number;
  readonly durable: boolean;
  readonly noSync: boolean;
  readonly isLeftOutAccepted: boolean;
  readonly confirmedFiles: number;
  /** The name of an entry, for those that failed. */
  readonly pathOf: (entry: number) => string | undefined;
}

/** @param side what only this side knows */
export function factsOf(
  summary: Summary,
  { pathOf, ...side }: SideFacts,
): Omit<TransferFacts, "verdict"> {
  const { counts, leftOut } = summary;
  const failed = summary.failures.map(({ entry, kind, text }): FileFailure => ({
    path: pathOf(entry),
    kind,
    text,
  }));
  return {
    ...side,
    files: counts.committedFiles,
    bytes: summary.committedBytes,
    resumedBytes: summary.resumedBytes,
    fileRoot: summary.fileRoot,
    transferRoot: summary.transferRoot,
    resentBytes: summary.resentBytes,
    presentFiles: counts.presentFiles,
    presentBytes: summary.presentBytes,
    failed,
    failedCount: counts.failed,
    leftOut: leftOut.names,
    leftOutCount: missingCount(leftOut),
    leftOutReasons: Object.fromEntries(leftOut.counts.map(({ reason, count }) => [reason, count])),
  };
}
