/**
 * The ⚡ lines. Their wording is stable, plurals included, because scripts look for it (`docs/design.md` 10).
 *
 * @module
 */

import { escapeText } from "./escape.ts";
import { formatBytes, formatCount, formatDuration, formatPercent, formatRate, rateOf } from "./format.ts";

/** @param bytes `undefined` while the size is not known */
export function startLine(name: string, bytes: number | undefined): string {
  const size = bytes === undefined ? "size not known yet" : formatBytes(bytes);
  return `⚡ Starting ULTRA transfer: ${escapeText(name)} (${size})`;
}

export function configLine(streams: number, chunks: number, chunkBytes: number): string {
  return `⚡ ULTRA config: ${streams} streams, ${chunks} chunks of ${formatBytes(chunkBytes)} each`;
}

export function openedLine(streams: number): string {
  return `⚡ Opened ${streams} streams in parallel`;
}

export function addedLine(connection: number, streams: number): string {
  return `⚡ Added connection ${connection} (${streams} more streams)`;
}

export function progressLine(bytes: number, totalBytes: number, bitsPerSecond: number): string {
  return `⚡ Progress: ${formatPercent(bytes, totalBytes)} - Speed: ${formatRate(bitsPerSecond)}`;
}

export function completeLine(bytes: number, seconds: number): string {
  return `⚡ ULTRA transfer complete: ${amount(bytes, seconds)}`;
}

/** What is missing at the end of a transfer. */
export interface Missing {
  readonly failedCount: number;
  readonly leftOutCount: number;
}

/** In place of {@linkcode completeLine} when something is missing: nobody may take it for success. */
export function incompleteLine(missing: Missing, bytes: number, seconds: number): string {
  return `⚡ ULTRA transfer incomplete: ${amount(bytes, seconds)}, ${missingText(missing)}`;
}

/** `1 failed, 1,202 left out`; empty when nothing is missing. */
export function missingText({ failedCount, leftOutCount }: Missing): string {
  const failed = failedCount > 0 ? [`${formatCount(failedCount)} failed`] : [];
  return [...failed, ...leftOutCount > 0 ? [`${formatCount(leftOutCount)} left out`] : []].join(", ");
}

/** What limited the speed. */
export function verdictLine(sentence: string): string {
  return `⚡ Verdict: ${sentence}`;
}

/** What is the bottleneck of a way that was tested. */
export function bottleneckLine(way: string, sentence: string): string {
  return `⚡ Bottleneck ${way}: ${sentence}`;
}

function amount(bytes: number, seconds: number): string {
  return `${formatBytes(bytes)} in ${formatDuration(seconds)} (${formatRate(rateOf(bytes, seconds))})`;
}
