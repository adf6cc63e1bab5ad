/**
 * The rate that the time left is reckoned from. Pure; the time is an argument.
 *
 * Bytes come in steps: a block is verified as a whole, and a sender hears of several at once. So a rate goes from one step to another one, and
 * what the first step brought is not part of it, because nobody knows since when that was under way.
 *
 * @module
 */

import { rateOf } from "../base/text.ts";

/** How much had moved at a time. */
export interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** Movement that a first rate takes. */
const LEAST_MS = 1000;

/** Reports that are further apart than this say nothing of steps: what moved in between is all that there is to go by. */
const FAR_MS = 250;

/**
 * Span of the rate: half of what has passed, within these bounds. Long enough that a disk which takes its bytes in bursts makes no difference,
 * short enough to follow a change, and to forget soon how slowly a transfer began.
 */
const SPAN_MS = { least: 5000, most: 20_000 } as const;
const SPAN_SHARE = 1 / 2;

/** After a silence of this length no rate is known, and it is reckoned anew: what stopped the bytes is over. A shorter one may lie between two steps. */
const SILENCE_MS = 8000;

/** Reports come once a second at least. Between two that are this far apart this process did not run. */
const STOPPED_MS = 12_000;

/** Steps closer than this are merged, so that their number is bounded however often reports come. */
export const SAMPLE_MS = 50;

export interface Paced {
  /** In bits per second; `NaN` while too little has moved to tell. */
  readonly rate: number;
  /** How long bytes had been moving when they last did. */
  readonly movedMs: number;
  /** How long none has moved since. */
  readonly silentMs: number;
}

export class Pace {
  /** The last report. */
  #before: Sample | undefined;
  /** The last report that differed from the one before. */
  #moved: Sample | undefined;
  /** Steps since the movement began, but for old ones. */
  #steps: Sample[] = [];
  /** When the last report came before that. */
  #beganAt = 0;

  update(now: number, bytes: number): Paced {
    const sample = { at: now, bytes };
    if (bytes !== this.#moved?.bytes) this.#step(sample);
    this.#before = sample;
    const moved = this.#moved ?? sample;
    const silentMs = now - moved.at;
    const movedMs = moved.at - this.#beganAt;
    const span = Math.min(SPAN_MS.most, Math.max(SPAN_MS.least, movedMs * SPAN_SHARE));
    const from = this.#steps.findLast(({ at }) => at <= moved.at - span) ?? this.#steps[0];
    const isKnown = from !== undefined && movedMs >= LEAST_MS && silentMs < SILENCE_MS;
    return { rate: isKnown ? rateBetween(from, moved) : NaN, movedMs, silentMs };
  }

  #step(sample: Sample): void {
    const { at } = sample;
    const [before, moved] = [this.#before, this.#moved];
    this.#moved = sample;
    // The first report says where counting begins.
    if (before === undefined || moved === undefined) return;
    const apartMs = at - before.at;
    if (apartMs >= STOPPED_MS) {
      // This process was stopped itself: what came meanwhile says nothing.
      this.#steps = [sample];
      this.#beganAt = at;
    } else if (this.#steps.length === 0 || before.at - moved.at >= SILENCE_MS) {
      this.#steps = [apartMs >= FAR_MS ? before : sample];
      this.#beganAt = before.at;
    }
    if (at - (this.#steps.at(-1)?.at ?? at) >= SAMPLE_MS) this.#steps.push(sample);
    // The youngest of those that are too old stays: the span begins at it.
    while ((this.#steps[1]?.at ?? Infinity) <= at - SPAN_MS.most) this.#steps.shift();
  }
}

/** In bits per second. */
export function rateBetween(from: Sample, to: Sample): number {
  // Bytes can be taken back: a claim that failed, or more of them found to be present already.
  return to.at > from.at ? rateOf(Math.max(0, to.bytes - from.bytes), (to.at - from.at) / 1000) : 0;
}
