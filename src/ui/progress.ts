/**
 * How fast and how far: the arithmetic of progress and its one line on a terminal. Pure; the time is an argument.
 *
 * @module
 */

import { truncate, widthOf } from "./escape.ts";
import { Forecast } from "./forecast.ts";
import { formatLeft, formatPair, formatSize, percentOf } from "../base/text.ts";
import { Pace, rateBetween, type Sample, SAMPLE_MS } from "./pace.ts";

/** Where a transfer stands. `Progress` of `transfer/` is one. */
export interface ProgressReport {
  /** Bytes that the receiver has verified and written, or had already. */
  readonly verifiedBytes: number;
  readonly totalBytes: number;
  /** Whether `totalBytes` and `files` are final. */
  readonly listed: boolean;
  /** Those of `verifiedBytes` that did not have to travel; they are no speed. */
  readonly presentBytes?: number;
  /** Those that an earlier run had received, of files that go on; they are no speed either. */
  readonly resumedBytes?: number;
  /** Those of files that are not at their place, which stay when the transfer is interrupted. */
  readonly partBytes?: number;
  readonly files?: number;
  /** Those of `files` that are at their place, or were there before. */
  readonly filesArrived?: number;
  /** Those of `filesArrived` that were there before. */
  readonly filesPresent?: number;
  /** Whether both sides have confirmed the end. */
  readonly isConfirmed?: boolean;
  /** What is left has more holes than data: how long it takes is not known. */
  readonly isMostlyHoles?: boolean;
  /** What is left is nearly all holes, which both sides hash. */
  readonly hashesHoles?: boolean;
}

/** What a status line shows. */
export interface StatusState {
  /** What is transferred. */
  readonly name: string;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly files: number;
  readonly filesArrived: number;
  readonly filesPresent: number;
  /** Bytes that travelled, and are verified. */
  readonly movedBytes: number;
  /** What an earlier run had received. */
  readonly resumedBytes: number;
  /** What stays of files that did not arrive. */
  readonly partBytes: number;
  readonly listed: boolean;
  /** Whether both sides have confirmed the end: before that nothing shows 100 %. */
  readonly isConfirmed: boolean;
  /** What is left is nearly all holes, which do not travel: no speed, and no stall. */
  readonly hashesHoles: boolean;
  /** Since the start, in bits per second. */
  readonly rate: number;
  /** An average hides a stall. */
  readonly lastSecondRate: number;
  /** `undefined` while unknown. */
  readonly secondsLeft: number | undefined;
  /** Since when no byte has arrived, once that is worth a word. */
  readonly stalledSeconds: number | undefined;
}

const SECOND_MS = 1000;

/** Silence that is shown in place of the time left: the speed of the last second is 0 then, and a forecast would mislead. */
const STALL_MS = SECOND_MS;

/** Turns reports into rates. */
export class ProgressMeter {
  readonly #name: string;
  readonly #pace = new Pace();
  readonly #forecast = new Forecast();
  /** Of the last second. */
  readonly #samples: Sample[] = [];
  #first: Sample | undefined;

  constructor(name = "") {
    this.#name = name;
  }

  update(now: number, report: ProgressReport): StatusState {
    const { presentBytes = 0, resumedBytes = 0 } = report;
    const bytes = report.verifiedBytes - presentBytes - resumedBytes;
    const sample = { at: now, bytes };
    const first = this.#first ??= sample;
    this.#add(sample);
    const { rate, movedMs, silentMs } = this.#pace.update(now, bytes);
    const isForeseeable = report.listed && report.isMostlyHoles !== true;
    const expected = isForeseeable ? (report.totalBytes - report.verifiedBytes) * 8 / rate : NaN;
    const isMoving = !report.listed || report.verifiedBytes < report.totalBytes;
    const stalledSeconds = isMoving && silentMs >= STALL_MS ? Math.floor(silentMs / SECOND_MS) : undefined;
    return {
      name: this.#name,
      bytes: report.verifiedBytes,
      totalBytes: report.totalBytes,
      files: report.files ?? 0,
      filesArrived: report.filesArrived ?? 0,
      filesPresent: report.filesPresent ?? 0,
      movedBytes: bytes,
      resumedBytes,
      partBytes: report.partBytes ?? 0,
      listed: report.listed,
      isConfirmed: report.isConfirmed ?? false,
      hashesHoles: report.hashesHoles ?? false,
      rate: rateBetween(first, sample),
      lastSecondRate: this.#lastSecondRate(sample),
      secondsLeft: this.#forecast.update(now, expected, movedMs),
      stalledSeconds,
    };
  }

  #add(sample: Sample): void {
    const before = this.#samples.at(-1);
    if (before !== undefined && sample.at - before.at < SAMPLE_MS) return;
    this.#samples.push(sample);
    // The youngest of those that are too old stays: the span begins at it.
    while ((this.#samples[1]?.at ?? Infinity) <= sample.at - SECOND_MS) this.#samples.shift();
  }

  #lastSecondRate(now: Sample): number {
    const start = this.#samples.findLast(({ at }) => at <= now.at - SECOND_MS) ?? this.#samples[0];
    return start === undefined ? 0 : rateBetween(start, now);
  }
}

/** Columns that a status line leaves free: terminals echo Ctrl-C as `^C`, and what wraps cannot be taken back. */
export const SPARE_COLUMNS = 3;

/** Columns below which a status line says too little to be worth its control characters. */
export const MIN_STATUS_COLUMNS = 40;

const MIN_BAR = 10;
const MAX_BAR = 40;

