/**
 * How long a transfer gets nothing done, although both sides are there.
 *
 * Heartbeats and packets keep a connection alive, so a peer that only sends these would keep its place, and what it has of buffers, for ever
 * (G8, G10, H3). What counts is what is done for good: entries that are known, answered or over, and bytes that are verified.
 *
 * @module
 */

import type { Side } from "./side.ts";

export class Standstill {
  readonly #mostMs: number;
  #mark = "";
  #sinceMs: number | undefined;

  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** There is no connection: that has a bound of its own. */
  reset(): void {
    this.#sinceMs = undefined;
  }

  /** Whether it lasts for longer than it may. To be asked while the connection is there. */
  lasts(nowMs: number, { machine, role }: Pick<Side, "machine" | "role">): boolean {
    const { phase, entries, entriesDone, verifiedBytes } = machine.progress;
    const mark = [phase, entries, entriesDone, verifiedBytes].join();
    // A receiver's own disk is not its peer's fault.
    const isOwn = role === "receiver" && phase === "committing";
    if (this.#sinceMs === undefined || mark !== this.#mark || isOwn) {
      this.#mark = mark;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs > this.#mostMs;
  }
}
