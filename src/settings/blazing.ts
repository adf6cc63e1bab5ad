/**
 * The numbers of the older format, which were fixed: `docs/protocol.md`, "The older format". They hold as far as this side decides them, and
 * knows the format in time: a listener does when a dialer comes, a dialer that may speak either format does not, because its settings freeze
 * with its first message.
 *
 * @module
 */

import type { Tuning } from "./tuning.ts";

const MIB = 1024 * 1024;

interface BlazingNumbers {
  readonly streams: number;
  readonly connections: number;
  readonly chunkBlocks: number;
  readonly laneWindowBytes: number;
  readonly connectionWindowBytes: number;
}

export const BLAZING: BlazingNumbers = {
  streams: 16,
  connections: 1,
  /** A piece of 1 MiB is what a stream is given at once. */
  chunkBlocks: 1,
  laneWindowBytes: MIB,
  connectionWindowBytes: 16 * MIB,
};

/** The tuning of a transfer in the older format. */
export function blazingTuning(tuning: Tuning): Tuning {
  return { ...tuning, ...BLAZING, format: "blazing", congestionControl: tuning.olderCongestionControl };
}
