/** The one thing that would make a transfer faster, where the numbers say that it would. Pure. @module */

import type { Finding, Help, SideName, View } from "./finding.ts";
import type { Side } from "./side.ts";

/** A buffer in which bursts of fast senders fit; the kernel doubles what it is told. */
const GOOD_BUFFER = 16 * 1024 * 1024;

const MIB = 1024 * 1024;

/** Memory of a profile in MiB: what there is unasked, and the most that may be asked for. */
const LEAST_MEMORY = 128;
const MOST_MEMORY = 4000 * 1e6 / MIB;

/** Cores that other programs use and that would be missed. */
const NOTABLE_CORES = 0.5;

/** Lost datagrams of which this part was lost in the receiver's socket make its buffer worth naming. */
const NOTABLE_DROPS = 0.1;

export function helpOf(finding: Finding, view: View): Help | undefined {
  switch (finding.limit) {
    case "receiver-buffer":
    case "path":
      return largerBuffer(view);
    case "sender-core":
      return finding.role === "network" ? segmentation(view.sender) ?? moreConnections(view) : undefined;
    case "receiver-core":
      return finding.role === "network" ? coalescing(view.receiver) ?? moreConnections(view) : undefined;
    case "acknowledgements":
      return lateReceiver(view);
    case "receiver-window":
      return largerWindow("receiver", view.receiver?.value("receiveWindowBytes"));
    case "sender-window":
      return largerWindow("sender", view.sender?.value("mostOutstandingBytes"));
    case "sender-cores":
      return otherPrograms("sender", view.sender, view);
    case "receiver-cores":
      return otherPrograms("receiver", view.receiver, view);
    default:
      return undefined;
  }
}

function largerBuffer({ sender, receiver }: View): Help | undefined {
  if (sender === undefined || receiver === undefined) return undefined;
  const room = receiver.value("receiveBufferBytes");
  const dropped = receiver.value("droppedDatagrams");
  const isCapped = room > 0 && room < 2 * GOOD_BUFFER;
  if (!isCapped || dropped === 0 || dropped < sender.value("lostPackets") * NOTABLE_DROPS) return undefined;
  return { what: "receive-buffer", bytes: GOOD_BUFFER, room };
}

/** Where the receiver's network thread waited for a core, that is why it acknowledged late. */
function lateReceiver(view: View): Help | undefined {
  const { sender, receiver } = view;
  if (sender === undefined || receiver === undefined) return undefined;
  const isStarved = receiver.starved("network") >= sender.ackGaps / 2;
  return (isStarved ? otherPrograms("receiver", receiver, view) : undefined) ?? coalescing(receiver);
}

/** Half of the memory may be under way, so this is at least twice the present window. */
function largerWindow(side: SideName, window = 0): Help | undefined {
  const memory = Math.max(LEAST_MEMORY, 4 * Math.ceil(window / MIB));
  return memory > MOST_MEMORY ? undefined : { what: "memory", side, mebibytes: memory };
}

/** A connection is one core of the network on either side; another one needs another core on both. */
function moreConnections({ sender, receiver }: View): Help | undefined {
  if (sender === undefined || receiver === undefined || sender.value("connections") !== 1) return undefined;
  if (sender.idleCores < 1 || receiver.idleCores < 1) return undefined;
  return { what: "connections" };
}

function segmentation(sender: Side | undefined): Help | undefined {
  if (sender === undefined || sender.value("cores") === 0 || sender.value("segmentation") === 1) return undefined;
  return { what: "segmentation" };
}

function coalescing(receiver: Side | undefined): Help | undefined {
  if (receiver === undefined || receiver.value("cores") === 0 || receiver.value("coalescing") === 1) return undefined;
  return { what: "coalescing" };
}

/** What neither side of this transfer used was used by others, whether both ran on that machine or not. */
function otherPrograms(
  side: SideName,
  there: Side | undefined,
  { sender, receiver }: View,
): Help | undefined {
  if (there === undefined) return undefined;
  const own = (sender?.share("cpuMicros") ?? 0) + (receiver?.share("cpuMicros") ?? 0);
  const others = there.busyCores - own;
  if (others < NOTABLE_CORES) return undefined;
  return { what: "other-programs", side, used: others, cores: there.value("machineCores") };
}
