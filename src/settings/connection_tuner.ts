/**
 * Finds the number of connections of one transfer. Pure: time and bytes come in, the number comes out.
 *
 * @module
 */

import type { Distance } from "./distance.ts";

/** Below this not a core is the limit, but the path or a disk, and more connections would only take from other people's. */
const CORE_BYTES_PER_SECOND = 125_000_000;

/** What another connection must bring to be followed by one more. Less is noise. */
const CLEAR_GROWTH = 1.08;

/** A rate is the median of four such intervals: a disk's hiccup spoils one of them, not the answer. */
const INTERVAL_MS = 250;
const INTERVALS = 4;

/** Intervals that are not measured after a beginning: handshakes, slow starts and the new lanes' first chunks. */
const SETTLING: Readonly<Record<Distance, number>> = { loopback: 1, near: 1, far: 4 };

/** What must be left to move for another connection to be worth its beginning. */
const WORTHWHILE_MS = 2000;

/** A connection that is not there after this was refused, or the other side cannot dial. */
const ARRIVAL_MS = 5000;

/** Input of the tuner, several times a second. */
export interface Sample {
  readonly nowMs: number;
  /** Bytes that were verified in this transfer. */
  readonly movedBytes: number;
  /** Bytes still to be moved; `undefined` while unknown. */
  readonly leftBytes: number | undefined;
  /** Connections that move data now. */
  readonly connections: number;
}

type State =
  /** From the start until the first byte was verified; to `measuring`. */
  | { readonly at: "waiting" }
  /** A number of connections is at work; to `adding` when it moves clearly more than one less did, else to `over`. */
  | { readonly at: "measuring"; readonly connections: number; readonly before: number }
  /** Another connection was asked for; to `measuring` when it is there, to `over` when it does not come. */
  | { readonly at: "adding"; readonly connections: number; readonly rate: number; readonly sinceMs: number }
  /** From any: the number stays what it is. */
  | { readonly at: "over" };

export class ConnectionTuner {
  readonly #distance: Distance;
  readonly #most: number;
  readonly #rates: number[] = [];
  #state: State = { at: "waiting" };
  #wanted = 1;
  /** The interval that runs: its beginning, and what was moved by then. */
  #sinceMs = 0;
  #movedBytes = 0;

  /** @param most more are never wanted */
  constructor(distance: Distance, most: number) {
    this.#distance = distance;
    this.#most = most;
    if (most <= 1) this.stop();
  }

  /** Stops tuning: the number of connections is set from elsewhere. */
  stop(): void {
    this.#state = { at: "over" };
  }

  /** How many connections there should be. */
  wanted(sample: Sample): number {
    const state = this.#state;
    switch (state.at) {
      case "waiting":
        if (sample.movedBytes > 0) this.#measure(sample, 0);
        break;
      case "measuring":
        if (sample.connections !== state.connections) this.stop();
        else if (this.#isMeasured(sample)) this.#decide(state.before, sample);
        break;
      case "adding":
        if (sample.connections > state.connections) this.#measure(sample, state.rate);
        else if (sample.nowMs - state.sinceMs >= ARRIVAL_MS || sample.connections < state.connections) this.stop();
        break;
      case "over":
        break;
    }
    return this.#wanted;
  }

  #measure({ nowMs, movedBytes, connections }: Sample, before: number): void {
    this.#state = { at: "measuring", connections, before };
    this.#rates.length = 0;
    [this.#sinceMs, this.#movedBytes] = [nowMs, movedBytes];
  }

  /** Counts intervals; true when there are enough of them. */
  #isMeasured({ nowMs, movedBytes }: Sample): boolean {
    const tookMs = nowMs - this.#sinceMs;
    if (tookMs < INTERVAL_MS) return false;
    this.#rates.push((movedBytes - this.#movedBytes) * 1000 / tookMs);
    [this.#sinceMs, this.#movedBytes] = [nowMs, movedBytes];
    return this.#rates.length >= SETTLING[this.#distance] + INTERVALS;
  }

  #decide(before: number, { nowMs, leftBytes, connections }: Sample): void {
    const rate = median(this.#rates.slice(-INTERVALS));
    const isFaster = rate >= before * CLEAR_GROWTH && rate >= connections * CORE_BYTES_PER_SECOND;
    const isWorthwhile = leftBytes === undefined || leftBytes * 1000 >= rate * WORTHWHILE_MS;
    if (!isFaster || !isWorthwhile || connections >= this.#most) return this.stop();
    this.#state = { at: "adding", connections, rate, sinceMs: nowMs };
    this.#wanted = connections + 1;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
