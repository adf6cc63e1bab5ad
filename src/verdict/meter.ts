/**
 * Measures one transfer on this side: what the engine counted from its first moment to its last, as a `report` states it.
 *
 * Everything is read at the two ends of the transfer, so that it costs nothing in between. Work is counted for each transfer; times of
 * threads and of the machine are those of the whole process.
 *
 * @module
 */

import type { PathStats, ProcessLoad, ThreadRole, ThreadTime, TransferStats } from "../engine/engine.ts";
import type { TransferId } from "../protocol/words.ts";
import { mostOf, type ReportField, type ReportNumbers, reportOf } from "../protocol/report.ts";
import type { ControlLink } from "../link/control_link.ts";
import type { Context } from "../link/context.ts";

const NANOS_PER_MICRO = 1000;
const MICROS_PER_MS = 1000;

interface Moment {
  readonly ms: number;
  /** `undefined` for a transfer that is gone. */
  readonly stats: TransferStats | undefined;
  readonly load: ProcessLoad;
}

export class Meter {
  readonly #context: Context;
  readonly #transfer: TransferId;
  readonly #begin: Moment;

  /** Begins to measure. */
  constructor(transfer: TransferId, context: Context) {
    this.#context = context;
    this.#transfer = transfer;
    this.#begin = this.#now();
  }

  /**
   * What was counted so far.
   *
   * @param known what the engine does not know
   */
  report(
    links: readonly ControlLink[],
    known: Partial<Pick<ReportNumbers, "finishMicros" | "rateLimitBytes">>,
  ): ReportNumbers {
    const begin = this.#begin;
    const end = this.#now();
    const { engine } = this.#context.hub;
    const paths = links.flatMap((link) => engine.path(link.id) ?? []);
    const numbers: Partial<Record<ReportField, number>> = {
      spanMicros: (end.ms - begin.ms) * MICROS_PER_MS,
      ...known,
      ...counted(begin.stats, end.stats),
      ...processNumbers(begin.load, end.load),
      ...threadNumbers("control", begin.load, end.load),
      ...threadNumbers("network", begin.load, end.load),
      ...threadNumbers("read", begin.load, end.load),
      ...threadNumbers("write", begin.load, end.load),
      ...pathNumbers(paths),
    };
    return reportOf((field) => Math.min(Math.max(0, Math.round(numbers[field] ?? 0)), mostOf(field)));
  }

  #now(): Moment {
    const { clock, hub } = this.#context;
    return { ms: clock.now(), stats: hub.engine.stats(this.#transfer), load: hub.engine.load() };
  }
}

function counted(
  begin: TransferStats | undefined,
  end: TransferStats | undefined,
): Partial<Record<ReportField, number>> {
  const amount = (name: keyof TransferStats) => (end?.[name] ?? 0) - (begin?.[name] ?? 0);
  const micros = (name: keyof TransferStats) => amount(name) / NANOS_PER_MICRO;
  return {
    readBytes: amount("readBytes"),
    readMicros: micros("readTime"),
    hashMicros: micros("hashTime"),
    roomWaitMicros: micros("sendWait"),
    sentBytes: amount("sentBytes"),
    receivedBytes: amount("receivedBytes"),
    writtenBytes: amount("writtenBytes"),
    writeMicros: micros("writeTime"),
    receiveHashMicros: micros("receiveHashTime"),
    commitMicros: micros("commitTime"),
    committedFiles: amount("committedFiles"),
  };
}

function processNumbers(begin: ProcessLoad, end: ProcessLoad): Partial<Record<ReportField, number>> {
  return {
    cpuMicros: (end.cpuTime - begin.cpuTime) / NANOS_PER_MICRO,
    cores: end.cores,
    machineBusyMicros: (end.machineBusyTime - begin.machineBusyTime) / NANOS_PER_MICRO,
    machineCores: end.machineCores,
    receiveBufferBytes: end.receiveBuffer,
    droppedDatagrams: end.droppedDatagrams - begin.droppedDatagrams,
    segmentation: end.segmentation,
    coalescing: end.coalescing,
  };
}

function threadNumbers(
  role: ThreadRole & ("control" | "network" | "read" | "write"),
  begin: ProcessLoad,
  end: ProcessLoad,
): Partial<Record<ReportField, number>> {
  const before = new Map(begin.threads.map((thread) => [thread.id, thread]));
  const threads = end.threads.filter((thread) => thread.role === role).map((thread) => since(before, thread));
  const busiest = threads.reduce((one, other) => other.ran + other.waited > one.ran + one.waited ? other : one, IDLE);
  const sum = (part: "ran" | "waited") => threads.reduce((total, thread) => total + thread[part], 0) / NANOS_PER_MICRO;
  return {
    [`${role}Threads`]: threads.length,
    [`${role}RanMicros`]: busiest.ran / NANOS_PER_MICRO,
    [`${role}StarvedMicros`]: busiest.waited / NANOS_PER_MICRO,
    [`${role}AllRanMicros`]: sum("ran"),
    [`${role}AllStarvedMicros`]: sum("waited"),
  };
}

type Times = Pick<ThreadTime, "ran" | "waited">;

const IDLE: Times = { ran: 0, waited: 0 };

function since(before: ReadonlyMap<number, ThreadTime>, { id, ran, waited }: ThreadTime): Times {
  const { ran: ranBefore, waited: waitedBefore } = before.get(id) ?? IDLE;
  return { ran: ran - ranBefore, waited: waited - waitedBefore };
}

/** Of several connections the sums, and the round trip of the slowest. */
function pathNumbers(paths: readonly PathStats[]): Partial<Record<ReportField, number>> {
  const sum = (name: keyof PathStats) => paths.reduce((total, path) => total + path[name], 0);
  const most = (name: keyof PathStats) => Math.max(0, ...paths.map((path) => path[name]));
  return {
    connections: paths.length,
    rttMicros: most("rtt") / NANOS_PER_MICRO,
    minRttMicros: most("minRtt") / NANOS_PER_MICRO,
    sentPackets: sum("sentPackets"),
    lostPackets: sum("lostPackets"),
    ackGaps: sum("ackGaps"),
    ackGapMicros: sum("ackGapTime") / NANOS_PER_MICRO,
    pacingWaitMicros: sum("pacingWait") / NANOS_PER_MICRO,
    congestionWaitMicros: sum("congestionWait") / NANOS_PER_MICRO,
    windowWaitMicros: sum("windowWait") / NANOS_PER_MICRO,
    lanes: sum("lanes"),
    laneWindowWaitMicros: sum("laneWindowWait") / NANOS_PER_MICRO,
    laneIdleMicros: sum("laneIdleTime") / NANOS_PER_MICRO,
    receiveWindowBytes: sum("receiveWindow"),
    mostOutstandingBytes: sum("mostOutstanding"),
  };
}
