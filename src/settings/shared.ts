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
  readonly #tuning: Tuning;
  readonly #distance: Distance;
  /** By connection. */
  readonly #taken = new Map<number, number>();

  /** @param distance by which the listener has to choose, before it knows the real one */
  constructor(tuning: Tuning, distance: Distance) {
    this.#tuning = tuning;
    this.#distance = distance;
  }

  /** The tuning of the next connection. */
  get next(): Tuning {
    const connectionWindowBytes = this.#nextBytes();
    const laneWindowBytes = this.#tuning.laneWindowBytes === undefined
      ? undefined
      // A power of two, and no larger than its connection's.
      : Math.min(this.#tuning.laneWindowBytes, 2 ** Math.floor(Math.log2(connectionWindowBytes)));
    return { ...this.#tuning, connectionWindowBytes, laneWindowBytes };
  }

  /** A connection has come, and has the tuning that {@linkcode next} was. */
  take(connection: number): void {
    this.#taken.set(connection, this.#nextBytes());
  }

  free(connection: number): void {
    this.#taken.delete(connection);
  }

  /** What all connections may have under way together. */
  get takenBytes(): number {
    return [...this.#taken.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #nextBytes(): number {
    const most = budgetOf(this.#tuning, this.#distance).connectionWindowBytes;
    if (this.#taken.size === 0) return most;
    const left = allWindowsBytes(this.#tuning) - this.takenBytes;
    return Math.min(most, Math.max(LEAST_WINDOW_BYTES, Math.floor(left / 2)));
  }
}
