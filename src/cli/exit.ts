/**
 * How a run ends, as a number: `docs/design.md` 9.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { EndingSignal } from "../base/signals.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { ExitKind } from "../transfer/outcome.ts";

export const EXIT_DONE = 0;

/** Several files were asked for, and some of them failed. */
const EXIT_SOME_FAILED = 3;

/** 128 + the signal's number, as shells have it. */
const SIGNAL_CODES: Readonly<Record<EndingSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
  SIGBREAK: 149,
};

/** The exit code of a transfer that both sides finished. */
export function exitCodeOfKind(kind: ExitKind): number {
  if (kind === "done") return EXIT_DONE;
  return kind === "some-failed" ? EXIT_SOME_FAILED : EXIT_CODES[kind];
}

/** The exit code of whatever was thrown; what is not an `UltraError` is a bug. */
export function exitCodeOfError(error: unknown): number {
  return EXIT_CODES[error instanceof UltraError ? error.kind : "internal"];
}

export function exitCodeOfSignal(signal: EndingSignal): number {
  return SIGNAL_CODES[signal];
}
