/**
 * Numbers as people read them. Units are decimal, as the help says once: 1 MB is 1,000,000 bytes.
 *
 * @module
 */

const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB"];

/** `999 B`, `600.0 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.trunc(bytes)} B`;
  let value = bytes;
  let unit = "B";
  for (const next of UNITS) {
    // 999,950 would be rounded to the next unit's 1000.0.
    if (value < 999.95) break;
    value /= 1000;
    unit = next;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** `7868.9 Mbps`; always in the same unit, so that lines can be compared. */
export function formatRate(bitsPerSecond: number): string {
  return `${(bitsPerSecond / 1e6).toFixed(1)} Mbps`;
}

/** `42.0%`. It says 100.0% only when nothing is missing. */
export function formatPercent(part: number, whole: number): string {
  return `${percentOf(part, whole).toFixed(1)}%`;
}

/** 0 to 100 in steps of 0.1, rounded down. An empty whole is complete. */
export function percentOf(part: number, whole: number): number {
  if (whole <= 0) return 100;
  return Math.min(Math.floor((part / whole) * 1000), 1000) / 10;
}

/** `0:00:07` */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(rest)}`;
}

/** `0.61s`, as the line of a complete transfer has it; `1:02:03` from a minute on. */
export function formatDuration(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(2)}s` : formatClock(seconds);
}

/** 600,000,000 */
export function formatCount(count: number): string {
  return String(Math.trunc(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Bits per second; a transfer too short to measure counts as a millisecond. */
export function rateOf(bytes: number, seconds: number): number {
  return (bytes * 8) / Math.max(seconds, 0.001);
}

export function formatHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
