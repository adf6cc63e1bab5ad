/**
 * The phases of `ultra test`: in which order what is moved, and how much of it, so that each phase takes about as long. Pure.
 *
 * What goes from memory to a disk stays there, and is what the same disk is read with afterwards. A second round repeats what the verdict
 * would rest on and cannot yet: phases that were too short, and those by which a disk would be blamed, or by which it would do better than
 * no disk at all. One measurement alone may have been a moment in which something else was going on.
 *
 * @module
 */

import { BLOCK_LEN, MAX_TEST_BYTES } from "../protocol/limits.ts";
import type { TestPhase, TestSide } from "../protocol/messages.ts";
import { MIN_SECONDS } from "../verdict/judges.ts";
import { NOTABLE } from "./verdict.ts";

export interface TestSizes {
  /** Bytes of each phase of the first round; `undefined`: as many as take {@linkcode TARGET_SECONDS}. */
  readonly size: number | undefined;
  /** Whether both sides are one process: then one way says it all, and both have the same disk. */
  readonly isLocal: boolean;
}

const MIB = BLOCK_LEN;

/** Long enough for slow start to be a small part of it, and short enough to be waited for eight times. */
const TARGET_SECONDS = 3;

/** Long enough to tell, twice over. */
const SHORT_SECONDS = 2 * MIN_SECONDS;

/** What is only written to be read may take this long. */
const MOST_PROBE_SECONDS = 2.4;

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

/** Kinds that verdicts rest on. */
type Kind = "memory-memory" | "memory-disk" | "disk-memory" | "disk-disk";

interface Result {
  readonly size: number;
  readonly seconds: number;
}

/** Yields the phases; it is to be told how many seconds each one took. */
export function testPlan(sizes: TestSizes): Generator<Phase, void, number> {
  return new Plan(sizes).phases();
}

class Plan {
  readonly #size: number | undefined;
  readonly #isLocal: boolean;
  readonly #onDisk: Record<TestSide, number> = { dialer: 0, listener: 0 };
  /** Of the first round. */
  readonly #results: Record<TestSide, Map<Kind, Result>> = { dialer: new Map(), listener: new Map() };

  constructor({ size, isLocal }: TestSizes) {
    this.#size = size;
    this.#isLocal = isLocal;
  }

  *phases(): Generator<Phase, void, number> {
    const senders: readonly TestSide[] = this.#isLocal ? ["dialer"] : ["dialer", "listener"];
    // What is in doubt is known before the last phase, which no verdict rests on: so it can say whether it is the last one.
    let doubts: readonly Doubt[] = [];
    for (const { from, to } of KINDS) {
      for (const sender of senders) {
        const isEnd = from === "disk" && to === "disk" && sender === senders.at(-1);
        if (isEnd) doubts = senders.flatMap((side) => this.#doubtsOf(side));
        const phase = { sender, from, to, isProbe: false, isLast: isEnd && doubts.length === 0 };
        const size = from === "disk" ? this.#onDisk[sender] : this.#size ?? (yield* probes(phase, TARGET_SECONDS));
        const seconds = yield* this.#run({ ...phase, size });
        this.#results[sender].set(`${from}-${to}`, { size, seconds });
      }
    }
    for (const [index, { sender, kind }] of doubts.entries()) {
      yield* this.#again(sender, kind, index === doubts.length - 1);
    }
  }

  *#run(phase: Phase): Generator<Phase, number, number> {
    const seconds = yield phase;
    if (phase.from === "memory" && phase.to === "disk") this.#onDisk[this.#receiverOf(phase.sender)] = phase.size;
    return seconds;
  }

