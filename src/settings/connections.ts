/**
 * How many connections a transfer gets, and how much each of them may hold.
 *
 * One connection is one core on either side, so more of them help a path that is faster than a core, and only that one. A transfer starts
 * with one, and its sender adds another as long as the last one made the whole clearly faster.
 *
 * @module
 */

import { MAX_LANES } from "../protocol/limits.ts";
import type { Distance } from "./distance.ts";
import { allWindowsBytes, budgetOf } from "./budget.ts";
import type { Tuning } from "./tuning.ts";

/** Most connections of a transfer, whatever the flags say: with more, each would have little more than 1 MiB of window. */
export const MOST_CONNECTIONS = 16;

/** What a side takes part in when its user names no number. Far, few with wide windows move more than many with narrow ones. */
const MOST_BY_PATH: Readonly<Record<Distance, number>> = { loopback: 8, near: 8, far: 3 };

/** Cores of a sender for each connection: one for the network, one for reading and hashing; on loopback the receiver takes as many. */
const CORES_EACH: Readonly<Record<Distance, number>> = { loopback: 4, near: 2, far: 2 };

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

/** Most connections of a transfer that a side takes part in; `asked` is its user's number. */
export function mostConnections(path: Distance, asked: number | undefined): number {
  return asked ?? MOST_BY_PATH[path];
}

/** How many connections a sender tries on its own. */
export function automaticConnections(path: Distance, cores: number): number {
  return Math.min(Math.max(Math.floor(cores / CORES_EACH[path]) || 1, 1), MOST_BY_PATH[path]);
}

/**
 * The tuning of each further connection. Windows freeze when a connection starts, so what the first one left is shared from the start
 * among as many as there can be.
 *
 * @param first the class whose settings the first connection has: a listener had to choose before it knew the path
 */
export function furtherTuning(tuning: Tuning, first: Distance, path: Distance, most: number): Tuning {
  const left = allWindowsBytes(tuning) - budgetOf(tuning, first).connectionWindowBytes;
  const share = Math.floor(left / Math.max(1, most - 1));
  const connectionWindowBytes = Math.min(budgetOf(tuning, path).connectionWindowBytes, share);
  if (tuning.laneWindowBytes === undefined) return { ...tuning, connectionWindowBytes };
  // A lane's window is a power of two, and no larger than its connection's.
  const laneWindowBytes = Math.min(tuning.laneWindowBytes, 2 ** Math.floor(Math.log2(connectionWindowBytes)));
  return { ...tuning, connectionWindowBytes, laneWindowBytes };
}

/** What a sender does with its connections and streams. */
export interface SenderPlan {
  /** Lanes of each connection. */
  readonly lanes: number;
  /** Most connections; the other side may want more than this one asks for. */
  readonly most: number;
  /** Connections to ask for at once. */
  readonly atOnce: number;
  /** Connections to ask for one after the other, if they help. */
  readonly automatic: number;
}

export interface SenderSide {
  readonly path: Distance;
  readonly cores: number;
  readonly tuning: Tuning;
}

export function senderPlan({ path, cores, tuning }: SenderSide): SenderPlan {
  const { streams, connections } = tuning;
  const { lanes } = budgetOf(tuning, path);
  if (connections !== undefined) {
    // Every connection has a lane, or it is none.
    const most = Math.min(connections, streams ?? connections);
    const all = Math.min(streams ?? lanes * most, MAX_LANES);
    return { lanes: Math.floor(all / most), most, atOnce: most, automatic: 1 };
  }
  // A number of streams that somebody chose is for one connection.
  if (streams !== undefined) return { lanes: streams, most: 1, atOnce: 1, automatic: 1 };
  // `--profile max` has all lanes on the first one.
  const most = Math.min(mostConnections(path, undefined), Math.floor(MAX_LANES / lanes));
  return { lanes, most, atOnce: 1, automatic: Math.min(automaticConnections(path, cores), most) };
}

/** What the tuner is told, often. */
export interface Sample {
  readonly nowMs: number;
  /** Bytes that were verified in this transfer. */
  readonly movedBytes: number;
  /** Bytes still to be moved; `undefined` while nobody knows. */
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

/** Finds the number of connections of one transfer. Pure: time and bytes come in, the number comes out. */
export class ConnectionTuner {
  readonly #path: Distance;
  readonly #most: number;
  readonly #rates: number[] = [];
  #state: State = { at: "waiting" };
  #wanted = 1;
  /** The interval that runs: its beginning, and what was moved by then. */
  #sinceMs = 0;
  #movedBytes = 0;

  /** @param most more are never wanted */
  constructor(path: Distance, most: number) {
    this.#path = path;
    this.#most = most;
    if (most <= 1) this.stop();
  }

  /** Somebody else decides from here on. */
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
    return this.#rates.length >= SETTLING[this.#path] + INTERVALS;
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
