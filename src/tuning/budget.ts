/**
 * How much may be under way: windows of the receiving side, buffers of the sending one, all within the memory of a profile.
 *
 * @module
 */

import { BUFFER_LEN } from "../engine/layout.generated.ts";
import { MAX_LANES } from "../protocol/limits.ts";
import type { AddressClass } from "./address_class.ts";
import type { BoundedProfile, Tuning } from "./tuning.ts";

export interface Budget {
  /** Lanes when the user names no number. */
  readonly lanes: number;
  /** Bytes that the peer may send ahead on a connection. */
  readonly connectionWindowBytes: number;
  /** The same for one lane, at first; a power of two. */
  readonly laneWindowBytes: number;
  /** Buffers handed to QUIC and not yet acknowledged, for each connection. */
  readonly outstandingBuffers: number;
  /** Buffers that readers fill ahead of them. */
  readonly readAheadBuffers: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** What a class of paths can use; more would only fall out of the caches. */
interface PathNumbers {
  /** One connection went 9.3 Gbps with 1 lane, 7.6 with 16 and 2 with 256, so they are few. */
  readonly lanes: number;
  readonly connectionWindowBytes: number;
  /**
   * A lane's first window is this part of the connection's. It doubles while lanes are fast, so it only has to be ahead of the start:
   * far, 4 MiB were as fast as 16, and 1 MiB cost 4 % of 100 MB. Near, no doubling is needed at all.
   */
  readonly laneShare: number;
  readonly outstandingBytes: number;
}

const PATHS: Readonly<Record<AddressClass, PathNumbers>> = {
  // There is no delay to fill, only caches to stay in: 4 MiB took 10 % less CPU than 16, at the same rate or a better one.
  loopback: { lanes: 4, connectionWindowBytes: 4 * MIB, laneShare: 2, outstandingBytes: 4 * MIB },
  // The product of 10 Gbps and 10 ms is 12 MB; 128 MiB measured the same rate as 4 MiB.
  near: { lanes: 4, connectionWindowBytes: 16 * MIB, laneShare: 4, outstandingBytes: 8 * MIB },
  // The product of 5 Gbps and 100 ms is 62 MB, what there is by default; with more memory longer paths are filled as well. More
  // lanes, so that a lost packet holds up a smaller part of what is under way.
  far: { lanes: 8, connectionWindowBytes: Infinity, laneShare: 16, outstandingBytes: Infinity },
};

/** The seed values of docs/design.md 7. What may be outstanding is not among them: 10 Gbps at 200 ms are 250 MB. */
const MAX: Budget = {
  lanes: MAX_LANES,
  connectionWindowBytes: 2 ** 31 - 1,
  laneWindowBytes: 256 * MIB,
  outstandingBuffers: 256,
  readAheadBuffers: 16,
};

/** Read ahead of what is outstanding, so that a disk's hiccup of some 10 ms does not reach the network. */
const READ_AHEAD_BYTES = 16 * MIB;

/** QUIC's settings take no smaller window for a lane than its first buffer. */
const MIN_LANE_WINDOW = 64 * KIB;

/**
 * How much of a profile's memory may be under way. In the other half a sender reads ahead; a receiver's QUIC has more buffer there than
 * bytes, because the buffers of lanes grow by doubling, up to twice the connection's window in all (native/msquic-sys/edits).
 */
export function mostUnderWay(memoryBytes: number): number {
  return Math.floor(memoryBytes / 2);
}

export function budgetOf(tuning: Tuning, addressClass: AddressClass): Budget {
  const found = tuning.profile.name === "max" ? MAX : pathBudget(tuning, addressClass, tuning.profile);
  return {
    ...found,
    connectionWindowBytes: tuning.connectionWindowBytes ?? found.connectionWindowBytes,
    laneWindowBytes: tuning.laneWindowBytes ?? found.laneWindowBytes,
    readAheadBuffers: tuning.readAheadBuffers ?? found.readAheadBuffers,
  };
}

function pathBudget(tuning: Tuning, addressClass: AddressClass, { name, memoryBytes }: BoundedProfile): Budget {
  const path = PATHS[name === "auto" ? addressClass : name];
  const most = mostUnderWay(memoryBytes);
  const connectionWindowBytes = Math.min(path.connectionWindowBytes, most);
  const laneWindowBytes = powerOfTwoBelow((tuning.connectionWindowBytes ?? connectionWindowBytes) / path.laneShare);
  return {
    lanes: path.lanes,
    connectionWindowBytes,
    laneWindowBytes: Math.max(laneWindowBytes, MIN_LANE_WINDOW),
    outstandingBuffers: Math.floor(Math.min(path.outstandingBytes, most) / BUFFER_LEN),
    readAheadBuffers: Math.floor(Math.min(READ_AHEAD_BYTES, memoryBytes / 8) / BUFFER_LEN),
  };
}

/** Most bytes that the windows of all connections of a transfer come to: what one of them may have, and half as much again. */
export function allWindowsBytes({ profile }: Tuning): number {
  const one = profile.name === "max" ? MAX.connectionWindowBytes : mostUnderWay(profile.memoryBytes);
  return Math.floor(1.5 * one);
}

/** Most bytes of windows and buffers that a process of this role takes for one connection. */
export function memoryOf(budget: Budget, role: "send" | "receive"): number {
  if (role === "receive") return budget.connectionWindowBytes;
  return (budget.outstandingBuffers + budget.readAheadBuffers) * BUFFER_LEN;
}

function powerOfTwoBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}
