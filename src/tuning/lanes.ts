/**
 * How many lanes, threads and buffers a transfer gets before anything was measured: the table of constants.
 *
 * @module
 */

import type { AddressClass } from "./address_class.ts";

/** What the data plane is started with. */
export interface EngineSizes {
  /** Threads that read and hash on the sending side. */
  readonly readers: number;
  /** Threads that hash and write on the receiving side. */
  readonly writers: number;
  /** Buffers of 1 MiB that readers fill ahead of the network. */
  readonly buffers: number;
  readonly executionProfile: number;
  /** Bytes handed to QUIC and not yet acknowledged, for each connection. */
  readonly outstandingBytes: number;
}

const MIB = 1024 * 1024;

/**
 * Lanes when the user names no number. One connection went 9.3 Gbps with 1 lane, 7.6 with 16 and 2 with 256, so they are few. On a far
 * path more of them, so that a lost packet holds up a smaller part of what is under way.
 */
const DEFAULT_LANES: Readonly<Record<AddressClass, number>> = { loopback: 4, near: 4, far: 8 };

/** Near, more only falls out of the caches, and most of all on loopback; far, the product of 5 Gbps and 100 ms must be under way. */
const OUTSTANDING_BYTES: Readonly<Record<AddressClass, number>> = {
  loopback: 4 * MIB,
  near: 8 * MIB,
  far: 64 * MIB,
};

/** Read ahead of what is outstanding, so that a disk's hiccup of some 10 ms does not reach the network. */
const READ_AHEAD_BUFFERS = 16;

/** One reader fills a connection; with four, as many disks' requests overlap. Hashing makes more useful only on large machines. */
const MAX_READERS = 4;

/** Beyond eight writers no disk got faster. */
const MAX_WRITERS = 8;

/**
 * Cores that the network's own threads keep busy. A second reader or writer on a machine of two cores has nothing to run on, and worse:
 * writes to one file wait for each other inside the kernel, which spins meanwhile (2 GiB to tmpfs took about 5 % longer with two of each).
 */
const NETWORK_CORES = 1;

/** msquic's QUIC_EXECUTION_PROFILE: network and cryptography on one thread, or on two. */
const LOW_LATENCY = 0;
const MAX_THROUGHPUT = 1;

/** Up to this many cores a second thread for each connection takes more than it gives. */
const FEW_CORES = 2;

export function defaultLanes(addressClass: AddressClass): number {
  return DEFAULT_LANES[addressClass];
}

/** @param cores `navigator.hardwareConcurrency` */
export function engineSizes(cores: number, addressClass: AddressClass): EngineSizes {
  const outstandingBytes = OUTSTANDING_BYTES[addressClass];
  return {
    readers: clamp(cores - NETWORK_CORES, 1, MAX_READERS),
    writers: clamp(cores - NETWORK_CORES, 1, MAX_WRITERS),
    buffers: outstandingBytes / MIB + READ_AHEAD_BUFFERS,
    executionProfile: cores > FEW_CORES ? MAX_THROUGHPUT : LOW_LATENCY,
    outstandingBytes,
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(Math.trunc(value) || min, min), max);
}
