/** Durations as people type them: `90s`, `5m`, `1.5h`, `2d`, or `0`. @module */

import { UltraError } from "../base/errors.ts";

/** How long a command waits for the other side. */
export interface Patience {
  /** How long a lost connection is waited for, 0: not at all. */
  readonly retryForMs: number;
  /** How long the other side is waited for at first; `undefined`: for ever by a side that listens, not at all by one that dials. */
  readonly waitMs: number | undefined;
}

/** As it would be typed. */
const RETRY_FOR = "5m";

const DURATION = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/i;

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A month: longer waits are mistakes, and timers count no further. */
const MOST_DAYS = 30;

const DAY_MS = 86_400_000;

/** Longer texts are no plausible number. */
const MAX_LENGTH = 24;

/** @param valueOf the value that a flag was given */
export function patienceOf(valueOf: (name: "retry-for" | "wait") => string | undefined): Patience {
  const wait = valueOf("wait");
  return {
    retryForMs: parseDuration("--retry-for", valueOf("retry-for") ?? RETRY_FOR),
    waitMs: wait === undefined ? undefined : parseDuration("--wait", wait),
  };
}

/**
 * Whole milliseconds.
 *
 * @throws {UltraError} `usage` with one line that names the flag
 */
export function parseDuration(flag: string, text: string, mostDays = MOST_DAYS): number {
  if (text === "0") return 0;
  const [, number, unit] = (text.length <= MAX_LENGTH ? DURATION.exec(text) : undefined) ?? [];
  if (number === undefined || unit === undefined) {
    throw new UltraError("usage", `${flag} takes a duration such as 30s, 5m or 1h, or 0, not "${text}"`);
  }
  const milliseconds = Math.round(Number(number) * (MILLISECONDS[unit.toLowerCase()] ?? 0));
  if (milliseconds > mostDays * DAY_MS) {
    throw new UltraError("usage", `${flag} takes ${mostDays}d at most, not "${text}"`);
  }
  return milliseconds;
}