  #receiverOf(sender: TestSide): TestSide {
    return this.#isLocal || sender === "listener" ? "dialer" : "listener";
  }

  /** What of one way is to be measured once more. */
  #doubtsOf(sender: TestSide): Doubt[] {
    const results = this.#results[sender];
    const memory = results.get("memory-memory");
    if (memory === undefined) return [];
    const isDoubtful = (kind: Kind) => {
      const result = results.get(kind);
      if (result === undefined) return false;
      const ratio = rate(result) / rate(memory);
      return isTooShort(result, kind) || ratio < NOTABLE || ratio > 1 / NOTABLE;
    };
    const disks = (["memory-disk", "disk-memory"] as const).filter(isDoubtful);
    if (disks.length === 0 && !isTooShort(memory, "memory-memory")) return [];
    const doubts = (["memory-memory", ...disks] as const).map((kind) => ({ sender, kind }));
    // What was too short is no first measurement: then there are two more, in turns.
    const isShort = doubts.some(({ kind }) => isTooShort(results.get(kind) ?? memory, kind));
    return isShort ? [...doubts, ...doubts] : doubts;
  }

  /** Measures once more, with as much as tells. */
  *#again(sender: TestSide, kind: Kind, isLast: boolean): Generator<Phase, void, number> {
    if (kind === "disk-memory") return yield* this.#readAgain(sender, isLast);
    const phase = {
      sender,
      from: "memory",
      to: kind === "memory-disk" ? "disk" : "memory",
      isProbe: false,
      isLast,
    } as const;
    const before = this.#results[sender].get(kind);
    const size = before !== undefined && before.seconds >= ENOUGH_SECONDS
      ? sizeFor(before, this.#seconds, phase)
      : yield* probes(phase, this.#seconds);
    this.#results[sender].set(kind, { size, seconds: yield* this.#run({ ...phase, size }) });
  }

  /** What is read has to be written first: by the other side, and for no longer than a phase takes. */
  *#readAgain(sender: TestSide, isLast: boolean): Generator<Phase, void, number> {
    const writer = this.#isLocal ? sender : this.#receiverOf(sender);
    const written = this.#results[writer].get("memory-disk");
    const most = written === undefined ? 0 : sizeFor(written, MOST_PROBE_SECONDS, { to: "disk" });
    const read = { sender, from: "disk", to: "memory" } as const;
    let seconds = this.#results[sender].get("disk-memory")?.seconds ?? 0;
    let size = this.#onDisk[sender];
    while (seconds < MIN_SECONDS && size < most) {
      size = Math.min(size * GROWTH, most);
      yield* this.#run({ sender: writer, from: "memory", to: "disk", size, isProbe: true, isLast: false });
      seconds = yield { ...read, size, isProbe: true, isLast: false };
    }
    size = this.#onDisk[sender];
    seconds = yield { ...read, size, isProbe: false, isLast };
    this.#results[sender].set("disk-memory", { size, seconds });
  }

  /** Whoever names a size wants it short: as little as tells. */
  get #seconds(): number {
    return this.#size === undefined ? TARGET_SECONDS : SHORT_SECONDS;
  }
}

interface Doubt {
  readonly sender: TestSide;
  readonly kind: Kind;
}

/** Whether more of it would tell more. */
function isTooShort({ size, seconds }: Result, kind: Kind): boolean {
  return seconds < MIN_SECONDS && size < MOST[kind === "memory-memory" ? "memory" : "disk"];
}

/** Yields probes until one took long enough; the result is how much the phase shall move. */
function* probes(phase: Omit<Phase, "size">, target: number): Generator<Phase, number, number> {
  for (let size: number = FIRST_PROBE[phase.to];; size = Math.min(size * GROWTH, LAST_PROBE)) {
    const seconds = yield { ...phase, isProbe: true, isLast: false, size };
    if (seconds < ENOUGH_SECONDS && size < LAST_PROBE) continue;
    return sizeFor({ size, seconds }, target, phase);
  }
}

/** What takes so long, in whole blocks and within bounds. */
function sizeFor(result: Result, seconds: number, { to }: Pick<Phase, "to">): number {
  const blocks = Math.floor(rate(result) / MIB * seconds);
  return Math.min(Math.max(blocks * MIB, FIRST_PROBE[to]), MOST[to], MAX_TEST_BYTES);
}

function rate({ size, seconds }: Result): number {
  return size / Math.max(seconds, 0.001);
}
