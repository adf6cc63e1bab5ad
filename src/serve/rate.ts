/**
 * One rate for all clients together, shared fairly: nobody gets more than an equal part as long as others can use theirs.
 *
 * @module
 */

import type { Engine } from "../engine/engine.ts";
import type { Timers } from "../base/timers.ts";
import type { SourceId } from "../protocol/words.ts";

/** How often parts are weighed again. */
const WEIGH_MS = 1000;

/** A client that uses less than this of its part is taken to be limited by something else, and keeps some room to grow. */
const BUSY = 0.9;
const ROOM = 1.25;

/** No part is less than this: a client that has just begun has to show what it can use. */
const LEAST_SHARE = 0.02;

export class SharedRate {
  readonly #engine: Engine;
  readonly #timers: Timers;
  readonly #total: number;
  /** Bytes that had been sent at the last weighing, and the part since. */
  readonly #sources = new Map<SourceId, { sentBytes: number; part: number }>();
  #weighing: Disposable | undefined;

  constructor(total: number, engine: Engine, timers: Timers) {
    this.#total = total;
    this.#engine = engine;
    this.#timers = timers;
  }

  /** A client begins; what it may send at first, in bytes a second. */
  begin(source: SourceId): number {
    this.#sources.set(source, { sentBytes: 0, part: 0 });
    const part = this.#total / this.#sources.size;
    for (const id of this.#sources.keys()) this.#give(id, part);
    this.#weighing ??= this.#timers.every(WEIGH_MS, () => this.#weigh());
    return part;
  }

  end(source: SourceId): void {
    this.#sources.delete(source);
    for (const id of this.#sources.keys()) this.#give(id, this.#total / this.#sources.size);
    if (this.#sources.size > 0) return;
    this.#weighing?.[Symbol.dispose]();
    this.#weighing = undefined;
  }

  #weigh(): void {
    const ids = [...this.#sources.keys()];
    const used = ids.map((id) => {
      const known = this.#sources.get(id);
      const sentBytes = this.#engine.stats(id)?.sentBytes ?? 0;
      if (known === undefined) return 0;
      const rate = (sentBytes - known.sentBytes) * 1000 / WEIGH_MS;
      known.sentBytes = sentBytes;
      return rate >= BUSY * known.part ? Infinity : ROOM * rate;
    });
    fairParts(this.#total, used).forEach((part, index) => {
      const id = ids[index];
      if (id !== undefined) this.#give(id, part);
    });
  }

  #give(id: SourceId, part: number): void {
    const known = this.#sources.get(id);
    if (known !== undefined) known.part = part;
    this.#engine.limitRate(id, Math.max(1, part));
  }
}

/**
 * Divides a total: who can use less than an equal part gets what it can use (and a little at least), and what is left is divided among the
 * others in the same way. Pure.
 *
 * @param wanted what each can use; `Infinity`: all that it gets
 */
export function fairParts(total: number, wanted: readonly number[]): number[] {
  const parts = wanted.map(() => 0);
  const least = total * LEAST_SHARE / Math.max(1, wanted.length);
  let left = total;
  let open = wanted.map((_, index) => index);
  while (open.length > 0) {
    const equal = left / open.length;
    const small = open.filter((index) => Math.max(least, wanted[index] ?? 0) < equal);
    if (small.length === 0) {
      for (const index of open) parts[index] = equal;
      return parts;
    }
    for (const index of small) {
      const part = Math.max(least, wanted[index] ?? 0);
      parts[index] = part;
      left -= part;
    }
    open = open.filter((index) => !small.includes(index));
  }
  // Nobody can use all of it: what is left is there for whoever grows.
  return parts.map((part) => part + left / parts.length);
}
