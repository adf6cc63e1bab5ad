/**
 * What one side counted in a transfer: the numbers of the message `report`, from which both sides form the same verdict.
 *
 * @module
 */

import { SIZE_LIMIT } from "./limits.ts";

/**
 * In the order of the wire. What ends in `Micros` is a time in microseconds, what ends in `Bytes` a number of bytes; times of several
 * threads or lanes are sums. What a side does not know is 0.
 */
export const REPORT_FIELDS = [
  // How long was measured: from the lanes' opening to the end.
  "spanMicros",
  // Sending: reader threads read, hash, and wait for room in the send path.
  "readBytes",
  "readMicros",
  "hashMicros",
  "roomWaitMicros",
  "sentBytes",
  // Receiving: writer threads hash, write and commit.
  "receivedBytes",
  "writtenBytes",
  "writeMicros",
  "receiveHashMicros",
  "commitMicros",
  "committedFiles",
  // How long the receiver was busy with the disk alone, when everything had arrived.
  "finishMicros",
  // The process and its machine.
  "cpuMicros",
  "cores",
  "machineBusyMicros",
  "machineCores",
  // Threads by what they do. Of the busiest one: how long it ran, and how long it could have run but had no core.
  "controlThreads",
  "controlRanMicros",
  "controlStarvedMicros",
  "controlAllRanMicros",
  "controlAllStarvedMicros",
  "networkThreads",
  "networkRanMicros",
  "networkStarvedMicros",
  "networkAllRanMicros",
  "networkAllStarvedMicros",
  "readThreads",
  "readRanMicros",
  "readStarvedMicros",
  "readAllRanMicros",
  "readAllStarvedMicros",
  "writeThreads",
  "writeRanMicros",
  "writeStarvedMicros",
  "writeAllRanMicros",
  "writeAllStarvedMicros",
  // The path, as this side's QUIC saw it, and what its sending waited for.
  "connections",
  "rttMicros",
  "minRttMicros",
  "sentPackets",
  "lostPackets",
  "pacingWaitMicros",
  "congestionWaitMicros",
  "windowWaitMicros",
  "lanes",
  "laneWindowWaitMicros",
  "laneIdleMicros",
  // What this side allows: to the peer and to itself on all connections together, and in a UDP socket.
  "receiveWindowBytes",
  "mostOutstandingBytes",
  "receiveBufferBytes",
  "droppedDatagrams",
  // 1: the kernel takes many datagrams in one call, or gives them.
  "segmentation",
  "coalescing",
  // What the user allows in a second; 0: anything.
  "rateLimitBytes",
] as const;

/** What was added later: in `extra`, in this order, so that versions that do not know it skip it. Absent ones are 0. */
export const LATER_REPORT_FIELDS = [
  // Acknowledgements that came more than 30 ms after they were due while data was under way, and how late they were together.
  "ackGaps",
  "ackGapMicros",
] as const;

export type ReportField = (typeof REPORT_FIELDS | typeof LATER_REPORT_FIELDS)[number];

export const ALL_REPORT_FIELDS: readonly ReportField[] = [...REPORT_FIELDS, ...LATER_REPORT_FIELDS];

export type ReportNumbers = Readonly<Record<ReportField, number>>;

/** Longest time: 35 years on one thread. */
const MAX_MICROS = 2 ** 50;

const MAX_COUNT = 0xffff_ffff;

const YES_OR_NO: readonly ReportField[] = ["segmentation", "coalescing"];

/** The largest number that a field may have. */
export function mostOf(field: ReportField): number {
  if (field.endsWith("Micros")) return MAX_MICROS;
  if (field.endsWith("Bytes")) return SIZE_LIMIT - 1;
  return YES_OR_NO.includes(field) ? 1 : MAX_COUNT;
}

/** The same numbers for every field that is made by `value`. */
export function reportOf(value: (field: ReportField) => number): ReportNumbers {
  // The cast gives back what `Object.fromEntries` forgets: the keys are exactly the fields.
  return Object.fromEntries(ALL_REPORT_FIELDS.map((field) => [field, value(field)])) as ReportNumbers;
}
