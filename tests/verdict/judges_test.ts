import assert from "node:assert/strict";
import fc from "fast-check";
import { type ReportField, type ReportNumbers, reportOf } from "../../src/protocol/report.ts";
import type { Limit, Reports } from "../../src/verdict/finding.ts";
import { helpText } from "../../src/ui/advice.ts";
import { findingText } from "../../src/ui/verdict.ts";
import { verdictOf } from "../../src/verdict/judges.ts";
import { reports } from "../protocol/support.ts";

/** Seconds in the fields that are times. */
type Numbers = Partial<Record<ReportField, number>>;

const MIB = 1024 * 1024;

/** Times are given in seconds here, as they are easier to compare so. */
function report(numbers: Numbers): ReportNumbers {
  return reportOf((field) => (numbers[field] ?? 0) * (field.endsWith("Micros") ? 1e6 : 1));
}

/** What a sender counted while it sent 1.57 GB over loopback on two cores that had nothing else to do, without what a test adds. */
const SENDER: Numbers = {
  spanMicros: 2.557,
  readBytes: 1_572_864_000,
  readMicros: 0.646,
  hashMicros: 0.222,
  roomWaitMicros: 1.567,
  sentBytes: 1_572_948_000,
  cpuMicros: 1.76,
  cores: 2,
  machineBusyMicros: 3.1,
  machineCores: 2,
  controlThreads: 6,
  controlRanMicros: 0.051,
  controlStarvedMicros: 0.077,
  networkThreads: 4,
  networkRanMicros: 0.958,
  networkStarvedMicros: 0.2,
  readThreads: 1,
  readRanMicros: 0.745,
  readStarvedMicros: 0.1,
  readAllRanMicros: 0.745,
  readAllStarvedMicros: 0.1,
  connections: 1,
  rttMicros: 0.0008,
  minRttMicros: 0.000025,
  sentPackets: 1_098_664,
  lostPackets: 34,
  congestionWaitMicros: 0.007,
  windowWaitMicros: 0.622,
  lanes: 4,
  laneIdleMicros: 7.443,
  receiveWindowBytes: 4 * MIB,
  mostOutstandingBytes: 4 * MIB,
  receiveBufferBytes: 8 * MIB,
  segmentation: 1,
  coalescing: 1,
};

/** What the receiver of the same transfer counted. */
const RECEIVER: Numbers = {
  spanMicros: 2.557,
  receivedBytes: 1_572_948_032,
  writtenBytes: 1_572_864_000,
  writeMicros: 1.265,
  receiveHashMicros: 0.336,
  committedFiles: 1,
  finishMicros: 0.003,
  cpuMicros: 1.9,
  cores: 2,
  machineBusyMicros: 3.1,
  machineCores: 2,
  controlRanMicros: 0.113,
  networkThreads: 4,
  networkRanMicros: 0.944,
  networkStarvedMicros: 0.2,
  readThreads: 1,
  writeThreads: 1,
  writeRanMicros: 1.244,
  writeStarvedMicros: 0.3,
  writeAllRanMicros: 1.244,
  writeAllStarvedMicros: 0.3,
  connections: 1,
  receiveWindowBytes: 4 * MIB,
  mostOutstandingBytes: 4 * MIB,
  receiveBufferBytes: 8 * MIB,
  segmentation: 1,
  coalescing: 1,
};

/** A transfer of 200 MB over 500 Mbit/s and 50 ms, with most threads idle. */
const FAR_SENDER: Numbers = {
  ...SENDER,
  spanMicros: 4.37,
  readBytes: 209_715_200,
  sentBytes: 209_726_400,
  readMicros: 0.12,
  hashMicros: 0.09,
  roomWaitMicros: 3.9,
  readAllRanMicros: 0.1,
  networkRanMicros: 0.4,
  windowWaitMicros: 0,
  minRttMicros: 0.05,
  rttMicros: 0.068,
  pacingWaitMicros: 3.5,
  congestionWaitMicros: 0.2,
  sentPackets: 146_592,
  lostPackets: 586,
  laneIdleMicros: 1,
  receiveWindowBytes: 16 * MIB,
  mostOutstandingBytes: 8 * MIB,
};

const FAR_RECEIVER: Numbers = {
  ...RECEIVER,
  spanMicros: 4.37,
  writeMicros: 0.3,
  receiveHashMicros: 0.15,
  writeRanMicros: 0.4,
  writeAllRanMicros: 0.4,
  networkRanMicros: 0.7,
  receiveWindowBytes: 16 * MIB,
};

interface Case {
  readonly name: string;
  readonly sender?: Numbers;
  readonly receiver?: Numbers;
  readonly limit: Limit;
  readonly sentence: string;
  readonly help?: string;
}

