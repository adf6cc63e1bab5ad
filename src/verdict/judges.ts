/**
 * What limited a transfer, from what both sides counted. Pure, and the same on both sides, as they have the same numbers.
 *
 * It claims nothing that the numbers do not carry: each limit needs its own evidence, and without any the two busiest stages are named.
 *
 * @module
 */

import { formatBytes } from "../base/text.ts";
import type { Finding, Reports, Verdict, View } from "./finding.ts";
import { helpOf } from "./help.ts";
import { milliseconds, percent, type Role, ROLES, Side, underWay } from "./side.ts";

/** Below this the start of a transfer (slow start, first blocks, a cold interpreter) is most of it. */
const MIN_SECONDS = 0.5;

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
  return { limit: finding.limit, sentence: finding.sentence, help: helpOf(finding, view), reports };
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
  return seconds < MIN_SECONDS ? { limit: "too-short", sentence: "too short to say what limited it" } : undefined;
}

function rateLimit({ sender }: View): Finding | undefined {
  const limit = sender?.value("rateLimitBytes") ?? 0;
  if (sender === undefined || limit === 0 || sender.perSecond("sentBytes") < 0.9 * limit) return undefined;
  return { limit: "rate-limit", sentence: `limited by the rate limit (${formatBytes(limit)}/s)` };
}

function receiverDisk({ receiver }: View): Finding | undefined {
  if (receiver === undefined || receiver.writeDisk < MOST) return undefined;
  const files = receiver.value("committedFiles");
  const isMany = files > 0 && receiver.value("writtenBytes") / files < SMALL_FILE;
  const count = isMany ? `, ${Math.round(receiver.perSecond("committedFiles"))} files/s` : "";
  const written = formatBytes(receiver.perSecond("writtenBytes"));
  return { limit: "receiver-disk", sentence: `limited by the receiver's disk (write ${written}/s${count})` };
}

function senderDisk({ sender }: View): Finding | undefined {
  if (sender === undefined || sender.readDisk < MOST || sender.readDisk < sender.room) return undefined;
  const read = formatBytes(sender.perSecond("readBytes"));
  return { limit: "sender-disk", sentence: `limited by the sender's disk (read ${read}/s)` };
}

const WORK: Readonly<Record<Role, string>> = {
  network: "network and encryption",
  read: "reading and hashing",
  write: "hashing and writing",
  control: "control",
};

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
  return { limit: `${name}-core`, role, sentence: `limited by one core on the ${name} (${WORK[role]})` };
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
  const cores = side.value("cores");
  const used = side.share("cpuMicros").toFixed(1);
  const of = cores === 1 ? "the only one is busy" : `all ${cores} are busy`;
  return { limit: `${name}-cores`, sentence: `limited by the ${name}'s cores (${of}, ${used} with this transfer)` };
}

/** Datagrams that got to the receiver and found its socket full are most of what was lost. */
function receiverBuffer({ sender, receiver }: View): Finding | undefined {
  if (sender === undefined || receiver === undefined || sender.loss < NOTABLE_LOSS) return undefined;
  const dropped = receiver.value("droppedDatagrams");
  if (dropped < sender.value("lostPackets") * MOST || sender.path < MOST) return undefined;
  const room = formatBytes(receiver.value("receiveBufferBytes"));
  return {
    limit: "receiver-buffer",
    sentence: `limited by the receiver's UDP buffer (${room}, ${percent(sender.loss)} of the packets did not fit)`,
  };
}

/**
 * Data was under way and its acknowledgement was due, but none came: the receiver or the path paused. (A sender whose network thread often
 * waits for a core may have read them late itself.)
 */
function acknowledgements({ sender }: View): Finding | undefined {
  if (sender === undefined || sender.ackGaps < NOTABLE_GAPS || sender.starved("network") >= STARVED) return undefined;
  const together = (sender.value("ackGapMicros") / 1e6).toFixed(1);
  return {
    limit: "acknowledgements",
    sentence: `limited by gaps in the acknowledgements (${sender.value("ackGaps")} over 30 ms, ${together} s together)`,
  };
}

function receiverWindow({ sender, receiver }: View): Finding | undefined {
  const window = receiver?.value("receiveWindowBytes") ?? 0;
  if (sender === undefined || window === 0 || sender.window < MOST || underWay(sender) < window * MOST) {
    return undefined;
  }
  const rtt = milliseconds(sender.value("minRttMicros"));
  return { limit: "receiver-window", sentence: `limited by the receiver's window (${formatBytes(window)}, ${rtt})` };
}

function senderWindow({ sender }: View): Finding | undefined {
  const most = sender?.value("mostOutstandingBytes") ?? 0;
  if (sender === undefined || most === 0 || sender.room < MOST || underWay(sender) < most * MOST) return undefined;
  const rtt = milliseconds(sender.value("minRttMicros"));
  return {
    limit: "sender-window",
    sentence: `limited by what the sender has under way at most (${formatBytes(most)}, ${rtt})`,
  };
}

function path({ sender }: View): Finding | undefined {
  if (sender === undefined || sender.path < MOST) return undefined;
  const rtt = milliseconds(sender.value("minRttMicros"));
  return { limit: "path", sentence: `limited by the path (${percent(sender.loss)} loss, ${rtt})` };
}

function nothing(view: View): Finding {
  const { sender, receiver } = view;
  const stages: [string, number][] = busiest(view).map((
    { name, role, share },
  ) => [`${WORK[role]} on the ${name}`, share]);
  stages.push(["the sender's disk", sender?.readDisk ?? 0], ["the receiver's disk", receiver?.writeDisk ?? 0]);
  stages.push(["the path", sender?.path ?? 0], ["the receiver's window", sender?.window ?? 0]);
  const two = stages.filter(([, share]) => share > 0).sort(([, one], [, other]) => other - one).slice(0, 2);
  const named = two.map(([stage, share]) => `${stage} (${Math.round(Math.min(1, share) * 100)} % of the time)`);
  if (named.length === 0) return { limit: "none", sentence: "nothing stood out" };
  return { limit: "none", sentence: `nothing stood out: the busiest were ${named.join(" and ")}` };
}
