/** Virtual time for code with promises: whatever runs at a moment runs to its end before the next moment comes. @module */

import { setImmediate } from "node:timers";
import type { Clock } from "../../src/base/clock.ts";
import type { Timers } from "../../src/base/timers.ts";
import { Clock as Queue } from "../simulation/clock.ts";

/** Nothing that is tested here takes longer. */
const LONGEST_MS = 3_600_000;

export class VirtualTime implements Clock, Timers {
  readonly #queue = new Queue();
  readonly #open = new Set<Disposable>();

  now(): number {
    return this.#queue.nowMs;
  }

  /** Timers that were neither due nor disposed of. */
  get openTimers(): number {
    return this.#open.size;
  }

  after(milliseconds: number, act: () => void): Disposable {
    const timer = { [Symbol.dispose]: () => void this.#open.delete(timer) };
    this.#open.add(timer);
    this.#queue.after(milliseconds, () => {
      if (this.#open.delete(timer)) act();
    });
    return timer;
  }

  every(milliseconds: number, act: () => void): Disposable {
    const timer = { [Symbol.dispose]: () => void this.#open.delete(timer) };
    this.#open.add(timer);
    const again = () => {
      this.#queue.after(milliseconds, () => {
        if (!this.#open.has(timer)) return;
        act();
        again();
      });
    };
    again();
    return timer;
  }

  /** For the simulated world, whose events nobody cancels and which leave nothing open. */
  later(milliseconds: number, act: () => void): void {
    this.#queue.after(milliseconds, act);
  }

  /** Lets things happen until the promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = () => void (isSettled = true);
    promise.then(settled, settled);
    const latestMs = this.now() + LONGEST_MS;
    await quiet();
    while (!isSettled) {
      if (!this.#queue.step()) throw new Error("Nothing happens any more, and the promise is not settled");
      if (this.now() > latestMs) throw new Error(`The promise is not settled after ${LONGEST_MS} ms`);
      await quiet();
    }
    return await promise;
  }

  /** Lets so much time pass. */
  async pass(milliseconds: number): Promise<void> {
    const passed = Promise.withResolvers<void>();
    this.later(milliseconds, passed.resolve);
    await this.until(passed.promise);
  }
}

/** Resolved when all promises that can go on have gone on. */
function quiet(): Promise<void> {
  return new Promise((done) => void setImmediate(done));
}
