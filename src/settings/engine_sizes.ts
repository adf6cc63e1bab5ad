/**
 * How many threads and buffers the data plane is started with, before anything was measured.
 *
 * @module
 */

import type { EngineSizes } from "../engine/engine.ts";
import { BUFFER_LEN } from "../engine/door.generated.ts";
import type { Distance } from "./distance.ts";
import { type Budget, budgetOf } from "./budget.ts";
import { automaticConnections } from "./connections.ts";
import { DEFAULT_TUNING, type Tuning } from "./tuning.ts";
import { ULTRA } from "./ultra.ts";

/** One reader fills a connection; with four, as many disks' requests overlap. Hashing makes more useful only on large machines. */
const MAX_READERS = 4;

/** Beyond eight writers no disk got faster. */
const MAX_WRITERS = 8;

/**
 * Cores that the network's own threads keep busy. A second reader or writer on a machine of two cores has nothing to run on, and worse:
 * writes to one file wait for each other inside the kernel, which spins meanwhile (2 GiB to tmpfs took about 5 % longer with two of each).
 */
const NETWORK_CORES = 1;

/** QUIC's own limit. */
const MAX_NETWORK_THREADS = 512;

/** Up to this many cores a second thread for each connection takes more than it gives. */
const FEW_CORES = 2;

/**
 * A connection keeps to one thread, so more than one serve further connections. With two on two cores every second packet of a listener
 * came in on the other one, which only handed it over: 3 % of all CPU time.
 *
 * @param cores `navigator.hardwareConcurrency`
 */
export function networkThreads(cores: number): number {
  return cores > FEW_CORES ? clamp(cores, 1, MAX_NETWORK_THREADS) : 1;
}

/**
 * @param cores `navigator.hardwareConcurrency`
 * @param clients peers at the same time that have nothing to do with each other, and share the buffers; each has one more of its own
 */
export function engineSizes(
  cores: number,
  distance: Distance,
  tuning: Tuning = DEFAULT_TUNING,
  clients = 0,
): EngineSizes {
  const budget = budgetOf(tuning, distance);
  const isMax = tuning.profile.name === "max";
  return {
    readers: clamp(cores - NETWORK_CORES, 1, MAX_READERS),
    writers: tuning.writers ?? (isMax ? ULTRA.writes : clamp(cores - NETWORK_CORES, 1, MAX_WRITERS)),
    buffers: buffersOf(tuning, budget, tuning.connections ?? automaticConnections(distance, cores)) + clients,
    keptBuffers: clients,
    executionProfile: cores > FEW_CORES ? "max-throughput" : "low-latency",
    networkThreads: networkThreads(cores),
    outstandingBytes: budget.outstandingBuffers * BUFFER_LEN,
  };
}

/** Each connection may have its own outstanding, within the memory; beyond it they share. */
function buffersOf({ profile }: Tuning, { outstandingBuffers, readAheadBuffers }: Budget, connections: number): number {
  const alone = outstandingBuffers + readAheadBuffers;
  if (profile.name === "max") return alone;
  const most = Math.floor(profile.memoryBytes / BUFFER_LEN);
  return Math.max(alone, Math.min(connections * outstandingBuffers + readAheadBuffers, most));
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(Math.trunc(value) || min, min), max);
}
