/**
 * How fast and how far: the arithmetic of progress and its one line on a terminal. Pure; the time is an argument.
 *
 * @module
 */

import { formatBytes, formatClock, formatPercent, formatRate, percentOf, rateOf } from "./format.ts";

/** Where a transfer stands. `Progress` of `transfer/` is one. */
export interface ProgressReport {
  /** Bytes that the receiver has verified and written, or had already. */
  readonly verifiedBytes: number;
  readonly totalBytes: number;
  /** Whether `totalBytes` is final. */
  readonly listed: boolean;
  /** Those of `verifiedBytes` that did not have to travel; they are no speed. */
  readonly presentBytes?: number;
}

/** What a status line shows. */
export interface StatusState {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly listed: boolean;
  /** Since the start, in bits per second. */
  readonly rate: number;
  /** Both are shown, because an average hides a stall. */
  readonly lastSecondRate: number;
  /** `undefined` while nobody can tell. */
  readonly secondsLeft: number | undefined;
}

/** Span of the rate that the time left is reckoned from: long enough to be calm, short enough to follow a change. */
const FORECAST_MS = 10_000;

const SECOND_MS = 1000;

/** Samples closer than this are merged, so that their number is bounded however often reports come. */
const SAMPLE_MS = 50;

/** Longest time left that is shown: beyond a hundred hours it is no forecast. */
const MAX_SECONDS_LEFT = 360_000;

interface Sample {
  readonly at: number;
  /** Bytes that travelled. */
  readonly bytes: number;
}

/** Turns reports into rates. */
export class ProgressMeter {
  #samples: Sample[] = [];
  #first: Sample | undefined;

  update(now: number, report: ProgressReport): StatusState {
    const moved = report.verifiedBytes - (report.presentBytes ?? 0);
    const sample = { at: now, bytes: moved };
    const first = this.#first ??= sample;
    this.#add(sample);
    const forecast = this.#rateSince(now - FORECAST_MS, sample);
    const left = (report.totalBytes - report.verifiedBytes) * 8 / forecast;
    return {
      bytes: report.verifiedBytes,
      totalBytes: report.totalBytes,
      listed: report.listed,
      rate: rateBetween(first, sample),
      lastSecondRate: this.#rateSince(now - SECOND_MS, sample),
      secondsLeft: report.listed && left >= 0 && left <= MAX_SECONDS_LEFT ? left : undefined,
    };
  }

  #add(sample: Sample): void {
    const before = this.#samples.at(-1);
    if (before !== undefined && sample.at - before.at < SAMPLE_MS) return;
    this.#samples.push(sample);
    // The youngest of those that are too old stays: the span begins at it.
    while ((this.#samples[1]?.at ?? Infinity) <= sample.at - FORECAST_MS) this.#samples.shift();
  }

  /** Rate from the last sample at or before a time, or from the oldest one. */
  #rateSince(time: number, now: Sample): number {
    const start = this.#samples.findLast((sample) => sample.at <= time) ?? this.#samples[0];
    return start === undefined ? 0 : rateBetween(start, now);
  }
}

/** Columns below which a status line says too little to be worth its control characters. */
export const MIN_STATUS_COLUMNS = 40;

const MIN_BAR = 10;
const MAX_BAR = 40;

/** Between the parts of the line. */
const GAP = "  ";

/**
 * The status line: `[=======>     ]  42.0%  8123.4 Mbps  (last second 8350.1 Mbps)  252.0 MB of 600.0 MB  0:00:01 left`.
 *
 * It is shorter than `columns`, so that it never wraps. What matters least is left out first.
 */
export function renderStatusLine(state: StatusState, columns: number): string {
  const parts = statusParts(state);
  const room = columns - 1;
  let chosen = parts;
  while (lengthOf(chosen) > room && chosen.length > 1) {
    const least = Math.max(...chosen.map((part) => part.rank));
    chosen = chosen.filter((part) => part.rank !== least);
  }
  const text = chosen.map((part) => part.text).join(GAP);
  // Brackets and the gap behind the bar take four columns.
  const bar = Math.min(MAX_BAR, room - text.length - GAP.length - 2);
  return bar < MIN_BAR ? text.slice(0, Math.max(0, room)) : `${renderBar(state, bar)}${GAP}${text}`;
}

interface Part {
  readonly text: string;
  /** 0 goes last. */
  readonly rank: number;
}

function statusParts(state: StatusState): Part[] {
  const done = state.listed ? formatPercent(state.bytes, state.totalBytes) : "  ... ";
  const total = `${formatBytes(state.totalBytes)}${state.listed ? "" : " so far"}`;
  const parts = [
    { text: done.padStart(6), rank: 0 },
    { text: formatRate(state.rate), rank: 1 },
    { text: `(last second ${formatRate(state.lastSecondRate)})`, rank: 4 },
    { text: `${formatBytes(state.bytes)} of ${total}`, rank: 3 },
  ];
  return state.secondsLeft === undefined
    ? parts
    : [...parts, { text: `${formatClock(state.secondsLeft)} left`, rank: 2 }];
}

/** ASCII, so that it looks the same in every locale and font. */
function renderBar(state: StatusState, width: number): string {
  const filled = state.listed ? Math.floor(percentOf(state.bytes, state.totalBytes) / 100 * width) : 0;
  const head = filled > 0 && filled < width ? "=".repeat(filled - 1) + ">" : "=".repeat(filled);
  return `[${head.padEnd(width)}]`;
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.text.length + GAP.length, -GAP.length);
}

function rateBetween(from: Sample, to: Sample): number {
  // Bytes can be taken back: a claim that failed, or more of them found to be present already.
  return to.at > from.at ? rateOf(Math.max(0, to.bytes - from.bytes), (to.at - from.at) / SECOND_MS) : 0;
}
