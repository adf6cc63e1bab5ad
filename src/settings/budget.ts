/**
 * How much may be under way: windows of the receiving side, buffers of the sending one, all within the memory of a profile.
 *
 * @module
 */

import { BUFFER_LEN } from "../engine/door.generated.ts";
import { MAX_LANES } from "../protocol/limits.ts";
import type { Distance } from "./distance.ts";
import type { BoundedProfile, Tuning } from "./tuning.ts";
import { ULTRA } from "./ultra.ts";

export interface Budget {
  /** Lanes that a sender opens. */
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
  readonly outstandingBytes: number;
  /** Read ahead of what is outstanding, so that a disk's hiccup of some 10 ms does not reach the network. */
  readonly readAheadBytes: number;
}

const PATHS: Readonly<Record<Distance, PathNumbers>> = {
  // There is no delay to fill, only caches to stay in: 4 MiB took 10 % less CPU than 16, at the same rate or a better one, and as much
  // to read ahead took 8 % less of the sender's than 16.
  loopback: {
    lanes: 4,
    connectionWindowBytes: 4 * MIB,
    outstandingBytes: 4 * MIB,
    readAheadBytes: 4 * MIB,
  },
  // The product of 10 Gbps and 10 ms is 12 MB; 128 MiB measured the same rate as 4 MiB. As much is outstanding: an address looks near
  // behind a VPN too, and with half of it 200 Mbps, 150 ms and 0.5 % loss went 136 Mbps in place of 149, because a send ends in order.
  near: {
    lanes: 4,
    connectionWindowBytes: 16 * MIB,
    outstandingBytes: 16 * MIB,
    readAheadBytes: 16 * MIB,
  },
  // The product of 5 Gbps and 100 ms is 62 MB, what there is by default; with more memory longer paths are filled as well. More
  // lanes, so that a lost packet holds up a smaller part of what is under way.
  far: {
    lanes: 8,
    connectionWindowBytes: Infinity,
    outstandingBytes: Infinity,
    readAheadBytes: 16 * MIB,
  },
};

/** The ULTRA constants. What may be outstanding is not among them: 10 Gbps at 200 ms are 250 MB. */
const MAX: Budget = {
  lanes: ULTRA.lanes,
  connectionWindowBytes: ULTRA.connectionWindowBytes,
  laneWindowBytes: ULTRA.laneWindowBytes,
  outstandingBuffers: 256,
  readAheadBuffers: ULTRA.readAheadBlocks,
};

/**
 * Lanes that a sender may have for the asking. Each of them costs a receiver its window once it has been used, since QUIC gives no buffer back
 * (256 lanes with 4 MiB took 700 MB); and one connection is the slower the more of them it has.
 */
const GRANTED_LANES = 64;

/** QUIC takes no smaller window for a lane than its first buffer. */
const MIN_LANE_WINDOW = 64 * KIB;

/**
 * How much of a profile's memory may be under way. In the other half a sender reads ahead; a receiver's QUIC has more buffer there than
 * bytes: the windows of lanes are the whole memory together at first, and grow to twice the connection's (an edit in native/msquic-sys).
 */
export function mostUnderWay(memoryBytes: number): number {
  return Math.floor(memoryBytes / 2);
}

export function budgetOf(tuning: Tuning, distance: Distance): Budget {
  const found = tuning.profile.name === "max" ? MAX : pathBudget(tuning, distance, tuning.profile);
  return {
    lanes: tuning.streams ?? found.lanes,
    connectionWindowBytes: tuning.connectionWindowBytes ?? found.connectionWindowBytes,
    laneWindowBytes: tuning.laneWindowBytes ?? found.laneWindowBytes,
    outstandingBuffers: found.outstandingBuffers,
    readAheadBuffers: tuning.readAheadBuffers ?? found.readAheadBuffers,
  };
}

/** Lanes that a receiver grants at most. Wider windows than usual leave room for fewer. */
export function grantedLanes({ profile, streams, laneWindowBytes }: Tuning): number {
  if (streams !== undefined) return Math.min(streams, ULTRA.peerStreams);
  if (profile.name === "max") return MAX_LANES;
  if (laneWindowBytes === undefined) return GRANTED_LANES;
  return Math.max(1, Math.min(GRANTED_LANES, Math.floor(profile.memoryBytes / laneWindowBytes)));
}

/** Most bytes of windows and buffers that a sender takes. */
export function senderMemory({ outstandingBuffers, readAheadBuffers }: Budget): number {
  return (outstandingBuffers + readAheadBuffers) * BUFFER_LEN;
}

/** The same of a receiver: each lane's window may be used in turn, and together they grow to twice the connection's. */
export function receiverMemory({ connectionWindowBytes, laneWindowBytes }: Budget, lanes: number): number {
  return Math.max(2 * connectionWindowBytes, lanes * laneWindowBytes);
}

function pathBudget(tuning: Tuning, distance: Distance, { name, memoryBytes }: BoundedProfile): Budget {
  const path = PATHS[name === "auto" ? distance : name];
  const most = mostUnderWay(memoryBytes);
  const connectionWindowBytes = Math.min(path.connectionWindowBytes, most);
  // As wide as all granted lanes together may have it; and no lane can use up the connection's window alone.
  const laneShare = Math.min(
    memoryBytes / grantedLanes(tuning),
    (tuning.connectionWindowBytes ?? connectionWindowBytes) / 2,
  );
  return {
    lanes: path.lanes,
    connectionWindowBytes,
    laneWindowBytes: Math.max(powerOfTwoBelow(laneShare), MIN_LANE_WINDOW),
    outstandingBuffers: Math.floor(Math.min(path.outstandingBytes, most) / BUFFER_LEN),
    readAheadBuffers: Math.floor(Math.min(path.readAheadBytes, memoryBytes / 8) / BUFFER_LEN),
  };
}

/** Most bytes that the windows of all connections of a transfer come to: what one of them may have, and half as much again. */
export function allWindowsBytes({ profile }: Tuning): number {
  const one = profile.name === "max" ? MAX.connectionWindowBytes : mostUnderWay(profile.memoryBytes);
  return Math.floor(1.5 * one);
}

function powerOfTwoBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}
