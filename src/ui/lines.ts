/**
 * The ⚡ lines. Their wording is stable, because scripts look for it (`docs/design.md` 10).
 *
 * @module
 */

import type { ReportedSettings, TransferConfig } from "../session/events.ts";
import { escapeText } from "./escape.ts";
import { counted, formatBytes, formatCount, formatDuration, formatRate, plural, rateOf } from "../base/text.ts";

/** @param bytes `undefined` while the size is not known */
export function startLine(name: string, bytes: number | undefined): string {
  const size = bytes === undefined ? "size not known yet" : formatBytes(bytes);
  return `⚡ Starting ULTRA transfer: ${escapeText(name)} (${size})`;
}

export function configLine({ streams, chunks, chunkBytes, isEven }: TransferConfig): string {
  const upTo = isEven ? "" : "up to ";
  const each = chunks !== 1 && isEven ? " each" : "";
  return `⚡ ULTRA config: ${streams} ${plural(streams, "stream")}, ${chunks} ${plural(chunks, "chunk")} of ${upTo}${
    formatBytes(chunkBytes)
  }${each}`;
}

export function openedLine(streams: number): string {
  return `⚡ Opened ${streams} ${plural(streams, "stream")} in parallel`;
}

export function addedLine(connection: number, streams: number): string {
  return `⚡ Added connection ${connection} (${streams} more ${plural(streams, "stream")})`;
}

/** What msquic reports of a connection, as far as it shapes its speed: `--json` has all of it. The windows are those of the connection and of a stream. */
export function settingsLine({ connection, settings }: ReportedSettings): string {
  const { connectionWindowBytes, streamWindowUnidiBytes, peerUnidiStreams, keepAliveIntervalMs } = settings;
  const facts = [
    settings.congestionControl.toUpperCase(),
    `windows ${formatBytes(connectionWindowBytes)}/${formatBytes(streamWindowUnidiBytes)}`,
    `${counted(peerUnidiStreams, "stream")} in`,
    `keep-alive ${keepAliveIntervalMs === 0 ? "off" : `${keepAliveIntervalMs / 1000}s`}`,
  ];
  return `⚡ Connection ${connection}: ${facts.join(", ")}`;
}

/**
 * @param share the percentage, or the amount while there is none
 * @param detail bytes, files and time left
 */
export function progressLine(share: string, bitsPerSecond: number, detail: string): string {
  return `⚡ Progress: ${share} - Speed: ${formatRate(bitsPerSecond)}${detail === "" ? "" : ` - ${detail}`}`;
}

export function completeLine(bytes: number, seconds: number): string {
  return `⚡ ULTRA transfer complete: ${amount(bytes, seconds)}`;
}

/** In place of {@linkcode completeLine} when nothing had to travel. */
export function nothingToDoLine(what: string): string {
  return `⚡ ULTRA transfer complete: nothing to do, ${what}`;
}

/** What is missing at the end of a transfer. */
export interface Missing {
  readonly failedCount: number;
  readonly leftOutCount: number;
}

/** In place of {@linkcode completeLine} when something is missing: it must not read as success. */
export function incompleteLine(missing: Missing, bytes: number, seconds: number): string {
  return `⚡ ULTRA transfer incomplete: ${amount(bytes, seconds)}, ${missingText(missing)}`;
}

/** `1 failed, 1,202 left out`; empty when nothing is missing. */
export function missingText({ failedCount, leftOutCount }: Missing): string {
  const failed = failedCount > 0 ? [`${formatCount(failedCount)} failed`] : [];
  return [...failed, ...leftOutCount > 0 ? [`${formatCount(leftOutCount)} left out`] : []].join(", ");
}

/** What is the bottleneck of a way that was tested. */
export function bottleneckLine(way: string, sentence: string): string {
  return `⚡ Bottleneck ${way}: ${sentence}`;
}

function amount(bytes: number, seconds: number): string {
  return `${formatBytes(bytes)} in ${formatDuration(seconds)} (${formatRate(rateOf(bytes, seconds))})`;
}
