/**
 * The numbers of the older format, which were fixed: `docs/protocol.md`, "The older format". They hold as far as this side decides them, and
 * a connection that may speak either format has the settings of ULTRA, because they freeze before the format is known.
 *
 * @module
 */

import type { CongestionControl } from "../protocol/words.ts";
import type { Tuning } from "./tuning.ts";

const MIB = 1024 * 1024;

interface BlazingNumbers {
  readonly streams: number;
  readonly connections: number;
  readonly chunkBlocks: number;
  readonly laneWindowBytes: number;
  readonly connectionWindowBytes: number;
  readonly congestionControl: CongestionControl;
}

export const BLAZING: BlazingNumbers = {
  streams: 16,
  connections: 1,
  /** A piece of 1 MiB is what a stream is given at once. */
  chunkBlocks: 1,
  laneWindowBytes: MIB,
  connectionWindowBytes: 16 * MIB,
  /** Unless the user asks for another one. */
  congestionControl: "cubic",
};

/** The tuning of a transfer in the older format. Congestion control stays what it is. */
export function blazingTuning(tuning: Tuning): Tuning {
  return { ...tuning, ...BLAZING, congestionControl: tuning.congestionControl };
}
