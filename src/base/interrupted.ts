/** What ends a run from outside: a signal. @module */

import { UltraError } from "./errors.ts";

/** The user pressed Ctrl-C or the system asked the process to end. Not a failure: `main.ts` turns it into 130, 143 or 129. */
export class Interrupted extends Error {
  constructor(readonly signal: string) {
    super(`Interrupted by ${signal}`);
    this.name = "Interrupted";
  }
}

/** The text of the `abort` that follows a signal. It is on the wire: a peer knows an interruption by it. */
const INTERRUPTION = "It was interrupted";

/** What is reported to the peer about an interruption here. */
export function interruption(): UltraError {
  return new UltraError("network", INTERRUPTION);
}

/** Whether the peer's `abort` tells of an interruption there. */
export function isInterruption({ kind, message }: UltraError): boolean {
  return kind === "network" && message === INTERRUPTION;
}

/** @throws {Interrupted} when the run is ended before the promise is settled */
export async function orEnded<T>(promise: Promise<T>, ended: AbortSignal): Promise<T> {
  const interrupted = Promise.withResolvers<never>();
  const onEnded = () => interrupted.reject(new Interrupted(String(ended.reason)));
  if (ended.aborted) onEnded();
  ended.addEventListener("abort", onEnded);
  // A promise that fails later has no one waiting for it any more.
  promise.catch(() => {});
  try {
    return await Promise.race([promise, interrupted.promise]);
  } finally {
    ended.removeEventListener("abort", onEnded);
  }
}
