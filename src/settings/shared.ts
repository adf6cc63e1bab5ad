/**
 * The windows of a listener with many clients at the same time: all of them come out of one pool.
 *
 * Windows freeze when a connection starts. So a connection gets half of what those before it have left, and never less than
 * {@linkcode LEAST_WINDOW_BYTES}: the first one alone has what its path can use, and what an early one took is there again when it goes.
 *
 * @module
 */

import { allWindowsBytes, budgetOf } from "./budget.ts";
import type { Distance } from "./distance.ts";
import type { Tuning } from "./tuning.ts";

/** Enough for 40 Mbit/s over 100 ms. */
export const LEAST_WINDOW_BYTES = 512 * 1024;

export class WindowPool {
  readonly #distance: Distance;
  /** By connection. */
  readonly #taken = new Map<number, number>();

  /** @param distance by which the listener has to choose, before it knows the real one */
  constructor(distance: Distance) {
    this.#distance = distance;
  }

  /** The tuning of the next connection, by what a format has for one alone. */
  next(tuning: Tuning): Tuning {
    const connectionWindowBytes = this.#nextBytes(tuning);
    const laneWindowBytes = tuning.laneWindowBytes === undefined
      ? undefined
      // A power of two, and no larger than its connection's.
      : Math.min(tuning.laneWindowBytes, 2 ** Math.floor(Math.log2(connectionWindowBytes)));
    return { ...tuning, connectionWindowBytes, laneWindowBytes };
  }

  /** A connection has come, and has what {@linkcode next} was for this tuning. */
  take(connection: number, tuning: Tuning): void {
    this.#taken.set(connection, this.#nextBytes(tuning));
  }

  free(connection: number): void {
    this.#taken.delete(connection);
  }

  /** What all connections may have under way together. */
  get takenBytes(): number {
    return [...this.#taken.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #nextBytes(tuning: Tuning): number {
    const most = budgetOf(tuning, this.#distance).connectionWindowBytes;
    if (this.#taken.size === 0) return most;
    const left = allWindowsBytes(tuning) - this.takenBytes;
    return Math.min(most, Math.max(LEAST_WINDOW_BYTES, Math.floor(left / 2)));
  }
}
