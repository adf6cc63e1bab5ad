/**
 * The phases of `ultra test`: in which order what is moved, and how much of it, so that each phase takes about as long. Pure.
 *
 * What goes from memory to a disk stays there, and is what the same disk is read with afterwards.
 *
 * @module
 */

import { BLOCK_LEN, MAX_TEST_BYTES } from "../protocol/limits.ts";
import type { TestPhase, TestSide } from "../protocol/messages.ts";

export interface TestSizes {
  /** Bytes of each phase; `undefined`: as many as take {@linkcode TARGET_SECONDS}. */
  readonly size: number | undefined;
  /** Whether both sides are one process: then one way says it all, and both have the same disk. */
  readonly isLocal: boolean;
}

const MIB = BLOCK_LEN;

/** Long enough for slow start to be a small part of it, and short enough to be waited for eight times. */
const TARGET_SECONDS = 3;

/** A probe that took this long tells the rate well enough. */
const ENOUGH_SECONDS = 0.3;

/** Between two probes. */
const GROWTH = 8;

/** A first probe takes a second at 8 Mbit/s; a disk's would be over before the disk knows of it. */
const FIRST_PROBE = { memory: MIB, disk: 16 * MIB } as const;

const LAST_PROBE = 512 * MIB;

/** What a phase moves at most by itself: a test must not fill a disk or wear its cells. */
const MOST = { memory: 16 * 1024 * MIB, disk: 2 * 1024 * MIB } as const;

const KINDS: readonly Pick<TestPhase, "from" | "to">[] = [
  { from: "memory", to: "memory" },
  { from: "memory", to: "disk" },
  { from: "disk", to: "memory" },
  { from: "disk", to: "disk" },
];

type Phase = Omit<TestPhase, "type">;

/** Yields the phases; it is to be told how many seconds each one took. */
export function* testPlan({ size, isLocal }: TestSizes): Generator<Phase, void, number> {
  const senders: readonly TestSide[] = isLocal ? ["dialer"] : ["dialer", "listener"];
  const onDisk = { dialer: 0, listener: 0 };
  for (const { from, to } of KINDS) {
    for (const sender of senders) {
      const isLast = from === "disk" && to === "disk" && sender === senders.at(-1);
      const phase = { sender, from, to, isProbe: false, isLast };
      const receiver = isLocal || sender === "listener" ? "dialer" : "listener";
      const bytes = from === "disk" ? onDisk[sender] : size ?? (yield* probes(phase));
      yield { ...phase, size: bytes };
      if (from === "memory" && to === "disk") onDisk[receiver] = bytes;
    }
  }
}

/** Yields probes until one took long enough; the result is how much the phase shall move. */
function* probes(phase: Omit<Phase, "size">): Generator<Phase, number, number> {
  const first = FIRST_PROBE[phase.to];
  for (let size: number = first;; size = Math.min(size * GROWTH, LAST_PROBE)) {
    const seconds = yield { ...phase, isProbe: true, size };
    if (seconds < ENOUGH_SECONDS && size < LAST_PROBE) continue;
    const blocks = Math.floor(size / MIB * TARGET_SECONDS / Math.max(seconds, 0.001));
    return Math.min(Math.max(blocks * MIB, first), MOST[phase.to], MAX_TEST_BYTES);
  }
}
