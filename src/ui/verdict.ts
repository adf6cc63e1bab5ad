/** What limited a transfer, in words. Pure. @module */

import { formatBytes, plural } from "../base/text.ts";
import type { DiskKind, Measurement, Rates, TestVerdict } from "../measure/verdict.ts";
import type { BusyStage, Finding } from "../verdict/finding.ts";
import type { Role } from "../verdict/side.ts";

/** `limited by the path (0.4 % loss, 48 ms)` */
export function findingText(finding: Finding): string {
  switch (finding.limit) {
    case "too-short":
      return "too short to say what limited it";
    case "none":
      return busiestText(finding.busiest);
    default:
      return `limited by ${limitText(finding)}`;
  }
}

/** What is the bottleneck of a way that was tested. */
export function bottleneckText(verdict: TestVerdict): string {
  if (verdict.bottleneck === "too-short") {
    return `too short to say: it takes about ${formatBytes(verdict.needed)} in each phase`;
  }
  if (verdict.bottleneck === "unclear") return unclearText(verdict);
  const memory = `(memory to memory goes ${perSecond(verdict.memoryRate)})`;
  if (verdict.bottleneck === "way") return `no disk ${memory}: ${findingText(verdict.finding)}`;
  const verb = verdict.bottleneck === "disk-read" ? "reads" : "writes";
  return `${diskOf(verdict.way, verdict.bottleneck)}, which ${verb} ${perSecond(verdict.diskRate)} ${memory}`;
}

function unclearText({ way, kind, memory, disk }: Extract<TestVerdict, { bottleneck: "unclear" }>): string {
  const verb = kind === "disk-read" ? "reads" : "writes";
  return `not clear: memory to memory went ${range(memory)}, and ${diskOf(way, kind)}, which ${verb}, ${
    range(disk)
  }; ` +
    "measure again when less else is going on";
}

function range({ least, most }: Rates): string {
  return least === most ? perSecond(most) : `${perSecond(least)} to ${perSecond(most)}`;
}

function limitText(finding: Exclude<Finding, { limit: "too-short" | "none" }>): string {
  switch (finding.limit) {
    case "rate-limit":
      return `the rate limit (${perSecond(finding.bytesPerSecond)})`;
    case "sender-disk":
      return `the sender's disk (read ${perSecond(finding.bytesPerSecond)})`;
    case "receiver-disk": {
      const { bytesPerSecond, filesPerSecond } = finding;
      const files = filesPerSecond === undefined ? undefined : Math.round(filesPerSecond);
      const count = files === undefined ? "" : `, ${files} ${plural(files, "file")}/s`;
      return `the receiver's disk (write ${perSecond(bytesPerSecond)}${count})`;
    }
    case "sender-core":
      return `one core on the sender (${WORK[finding.role]})`;
    case "receiver-core":
      return `one core on the receiver (${WORK[finding.role]})`;
    case "sender-cores":
      return `the sender's cores (${busyText(finding.cores)}, ${finding.used.toFixed(1)} with this transfer)`;
    case "receiver-cores":
      return `the receiver's cores (${busyText(finding.cores)}, ${finding.used.toFixed(1)} with this transfer)`;
    case "receiver-buffer": {
      const { bytes, loss } = finding;
      return `the receiver's UDP buffer (${formatBytes(bytes)}, ${percent(loss)} of the packets did not fit)`;
    }
    case "acknowledgements": {
      const { gaps, seconds } = finding;
      return `gaps in the acknowledgements (${gaps} over 30 ms, ${seconds.toFixed(1)} s together)`;
    }
    case "receiver-window":
      return `the receiver's window (${formatBytes(finding.bytes)}, ${milliseconds(finding.rttMicros)})`;
    case "sender-window": {
      const { bytes, rttMicros } = finding;
      return `what the sender has under way at most (${formatBytes(bytes)}, ${milliseconds(rttMicros)})`;
    }
    case "path":
      return `the path (${percent(finding.loss)} loss, ${milliseconds(finding.rttMicros)})`;
  }
}

function busiestText(busiest: readonly BusyStage[]): string {
  if (busiest.length === 0) return "nothing stood out";
  const named = busiest.map((stage) =>
    `${stageText(stage)} (${Math.round(Math.min(1, stage.share) * 100)} % of the time)`
  );
  return `nothing stood out: the busiest were ${named.join(" and ")}`;
}

function stageText(stage: BusyStage): string {
  return stage.stage === "thread" ? `${WORK[stage.role]} on the ${stage.side}` : STAGES[stage.stage];
}

const STAGES: Readonly<Record<Exclude<BusyStage["stage"], "thread">, string>> = {
  "sender-disk": "the sender's disk",
  "receiver-disk": "the receiver's disk",
  "path": "the path",
  "receiver-window": "the receiver's window",
};

const WORK: Readonly<Record<Role, string>> = {
  network: "network and encryption",
  read: "reading and hashing",
  write: "hashing and writing",
  control: "control",
};

function busyText(cores: number): string {
  return cores === 1 ? "the only one is busy" : `all ${cores} are busy`;
}

function diskOf(way: Measurement["way"], bottleneck: DiskKind): string {
  if (way === "local") return "the disk";
  return (way === "send") === (bottleneck === "disk-read") ? "the disk here" : "the disk there";
}

function perSecond(bytes: number): string {
  return `${formatBytes(bytes)}/s`;
}

/** `0.4 %`, `12 %` */
function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return `${value.toFixed(2)} %`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** `48 ms`, `0.3 ms` */
function milliseconds(micros: number): string {
  const value = micros / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
