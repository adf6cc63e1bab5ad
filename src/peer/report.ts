/** From a finished transfer to what the user is told. @module */

import { getLogger } from "@logtape/logtape";
import { missingCount } from "../transfer/left_out.ts";
import type { Summary } from "../transfer/outcome.ts";
import { type Reports, type Verdict, verdictOf } from "../tuning/verdict.ts";
import type { FileFailure, TransferFacts } from "../ui/output.ts";

const log = getLogger(["ultra", "peer"]);

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
  readonly seconds: number;
  readonly durable: boolean;
  readonly isLeftOutAccepted: boolean;
  /** The name of an entry, for those that failed. */
  readonly pathOf: (entry: number) => string;
}

/** @param side what only this side knows */
export function factsOf(
  summary: Summary,
  { seconds, durable, isLeftOutAccepted, pathOf }: SideFacts,
): Omit<TransferFacts, "verdict"> {
  const { counts, leftOut } = summary;
  const failed = summary.failures.map(({ entry, kind, text }): FileFailure => ({ path: pathOf(entry), kind, text }));
  return {
    files: counts.committedFiles,
    bytes: summary.committedBytes,
    seconds,
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
    isLeftOutAccepted,
    durable,
  };
}

/** The names of the first entries, for messages about single files; a manifest of a million is not kept for that. */
export class Names {
  static readonly #MOST = 10_000;
  readonly #names: string[] = [];

  add(path: string): void {
    if (this.#names.length < Names.#MOST) this.#names.push(path);
  }

  of(entry: number): string {
    return this.#names[entry] ?? `entry ${entry}`;
  }
}
