/**
 * How a run ends, as a number: `docs/design.md` 9.
 *
 * @module
 */

import { type ErrorKind, UltraError } from "../errors.ts";
import { EXIT_CODES } from "../protocol/codes.ts";

/** Signals that end a run in good order. */
export type EndingSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export const EXIT_DONE = 0;

/** Several files were asked for, and some of them failed. */
export const EXIT_PARTIAL = 3;

/** 128 + the signal's number, as shells have it. */
const SIGNAL_CODES: Readonly<Record<EndingSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/**
 * Kinds of failure, the most informative first: what comes first is rather the cause of what comes later. A full disk closes the
 * connection, so disk stands before network; a bug may look like anything.
 */
const MOST_INFORMATIVE: readonly ErrorKind[] = [
  "internal",
  "disk",
  "integrity",
  "source-changed",
  "authentication",
  "protocol",
  "usage",
  "network",
];

/** The exit code of whatever was thrown; what is not an `UltraError` is a bug. */
export function exitCodeOf(error: unknown): number {
  return EXIT_CODES[error instanceof UltraError ? error.kind : "internal"];
}

export function signalExitCode(signal: EndingSignal): number {
  return SIGNAL_CODES[signal];
}

/** Of several kinds of failure the one to report; `undefined` for none. */
export function mostInformative(kinds: Iterable<ErrorKind>): ErrorKind | undefined {
  const all = new Set(kinds);
  return MOST_INFORMATIVE.find((kind) => all.has(kind));
}

/**
 * The exit code of a transfer that ran to its end.
 *
 * @param asked files in the transfer
 * @param failures the kind of each file's failure
 */
export function transferExitCode(asked: number, failures: readonly ErrorKind[]): number {
  const kind = mostInformative(failures);
  if (kind === undefined) return EXIT_DONE;
  // One file asked for, or none of several arrived: the reason says more than "some".
  return failures.length < asked ? EXIT_PARTIAL : EXIT_CODES[kind];
}
