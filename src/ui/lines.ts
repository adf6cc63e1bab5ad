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

/** The settings that shape the speed of a connection; `--json` has all of them. */
export function settingsLine({ connection, settings }: ReportedSettings): string {
  const { connectionWindowBytes, streamWindowUnidiBytes, peerUnidiStreams, keepAliveIntervalMs } = settings;
  const facts = [
    settings.congestionControl.toUpperCase(),
    `windows of ${formatBytes(connectionWindowBytes)} and ${formatBytes(streamWindowUnidiBytes)} a stream`,
    `${counted(peerUnidiStreams, "stream")} from the other side`,
    `packets of up to ${formatCount(settings.maximumMtu)} bytes`,
    keepAliveIntervalMs === 0 ? "no keep-alive" : `keep-alive after ${keepAliveIntervalMs / 1000}s`,
    `ends after ${settings.idleTimeoutMs / 1000}s of silence`,
  ];
  return `⚡ QUIC connection ${connection}: ${facts.join(", ")}`;
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

/** In place of {@linkcode completeLine} when something is missing: nobody may take it for success. */
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