/** Columns of a bar's brackets and of the gap behind it. */
const BAR_FRAME = 4;

const MAX_NAME = 20;

/** Between the parts of the line. */
const GAP = "  ";

/**
 * The status line: `movie.mkv   28%  [=====>             ]   89/315 MB  23.1 MB/s  10s left  1/6 files`.
 *
 * Each part keeps its width while the transfer runs, so that nothing jumps. The line is shorter than `columns`, so that it
 * never wraps.
 * What matters least is left out first.
 */
export function renderStatusLine(state: StatusState, columns: number): string {
  const room = columns - SPARE_COLUMNS;
  let chosen = statusParts(state);
  while (widthOfParts(chosen) > room - MIN_BAR - BAR_FRAME && chosen.some(({ rank }) => rank > LAST_WITH_BAR)) {
    chosen = withoutLeast(chosen);
  }
  const bar = Math.min(MAX_BAR, room - widthOfParts(chosen) - BAR_FRAME);
  if (bar >= MIN_BAR) {
    return joined(
      chosen.flatMap((part) => part.rank === 0 ? [part, { text: renderBar(state, bar), rank: 0 }] : [part]),
    );
  }
  chosen = statusParts(state);
  while (widthOfParts(chosen) > room && chosen.length > 1) chosen = withoutLeast(chosen);
  return truncate(joined(chosen), Math.max(0, room));
}

interface Part {
  readonly text: string;
  /** 0 goes last. */
  readonly rank: number;
}

/** Parts of a higher rank make room for the bar. */
const LAST_WITH_BAR = 2;

/** In their order; the bar stands behind the percentage. */
function statusParts(state: StatusState): Part[] {
  const { listed, bytes, totalBytes, files, filesArrived, stalledSeconds, secondsLeft } = state;
  const amount = listed ? formatPair(bytes, totalBytes) : `${formatSize(bytes)} so far`;
  const count = String(files).length;
  const left = secondsLeft === undefined ? "" : `${formatLeft(secondsLeft)} left`;
  const holes = [{ text: "hashing holes".padEnd(9 + GAP.length + 11), rank: 1 }];
  const speed = state.hashesHoles
    ? holes
    : stalledSeconds === undefined
    ? [{ text: `${formatSize(state.lastSecondRate / 8)}/s`.padStart(9), rank: 1 }, { text: left.padStart(11), rank: 2 }]
    : [{ text: `stalled for ${stalledSeconds} s`.padEnd(9 + GAP.length + 11), rank: 1 }];
  return [
    { text: truncate(state.name, MAX_NAME), rank: 5 },
    { text: (listed ? `${Math.floor(percentDone(state))}%` : "...").padStart(4), rank: 0 },
    { text: amount, rank: 3 },
    ...speed,
    ...listed && files > 1 ? [{ text: `${String(filesArrived).padStart(count)}/${files} files`, rank: 4 }] : [],
  ].filter(({ text }) => text !== "");
}

/** What a file costs besides its bytes, in bytes: a tree of empty files is no more done at its start than any other (T32). */
const FILE_COST = 16_384;

/** How much is done of how much, where several files count as files, too. */
function workOf({ bytes, totalBytes, files, filesArrived }: StatusState): { done: number; total: number } {
  const cost = files > 1 ? FILE_COST : 0;
  return { done: bytes + filesArrived * cost, total: totalBytes + files * cost };
}

/** The most that is shown before both sides have confirmed the end. */
const MOST_UNCONFIRMED = 99.9;

function percentDone(state: StatusState): number {
  const { done, total } = workOf(state);
  return percentShown(state, percentOf(done, total));
}

/** A share as it may be told. */
export function percentShown({ isConfirmed }: StatusState, percent: number): number {
  return isConfirmed ? percent : Math.min(percent, MOST_UNCONFIRMED);
}

/** What follows the percentage in a line of a log, `252/600 MB, 3 of 7 files, 6s left`. */
export function progressDetail(state: StatusState): string {
  const { bytes, totalBytes, files, filesArrived, secondsLeft, stalledSeconds } = state;
  return [
    formatPair(bytes, totalBytes).trim(),
    ...files > 1 ? [`${filesArrived} of ${files} files`] : [],
    ...state.hashesHoles ? ["hashing holes"] : [],
    ...!state.hashesHoles && stalledSeconds !== undefined ? [`stalled for ${stalledSeconds} s`] : [],
    ...stalledSeconds === undefined && secondsLeft !== undefined ? [`${formatLeft(secondsLeft)} left`] : [],
  ].join(", ");
}

/** `42.0%`, or the amount while the total is unknown. */
export function progressShare(state: StatusState): string {
  return state.listed ? `${percentDone(state).toFixed(1)}%` : `${formatSize(state.bytes)} so far`;
}

/** ASCII, so that it looks the same in every locale and font. */
function renderBar(state: StatusState, width: number): string {
  const filled = state.listed ? Math.floor(percentDone(state) / 100 * width) : 0;
  const head = filled > 0 && filled < width ? "=".repeat(filled - 1) + ">" : "=".repeat(filled);
  return `[${head.padEnd(width)}]`;
}

function withoutLeast(parts: readonly Part[]): Part[] {
  const least = Math.max(...parts.map(({ rank }) => rank));
  return parts.filter(({ rank }) => rank !== least);
}

function joined(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join(GAP).trimEnd();
}

function widthOfParts(parts: readonly Part[]): number {
  return parts.reduce((sum, { text }) => sum + widthOf(text) + GAP.length, -GAP.length);
}
