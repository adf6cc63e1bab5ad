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
const MOST: Readonly<Record<Distance, number>> = { loopback: 8, near: 8, far: 3 };

/** Cores of a sender for each connection: one for the network, one for reading and hashing; on loopback the receiver takes as many. */
const CORES_EACH: Readonly<Record<Distance, number>> = { loopback: 4, near: 2, far: 2 };

/** Most connections of a transfer that a side takes part in; `asked` is its user's number. */
export function mostConnections(distance: Distance, asked: number | undefined): number {
  return asked ?? MOST[distance];
}

/** How many connections a sender tries on its own. */
export function automaticConnections(distance: Distance, cores: number): number {
  return Math.min(Math.max(Math.floor(cores / CORES_EACH[distance]) || 1, 1), MOST[distance]);
}

/**
 * The tuning of each further connection. Windows freeze when a connection starts, so what the first one left is shared from the start
 * among as many as there can be.
 *
 * @param first the distance whose settings the first connection has: a listener had to choose before it knew the real one
 */
export function furtherTuning(tuning: Tuning, first: Distance, distance: Distance, most: number): Tuning {
  const left = allWindowsBytes(tuning) - budgetOf(tuning, first).connectionWindowBytes;
  const share = Math.floor(left / Math.max(1, most - 1));
  const connectionWindowBytes = Math.min(budgetOf(tuning, distance).connectionWindowBytes, share);
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
  readonly distance: Distance;
  readonly cores: number;
  readonly tuning: Tuning;
}

export function senderPlan({ distance, cores, tuning }: SenderSide): SenderPlan {
  const { streams, connections } = tuning;
  const { lanes } = budgetOf(tuning, distance);
  if (connections !== undefined) {
    // Every connection has a lane, or it is none.
    const most = Math.min(connections, streams ?? connections);
    const all = Math.min(streams ?? lanes * most, MAX_LANES);
    return { lanes: Math.floor(all / most), most, atOnce: most, automatic: 1 };
  }
  // A number of streams that the user chose is for one connection.
  if (streams !== undefined) return { lanes: streams, most: 1, atOnce: 1, automatic: 1 };
  // `--profile max` has all lanes on the first one.
  const most = Math.min(mostConnections(distance, undefined), Math.floor(MAX_LANES / lanes));
  return { lanes, most, atOnce: 1, automatic: Math.min(automaticConnections(distance, cores), most) };
}
