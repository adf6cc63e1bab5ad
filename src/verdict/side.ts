/** One side's numbers as parts of the time that the transfer took. Pure. @module */

import type { ReportField, ReportNumbers } from "../protocol/report.ts";

/** Threads that the way of a byte needs. */
export type Role = "control" | "network" | "read" | "write";

export const ROLES: readonly Role[] = ["network", "read", "write", "control"];

const MICROS = 1e6;

export class Side {
  readonly #numbers: ReportNumbers;

  constructor(numbers: ReportNumbers) {
    this.#numbers = numbers;
  }

  get seconds(): number {
    return this.#numbers.spanMicros / MICROS;
  }

  value(field: ReportField): number {
    return this.#numbers[field];
  }

  /** Of the whole time; above 1 when several threads add to it. */
  share(...fields: readonly ReportField[]): number {
    const sum = fields.reduce((total, field) => total + this.#numbers[field], 0);
    return ratio(sum, this.#numbers.spanMicros);
  }

  perSecond(field: ReportField): number {
    return ratio(this.#numbers[field] * MICROS, this.#numbers.spanMicros);
  }

  /** How much of the time the busiest thread of a role ran, or could have run if it had had a core. */
  core(role: Role): number {
    return this.share(`${role}RanMicros`, `${role}StarvedMicros`);
  }

  starved(role: Role): number {
    return this.share(`${role}StarvedMicros`);
  }

  /** How much of the time readers were in a read without needing a core: the disk kept them waiting. */
  get readDisk(): number {
    const busy = this.share("readMicros", "hashMicros") - this.share("readAllRanMicros", "readAllStarvedMicros");
    return part(busy / Math.max(1, this.value("readThreads")));
  }

  /** How much of the time readers had nothing to do because what they had read was not gone yet. */
  get room(): number {
    return part(this.share("roomWaitMicros") / Math.max(1, this.value("readThreads")));
  }

  /** The same as {@linkcode readDisk} for writing; what is waited for at the end is waited for with one thread or with many. */
  get writeDisk(): number {
    const threads = Math.max(1, this.value("writeThreads"));
    const cores = this.share("writeAllRanMicros", "writeAllStarvedMicros");
    const moving = Math.max(0, this.share("writeMicros", "receiveHashMicros") - cores) / threads;
    const all = (this.share("writeMicros", "receiveHashMicros", "commitMicros") - cores) / threads;
    return part(Math.max(all, moving + this.share("finishMicros")));
  }

  /** How much of the time this side's sending waited because the path would not have taken more. */
  get path(): number {
    return part(this.share("pacingWaitMicros", "congestionWaitMicros") / Math.max(1, this.value("connections")));
  }

  /** How much of the time it waited because the peer would not have taken more. */
  get window(): number {
    const connection = this.share("windowWaitMicros") / Math.max(1, this.value("connections"));
    return part(Math.max(connection, this.share("laneWindowWaitMicros") / Math.max(1, this.value("lanes"))));
  }

  /** How much of the time acknowledgements of what this side had sent were late. */
  get ackGaps(): number {
    return part(this.share("ackGapMicros") / Math.max(1, this.value("connections")));
  }

  get loss(): number {
    return part(ratio(this.value("lostPackets"), this.value("sentPackets")));
  }

  /** Idle cores. */
  get idleCores(): number {
    return Math.max(0, this.value("machineCores") - this.busyCores);
  }

  /** Cores that were busy, by whomever. */
  get busyCores(): number {
    return this.share("machineBusyMicros");
  }
}

/** What went through in a second, times what a round trip takes: as much as must have been under way. */
export function underWay(side: Side): number {
  return side.perSecond("sentBytes") * side.value("minRttMicros") / MICROS;
}

function ratio(one: number, other: number): number {
  return other > 0 ? one / other : 0;
}

function part(value: number): number {
  return Math.min(1, Math.max(0, value));
}
