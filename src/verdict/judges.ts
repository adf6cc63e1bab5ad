/**
 * What limited a transfer, from what both sides counted. Pure, and the same on both sides, as they have the same numbers.
 *
 * It claims nothing that the numbers do not carry: each limit needs its own evidence, and without any the two busiest stages are named.
 *
 * @module
 */

import type { BusyStage, Finding, Reports, Verdict, View } from "./finding.ts";
import { helpOf } from "./help.ts";
import { ROLES, Side, underWay } from "./side.ts";

/** Below this the start of a transfer (slow start, first blocks, a cold interpreter) is most of it. */
export const MIN_SECONDS = 0.5;

/** A thread that is busy for less of the time could still have done more. */
const FULL_CORE = 0.85;

/** Most of the time: what happens more often than everything else together. */
const MOST = 0.5;

/** Waiting for a core that is more than the scheduler's ordinary turns. */
const STARVED = 0.2;

/** Files up to this size cost a disk more by their number than by their bytes. */
const SMALL_FILE = 1_000_000;

/** A sender that runs dry in gaps of the acknowledgements loses about as much of the time as they last. */
const NOTABLE_GAPS = 0.05;

/** Loss of which it is worth to say where it happens. */
const NOTABLE_LOSS = 0.001;

export function verdictOf(reports: Reports): Verdict {
  const view: View = {
    sender: reports.sender && new Side(reports.sender),
    receiver: reports.receiver && new Side(reports.receiver),
  };
  const finding = firstOf(view) ?? nothing(view);
  return { finding, help: helpOf(finding, view), reports };
}

/** The surest evidence first: what comes later in the list is also seen when something before it is the reason. */
const JUDGES: readonly ((view: View) => Finding | undefined)[] = [
  tooShort,
  rateLimit,
  receiverDisk,
  senderDisk,
  (view) => oneCore(view, STARVED),
  allCores,
  (view) => oneCore(view, 1),
  receiverBuffer,
  acknowledgements,
  receiverWindow,
  senderWindow,
  path,
];

function firstOf(view: View): Finding | undefined {
  for (const judge of JUDGES) {
    const finding = judge(view);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

function tooShort({ sender, receiver }: View): Finding | undefined {
  const seconds = Math.max(sender?.seconds ?? 0, receiver?.seconds ?? 0);
  return seconds < MIN_SECONDS ? { limit: "too-short" } : undefined;
}

function rateLimit({ sender }: View): Finding | undefined {
  const limit = sender?.value("rateLimitBytes") ?? 0;
  if (sender === undefined || limit === 0 || sender.perSecond("sentBytes") < 0.9 * limit) return undefined;
  return { limit: "rate-limit", bytesPerSecond: limit };
}

function receiverDisk({ receiver }: View): Finding | undefined {
  if (receiver === undefined || receiver.writeDisk < MOST) return undefined;
  const files = receiver.value("committedFiles");
  const isMany = files > 0 && receiver.value("writtenBytes") / files < SMALL_FILE;
  return {
    limit: "receiver-disk",
    bytesPerSecond: receiver.perSecond("writtenBytes"),
    filesPerSecond: isMany ? receiver.perSecond("committedFiles") : undefined,
  };
}

function senderDisk({ sender }: View): Finding | undefined {
  if (sender === undefined || sender.readDisk < MOST || sender.readDisk < sender.room) return undefined;
  return { limit: "sender-disk", bytesPerSecond: sender.perSecond("readBytes") };
}

/** Whose thread was busy for how much of the time; the busiest first. */
function busiest({ sender, receiver }: View) {
  const sides = [["sender", sender], ["receiver", receiver]] as const;
  const threads = sides.flatMap(([name, side]) => {
    return side === undefined ? [] : ROLES.map((role) => ({ name, side, role, share: side.core(role) }));
  });
  return threads.sort((one, other) => other.share - one.share);
}

/** @param mostStarved how much of the time that thread may have had no core: with others on it, its own was not the only one that lacked */
function oneCore(view: View, mostStarved: number): Finding | undefined {
  const [found] = busiest(view);
  if (found === undefined || found.share < FULL_CORE || found.side.starved(found.role) >= mostStarved) return undefined;
  const { name, role } = found;
  return { limit: `${name}-core`, role };
}

/** Threads that had to wait for each other's cores, on a machine that had no idle ones; or a process that has used up its share. */
function allCores(view: View): Finding | undefined {
  if ((view.sender?.path ?? 0) >= MOST) return undefined;
  const full = busiest(view).find(({ side, role }) => {
    const cores = side.value("machineCores");
    const isMachineFull = cores > 0 && side.busyCores / cores >= FULL_CORE && side.starved(role) >= STARVED;
    const own = side.value("cores");
    return isMachineFull || own > 0 && side.share("cpuMicros") / own >= 0.9;
  });
  if (full === undefined) return undefined;
  const { name, side } = full;
  return { limit: `${name}-cores`, cores: side.value("cores"), used: side.share("cpuMicros") };
}

/** Datagrams that got to the receiver and found its socket full are most of what was lost. */
function receiverBuffer({ sender, receiver }: View): Finding | undefined {
  if (sender === undefined || receiver === undefined || sender.loss < NOTABLE_LOSS) return undefined;
  const dropped = receiver.value("droppedDatagrams");
  if (dropped < sender.value("lostPackets") * MOST || sender.path < MOST) return undefined;
  return { limit: "receiver-buffer", bytes: receiver.value("receiveBufferBytes"), loss: sender.loss };
}

/**
 * Data was under way and its acknowledgement was due, but none came: the receiver or the path paused. (A sender whose network thread often
 * waits for a core may have read them late itself.)
 */
function acknowledgements({ sender }: View): Finding | undefined {
  if (sender === undefined || sender.ackGaps < NOTABLE_GAPS || sender.starved("network") >= STARVED) return undefined;
  return { limit: "acknowledgements", gaps: sender.value("ackGaps"), seconds: sender.value("ackGapMicros") / 1e6 };
}

function receiverWindow({ sender, receiver }: View): Finding | undefined {
  const window = receiver?.value("receiveWindowBytes") ?? 0;
  if (sender === undefined || window === 0 || sender.window < MOST || underWay(sender) < window * MOST) {
    return undefined;
  }
  return { limit: "receiver-window", bytes: window, rttMicros: sender.value("minRttMicros") };
}

function senderWindow({ sender }: View): Finding | undefined {
  const most = sender?.value("mostOutstandingBytes") ?? 0;
  if (sender === undefined || most === 0 || sender.room < MOST || underWay(sender) < most * MOST) return undefined;
  return { limit: "sender-window", bytes: most, rttMicros: sender.value("minRttMicros") };
}

function path({ sender }: View): Finding | undefined {
  if (sender === undefined || sender.path < MOST) return undefined;
  return { limit: "path", loss: sender.loss, rttMicros: sender.value("minRttMicros") };
}

function nothing(view: View): Finding {
  const { sender, receiver } = view;
  const stages: BusyStage[] = [
    ...busiest(view).map(({ name, role, share }) => ({ stage: "thread" as const, side: name, role, share })),
    { stage: "sender-disk", share: sender?.readDisk ?? 0 },
    { stage: "receiver-disk", share: receiver?.writeDisk ?? 0 },
    { stage: "path", share: sender?.path ?? 0 },
    { stage: "receiver-window", share: sender?.window ?? 0 },
  ];
  const busy = stages.filter(({ share }) => share > 0).sort((one, other) => other.share - one.share);
  return { limit: "none", busiest: busy.slice(0, 2) };
}
