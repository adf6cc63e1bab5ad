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

/** Who waits for the limit so much of the time can use more. Who does not is limited by something else, and keeps some room to grow. */
const WAITING = 0.1;
const ROOM = 1.25;

/** No part is less than this: a client that has just begun has to show what it can use. */
const LEAST_SHARE = 0.02;

/** What is known of a client. */
interface Known {
  /** At the last weighing: bytes that had been sent, and nanoseconds that they had waited for the limit. */
  sentBytes: number;
  limitWait: number;
  /** What it can use, in bytes a second; `Infinity`: all that it gets, which holds for whoever has just begun. */
  wanted: number;
}

export class SharedRate {
  readonly #engine: Pick<Engine, "stats" | "limitRate">;
  readonly #timers: Timers;
  readonly #total: number;
  readonly #sources = new Map<SourceId, Known>();
  #weighing: Disposable | undefined;

  constructor(total: number, engine: Pick<Engine, "stats" | "limitRate">, timers: Timers) {
    this.#total = total;
    this.#engine = engine;
    this.#timers = timers;
  }

  /** A client begins; what it may send at first, in bytes a second. */
  begin(source: SourceId): number {
    this.#sources.set(source, { sentBytes: 0, limitWait: 0, wanted: Infinity });
    this.#weighing ??= this.#timers.every(WEIGH_MS, () => this.#weigh());
    return this.#divide().get(source) ?? this.#total;
  }

  end(source: SourceId): void {
    this.#sources.delete(source);
    this.#divide();
    if (this.#sources.size > 0) return;
    this.#weighing?.[Symbol.dispose]();
    this.#weighing = undefined;
  }

  /**
   * Looks at what each client can use. What it has sent says little: a slow part is one burst every few seconds. Whether anything of it waits
   * for the limit says it at once.
   */
  #weigh(): void {
    for (const [id, known] of this.#sources) {
      const { sentBytes, limitWait } = this.#engine.stats(id) ?? known;
      const isWaiting = limitWait - known.limitWait >= WAITING * WEIGH_MS * 1e6;
      known.wanted = isWaiting ? Infinity : ROOM * (sentBytes - known.sentBytes) * 1000 / WEIGH_MS;
      Object.assign(known, { sentBytes, limitWait });
    }
    this.#divide();
  }

  /** Whoever comes or goes changes the parts of those who use theirs: one that stands still gets nothing back by it. */
  #divide(): ReadonlyMap<SourceId, number> {
    const parts = fairParts(this.#total, [...this.#sources.values()].map(({ wanted }) => wanted));
    const given = new Map([...this.#sources.keys()].map((id, index) => [id, Math.max(1, parts[index] ?? 0)]));
    for (const [id, part] of given) this.#engine.limitRate(id, part);
    return given;
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
