/**
 * Sizes and rates as people type them: `128M`, `1.5G`, `64Ki`, `80Mbit`.
 *
 * K, M, G and T are powers of 1,000, Ki, Mi, Gi and Ti of 1,024, in either case; B may follow, and /s after a rate.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";

/** What a flag takes, both ends included; as it is typed, so that a refusal can say it. */
export interface Range {
  readonly least: string;
  readonly most: string;
}

const SIZE = /^([0-9]+(?:\.[0-9]+)?)([kmgt]i?)?B?$/i;

/** A small `b` stands for bits in some programs and for bytes in others, so it counts only in a word that says which. */
const RATE = /^([0-9]+(?:\.[0-9]+)?)([kmgt]i?)?(?:(B)|(bit|bps))?(?:\/s)?$/i;

const AMBIGUOUS = /b$/;

/** Longer texts are no plausible number. */
const MAX_LENGTH = 24;

/**
 * Whole bytes.
 *
 * @throws {UltraError} `usage` with one line that names the flag
 */
export function parseByteCount(flag: string, text: string, range: Range): number {
  const bytes = byteCount(text);
  if (bytes === undefined) throw usage(`${flag} takes a size such as 64M or 1Gi, not "${text}"`);
  return within(flag, text, bytes, range, byteCount);
}

/**
 * Bytes a second; what is typed in bits is divided by eight.
 *
 * @throws {UltraError} `usage` with one line that names the flag
 */
export function parseByteRate(flag: string, text: string, range: Range): number {
  const rate = byteRate(text);
  if (rate === undefined) {
    throw usage(`${flag} takes bytes a second such as 10M, or bits such as 80Mbit, not "${text}"`);
  }
  return within(flag, text, rate, range, byteRate);
}

function within(
  flag: string,
  text: string,
  value: number,
  { least, most }: Range,
  read: (text: string) => number | undefined,
): number {
  if (value >= (read(least) ?? 0) && value <= (read(most) ?? 0)) return value;
  throw usage(`${flag} takes ${least} to ${most}, not "${text}"`);
}

function byteCount(text: string): number | undefined {
  if (text.length > MAX_LENGTH || AMBIGUOUS.test(text)) return undefined;
  const [, number, unit] = SIZE.exec(text) ?? [];
  return number === undefined ? undefined : Math.floor(Number(number) * factorOf(unit));
}

function byteRate(text: string): number | undefined {
  if (text.length > MAX_LENGTH || AMBIGUOUS.test(text.replace(/\/s$/i, ""))) return undefined;
  const [, number, unit, , bits] = RATE.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Math.floor(Number(number) * factorOf(unit) / (bits === undefined ? 1 : 8));
}

function factorOf(unit = ""): number {
  const power = " kmgt".indexOf(unit.charAt(0).toLowerCase() || " ");
  return (unit.length > 1 ? 1024 : 1000) ** power;
}

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