const CASES: readonly Case[] = [
  {
    name: "a transfer of a third of a second",
    sender: { ...SENDER, spanMicros: 0.3 },
    receiver: { ...RECEIVER, spanMicros: 0.31 },
    limit: "too-short",
    sentence: "too short to say what limited it",
  },
  {
    name: "a rate limit that is reached",
    sender: { ...FAR_SENDER, rateLimitBytes: 50_000_000 },
    receiver: FAR_RECEIVER,
    limit: "rate-limit",
    sentence: "limited by the rate limit (50.0 MB/s)",
  },
  {
    name: "a rate limit that something else keeps from being reached",
    sender: { ...FAR_SENDER, rateLimitBytes: 500_000_000 },
    receiver: FAR_RECEIVER,
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
  },
  {
    name: "writes that wait for the disk (a file system that is mounted with sync)",
    sender: { ...SENDER, windowWaitMicros: 2.1, laneWindowWaitMicros: 4 },
    receiver: { ...RECEIVER, writeMicros: 2.4, writeRanMicros: 0.2, writeAllRanMicros: 0.2 },
    limit: "receiver-disk",
    sentence: "limited by the receiver's disk (write 615.1 MB/s)",
  },
  {
    name: "a disk that is waited for only at the end",
    sender: SENDER,
    receiver: { ...RECEIVER, commitMicros: 1.5, finishMicros: 1.5 },
    limit: "receiver-disk",
    sentence: "limited by the receiver's disk (write 615.1 MB/s)",
  },
  {
    name: "a disk that finishes many small files",
    sender: { ...SENDER, readBytes: 40_000_000, sentBytes: 40_100_000 },
    receiver: {
      ...RECEIVER,
      writtenBytes: 40_000_000,
      writeMicros: 0.1,
      commitMicros: 2.3,
      committedFiles: 4000,
      writeAllRanMicros: 0.4,
    },
    limit: "receiver-disk",
    sentence: "limited by the receiver's disk (write 15.6 MB/s, 1564 files/s)",
  },
  {
    name: "reads that wait for the disk (bounded to 80 MB/s)",
    sender: { ...SENDER, readBytes: 200_000_000, readMicros: 2.3, roomWaitMicros: 0.1, windowWaitMicros: 0.02 },
    receiver: RECEIVER,
    limit: "sender-disk",
    sentence: "limited by the sender's disk (read 78.2 MB/s)",
  },
  {
    name: "reads that wait, but wait less than for room",
    sender: { ...FAR_SENDER, readThreads: 2, readMicros: 4.6, roomWaitMicros: 7 },
    receiver: FAR_RECEIVER,
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
  },
  {
    name: "a thread of QUIC that is always busy",
    sender: { ...SENDER, networkRanMicros: 2.4 },
    receiver: RECEIVER,
    limit: "sender-core",
    sentence: "limited by one core on the sender (network and encryption)",
  },
  {
    name: "the same where both sides have other cores",
    sender: { ...SENDER, networkRanMicros: 2.4, cores: 8, machineCores: 8 },
    receiver: { ...RECEIVER, cores: 4, machineCores: 4 },
    limit: "sender-core",
    sentence: "limited by one core on the sender (network and encryption)",
    help: "--connections 2, as both sides have an idle core",
  },
  {
    name: "the same with more than one connection",
    sender: { ...SENDER, networkRanMicros: 2.4, cores: 8, machineCores: 8, connections: 2 },
    receiver: { ...RECEIVER, cores: 4, machineCores: 4 },
    limit: "sender-core",
    sentence: "limited by one core on the sender (network and encryption)",
  },
  {
    name: "the same without segmentation offload",
    sender: { ...SENDER, networkRanMicros: 2.4, segmentation: 0 },
    receiver: RECEIVER,
    limit: "sender-core",
    sentence: "limited by one core on the sender (network and encryption)",
    help: "on the sender: a kernel that sends many UDP packets in one call (Linux 4.18 or later)",
  },
  {
    name: "a receiving thread of QUIC without coalescing",
    sender: { ...SENDER, windowWaitMicros: 2 },
    receiver: { ...RECEIVER, networkRanMicros: 2.4, coalescing: 0 },
    limit: "receiver-core",
    sentence: "limited by one core on the receiver (network and encryption)",
    help: "on the receiver: a kernel that receives many UDP packets in one call (Linux 5.0 or later)",
  },
  {
    name: "a writer that copies all the time",
    sender: SENDER,
    receiver: { ...RECEIVER, writeMicros: 2.0, writeRanMicros: 2.3, writeAllRanMicros: 2.3, coalescing: 0 },
    limit: "receiver-core",
    sentence: "limited by one core on the receiver (hashing and writing)",
  },
  {
    name: "a reader that hashes all the time",
    sender: { ...SENDER, hashMicros: 1.8, readRanMicros: 2.3, readAllRanMicros: 2.3, roomWaitMicros: 0.1 },
    receiver: RECEIVER,
    limit: "sender-core",
    sentence: "limited by one core on the sender (reading and hashing)",
  },
  {
    name: "both processes on two cores that are busy",
    sender: { ...SENDER, machineBusyMicros: 4.58, networkStarvedMicros: 1.026 },
    receiver: {
      ...RECEIVER,
      machineBusyMicros: 4.58,
      cpuMicros: 2.51,
      writeStarvedMicros: 0.945,
      writeAllStarvedMicros: 0.945,
    },
    limit: "receiver-cores",
    sentence: "limited by the receiver's cores (all 2 are busy, 1.0 with this transfer)",
  },
  {
    name: "a writer that waits for a core now and then, on a machine with some room",
    sender: SENDER,
    receiver: {
      ...RECEIVER,
      writeRanMicros: 1.7,
      writeAllRanMicros: 1.7,
      writeStarvedMicros: 0.55,
      writeAllStarvedMicros: 0.55,
    },
    limit: "receiver-core",
    sentence: "limited by one core on the receiver (hashing and writing)",
  },
  {
    name: "a sender whose machine others keep busy",
    sender: { ...SENDER, machineBusyMicros: 5, cpuMicros: 0.6, networkRanMicros: 0.5, networkStarvedMicros: 1.2 },
    receiver: { ...RECEIVER, machineBusyMicros: 1, cpuMicros: 0.9, writeStarvedMicros: 0, writeAllStarvedMicros: 0 },
    limit: "sender-cores",
    sentence: "limited by the sender's cores (all 2 are busy, 0.2 with this transfer)",
    help: "on the sender: other programs use 1.4 of its 2 cores",
  },
  {
    name: "a process that may use one of many cores",
    sender: { ...SENDER, cores: 1, machineCores: 32, machineBusyMicros: 3, cpuMicros: 2.4 },
    receiver: RECEIVER,
    limit: "sender-cores",
    sentence: "limited by the sender's cores (the only one is busy, 0.9 with this transfer)",
  },
  {
    name: "a path with loss",
    sender: FAR_SENDER,
    receiver: FAR_RECEIVER,
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
  },
  {
    name: "a path without loss",
    sender: { ...FAR_SENDER, lostPackets: 0, minRttMicros: 0.0021 },
    receiver: FAR_RECEIVER,
    limit: "path",
    sentence: "limited by the path (0.0 % loss, 2.1 ms)",
  },
  {
    name: "a path whose losses are in part the receiver's",
    sender: FAR_SENDER,
    receiver: { ...FAR_RECEIVER, receiveBufferBytes: 425_984, droppedDatagrams: 100 },
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
    help: "on the receiver: sudo sysctl -w net.core.rmem_max=16777216 (its UDP buffer of 426.0 kB overflowed)",
  },
  {
    name: "a small socket buffer that never overflowed",
    sender: FAR_SENDER,
    receiver: { ...FAR_RECEIVER, receiveBufferBytes: 425_984 },
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
  },
  {
    name: "losses that are the receiver's",
    sender: FAR_SENDER,
    receiver: { ...FAR_RECEIVER, receiveBufferBytes: 425_984, droppedDatagrams: 550 },
    limit: "receiver-buffer",
    sentence: "limited by the receiver's UDP buffer (426.0 kB, 0.4 % of the packets did not fit)",
    help: "on the receiver: sudo sysctl -w net.core.rmem_max=16777216 (its UDP buffer of 426.0 kB overflowed)",
  },
  {
    name: "a large socket buffer that overflowed",
    sender: FAR_SENDER,
    receiver: { ...FAR_RECEIVER, receiveBufferBytes: 64 * MIB, droppedDatagrams: 550 },
    limit: "receiver-buffer",
    sentence: "limited by the receiver's UDP buffer (67.1 MB, 0.4 % of the packets did not fit)",
  },
  {
    name: "acknowledgements that pause (400 Mbit/s in single datagrams, before the receiver read them in turns)",
    sender: { ...FAR_SENDER, ackGaps: 7, ackGapMicros: 0.62 },
    receiver: FAR_RECEIVER,
    limit: "acknowledgements",
    sentence: "limited by gaps in the acknowledgements (7 over 30 ms, 0.6 s together)",
  },
  {
    name: "acknowledgements that pause because others have the receiver's cores",
    sender: { ...FAR_SENDER, ackGaps: 7, ackGapMicros: 0.62 },
    receiver: { ...FAR_RECEIVER, networkStarvedMicros: 0.5, machineBusyMicros: 7 },
    limit: "acknowledgements",
    sentence: "limited by gaps in the acknowledgements (7 over 30 ms, 0.6 s together)",
    help: "on the receiver: other programs use 0.8 of its 2 cores",
  },
  {
    name: "acknowledgements that a sender without a core may have read late itself",
    sender: { ...FAR_SENDER, ackGaps: 7, ackGapMicros: 0.62, networkStarvedMicros: 1 },
    receiver: FAR_RECEIVER,
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
  },
  {
    name: "gaps that cost a hundredth of the time",
    sender: { ...FAR_SENDER, ackGaps: 1, ackGapMicros: 0.045 },
    receiver: FAR_RECEIVER,
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
  },
  {
    name: "a window that a long path empties",
    sender: {
      ...FAR_SENDER,
      sentBytes: 300e6,
      minRttMicros: 0.21,
      windowWaitMicros: 3.4,
      pacingWaitMicros: 0.4,
      lostPackets: 0,
    },
    receiver: FAR_RECEIVER,
    limit: "receiver-window",
    sentence: "limited by the receiver's window (16.8 MB, 210 ms)",
    help: "on the receiver: --profile far --memory 128Mi",
  },
  {
    name: "lanes whose windows a long path empties",
    sender: {
      ...FAR_SENDER,
      sentBytes: 300e6,
      minRttMicros: 0.21,
      laneWindowWaitMicros: 12,
      pacingWaitMicros: 0.4,
      lostPackets: 0,
    },
    receiver: FAR_RECEIVER,
    limit: "receiver-window",
    sentence: "limited by the receiver's window (16.8 MB, 210 ms)",
    help: "on the receiver: --profile far --memory 128Mi",
  },
  {
    name: "what may be under way at 150 ms",
    sender: {
      ...FAR_SENDER,
      spanMicros: 6.52,
      minRttMicros: 0.15,
      roomWaitMicros: 5.8,
      pacingWaitMicros: 1.94,
      lostPackets: 0,
    },
    receiver: { ...FAR_RECEIVER, spanMicros: 6.52 },
    limit: "sender-window",
    sentence: "limited by what the sender has under way at most (8.4 MB, 150 ms)",
    help: "on the sender: --profile far --memory 128Mi",
  },
  {
    name: "a window that is waited for, far from being full",
    sender: { ...SENDER, windowWaitMicros: 2 },
    receiver: RECEIVER,
    limit: "none",
    sentence:
      "nothing stood out: the busiest were the receiver's window (78 % of the time) and hashing and writing on the receiver (60 % of the time)",
  },
  {
    name: "a transfer that nothing limited clearly",
    sender: SENDER,
    receiver: { ...RECEIVER, writeRanMicros: 1.1, writeAllRanMicros: 1.1 },
    limit: "none",
    sentence:
      "nothing stood out: the busiest were hashing and writing on the receiver (55 % of the time) and network and encryption on the sender (45 % of the time)",
  },
  {
    name: "a receiver of an older version",
    sender: FAR_SENDER,
    limit: "path",
    sentence: "limited by the path (0.4 % loss, 50 ms)",
  },
  {
    name: "a sender of an older version",
    receiver: { ...RECEIVER, writeMicros: 2.4, writeRanMicros: 0.2, writeAllRanMicros: 0.2 },
    limit: "receiver-disk",
    sentence: "limited by the receiver's disk (write 615.1 MB/s)",
  },
  {
    name: "a system that tells nothing",
    sender: { spanMicros: 9 },
    receiver: { spanMicros: 9 },
    limit: "none",
    sentence: "nothing stood out",
  },
  { name: "no numbers at all", limit: "too-short", sentence: "too short to say what limited it" },
];

for (const { name, sender, receiver, limit, sentence, help } of CASES) {
  Deno.test(`verdict: ${name}`, () => {
    const numbers: Reports = { sender: sender && report(sender), receiver: receiver && report(receiver) };
    const verdict = verdictOf(numbers);
    const shown = verdict.help && helpText(verdict.help);
    assert.deepEqual([verdict.finding.limit, findingText(verdict.finding), shown], [limit, sentence, help]);
    assert.deepEqual(verdict.reports, numbers);
  });
}

Deno.test("verdict: whatever a peer counts, there is one short sentence without nonsense in it", () => {
  const both = fc.record({
    sender: fc.option(reports, { nil: undefined }),
    receiver: fc.option(reports, { nil: undefined }),
  });
  fc.assert(
    fc.property(both, (numbers) => {
      const { finding, help: found } = verdictOf(numbers);
      const sentence = findingText(finding);
      const help = found === undefined ? "" : helpText(found);
      assert.ok(sentence.length < 200 && help.length < 200, sentence);
      assert.doesNotMatch(sentence + help, /NaN|Infinity|undefined|-\d|\n/);
    }),
    { numRuns: 2000 },
  );
});
