/**
 * Numbers as people read them. Units are decimal, as the help says once: 1 MB is 1,000,000 bytes.
 *
 * @module
 */

export { formatBytes, formatPair, formatShare, formatSize } from "./sizes.ts";

/** `7868.9 Mbps`; always in the same unit, so that lines can be compared. What is little has one digit that is not 0. */
export function formatRate(bitsPerSecond: number): string {
  const rate = bitsPerSecond / 1e6;
  const isLittle = bitsPerSecond >= 1 && rate < 0.05;
  return `${isLittle ? rate.toPrecision(1) : rate.toFixed(1)} Mbps`;
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

/** `10s`, `2m05s`, `3h10m`: how long it will still take. */
export function formatLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}m${two(whole % 60)}s` : `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}

/** `40 s`, `5 min`, `3 h`, `2 days`: how long ago, roughly. */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h`;
  return counted(Math.floor(whole / 86_400), "day");
}

/** `1 file`, `3 files`, `1,202 files`. */
export function counted(count: number, thing: string): string {
  return `${formatCount(count)} ${plural(count, thing)}`;
}

export function plural(count: number, thing: string): string {
  return count === 1 ? thing : `${thing}s`;
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
