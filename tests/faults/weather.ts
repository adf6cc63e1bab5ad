/**
 * What a bad network does to datagrams. What becomes of one is decided by the seed, the direction and how many came before it; when it comes
 * is not.
 *
 * @module
 */

import { Random } from "../simulation/random.ts";

/** What happens to datagrams on the way in one direction. Chances are from 0 to 1. */
export interface Weather {
  readonly drop: number;
  readonly duplicate: number;
  /** One bit is turned. */
  readonly corrupt: number;
  readonly delayMs: number;
  /** Up to so much is added to the delay of each: they overtake each other. */
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  /** What waits for its turn at `bytesPerSecond`, at most; what comes then is lost. */
  readonly queueBytes: number;
  /** Larger ones are lost, and nobody is told: a black hole of the MTU. */
  readonly maxDatagram: number;
  /** Everything is lost. */
  readonly isSilent: boolean;
  /** Everything waits, up to `queueBytes`, until this is false again. */
  readonly isHeld: boolean;
}

export const FAIR: Weather = {
  drop: 0,
  duplicate: 0,
  corrupt: 0,
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: Infinity,
  queueBytes: Infinity,
  maxDatagram: Infinity,
  isSilent: false,
  isHeld: false,
};

/** `out`: from dialers to the listener; `back`: from the listener to dialers. */
export type Direction = "out" | "back";

/** What passed in one direction. */
export interface Counts {
  readonly datagrams: number;
  readonly bytes: number;
  readonly lost: number;
}

export const DIRECTIONS: readonly Direction[] = ["out", "back"];

export type Deliver = (datagram: Uint8Array) => void;

/** One direction. */
export class Line {
  readonly #random: Random;
  readonly #held: (() => void)[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #marks = new Set<{ readonly at: number; readonly reached: () => void }>();
  #weather = FAIR;
  #datagrams = 0;
  #bytes = 0;
  #lost = 0;
  #heldBytes = 0;
  /** When the last datagram has left that waits for its turn. */
  #freeAt = 0;

  readonly #now: () => number;

  /** @param now in milliseconds, for the order in which datagrams leave at a rate */
  constructor(seed: number, now = () => performance.now()) {
    this.#random = new Random(seed);
    this.#now = now;
  }

  get counts(): Counts {
    return { datagrams: this.#datagrams, bytes: this.#bytes, lost: this.#lost };
  }

  set(weather: Partial<Weather>): void {
    const was = this.#weather;
    this.#weather = { ...was, ...weather };
    // What waited at a slow rate is not to hold up what comes at a fast one.
    if (this.#weather.bytesPerSecond !== was.bytesPerSecond) this.#freeAt = 0;
    if (this.#weather.isHeld) return;
    this.#heldBytes = 0;
    for (const release of this.#held.splice(0)) release();
  }

  carried(bytes: number): Promise<void> {
    return new Promise((reached) => this.#marks.add({ at: this.#bytes + bytes, reached }));
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { reached } of this.#marks) reached();
  }

  take(bytes: Uint8Array, deliver: Deliver): void {
    this.#datagrams += 1;
    this.#bytes += bytes.length;
    for (const mark of this.#marks) {
      if (this.#bytes < mark.at) continue;
      this.#marks.delete(mark);
      mark.reached();
    }
    // Always the same number of draws, so that what becomes of a datagram does not depend on the weather before it.
    const random = this.#random;
    const [drop, duplicate, corrupt] = [random.time(0, 1), random.time(0, 1), random.time(0, 1)];
    const [bit, jitters] = [random.bits(), [random.time(0, 1), random.time(0, 1)] as const];
    const weather = this.#weather;
    if (weather.isSilent || bytes.length > weather.maxDatagram || drop < weather.drop) {
      this.#lost += 1;
      return;
    }
    const datagram = corrupt < weather.corrupt ? withBitTurned(bytes, bit) : bytes;
    this.#schedule(datagram, jitters[0], deliver);
    if (duplicate < weather.duplicate) this.#schedule(datagram, jitters[1], deliver);
  }

  #schedule(datagram: Uint8Array, jitter: number, deliver: Deliver): void {
    const { delayMs, jitterMs, bytesPerSecond, queueBytes, isHeld } = this.#weather;
    if (isHeld) {
      if (this.#heldBytes + datagram.length > queueBytes) {
        this.#lost += 1;
        return;
      }
      this.#heldBytes += datagram.length;
      this.#held.push(() => this.#schedule(datagram, jitter, deliver));
      return;
    }
    const now = this.#now();
    let leavesAt = now;
    if (bytesPerSecond < Infinity) {
      const startsAt = Math.max(now, this.#freeAt);
      if ((startsAt - now) * bytesPerSecond / 1000 + datagram.length > queueBytes) {
        this.#lost += 1;
        return;
      }
      leavesAt = this.#freeAt = startsAt + datagram.length * 1000 / bytesPerSecond;
    }
    const waitMs = leavesAt - now + delayMs + jitter * jitterMs;
    if (waitMs < 1) return deliver(datagram);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      deliver(datagram);
    }, waitMs);
    this.#timers.add(timer);
  }
}

function withBitTurned(bytes: Uint8Array, bit: number): Uint8Array {
  const turned = bytes.slice();
  const at = bit % (8 * Math.max(bytes.length, 1));
  const byte = turned[at >> 3];
  if (byte !== undefined) turned[at >> 3] = byte ^ (1 << (at & 7));
  return turned;
}
