/** What the benchmark found: as a table for readers, as JSON for later. @module */

import { join } from "node:path";
import { ROOT } from "../scripts/paths.ts";
import { outputOf } from "../scripts/shell.ts";
import type { Load, Run } from "./peers/peer.ts";

export interface PeerResult {
  readonly name: string;
  readonly command: string;
  readonly version: string;
  readonly runs: readonly Run[];
}

export interface Report {
  readonly date: string;
  readonly scenario: string;
  readonly flags: Readonly<Record<string, string | number>>;
  readonly storage: string;
  readonly bytes: number;
  readonly machine: Machine;
  /** In the order of `peers/all.ts`; runs with the same index stand side by side in time. */
  readonly peers: readonly PeerResult[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
  /** Bytes per second of each run, or why there are none. */
  readonly memoryRates: readonly number[] | string;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly kernel: string;
  readonly deno: string;
  readonly commit: string;
}

export async function describeMachine(): Promise<Machine> {
  const first = (text: string, pattern: RegExp) => pattern.exec(text)?.[1] ?? "unknown";
  const changed = await outputOf("git", ["-C", ROOT, "status", "--porcelain"]);
  return {
    processor: first(await Deno.readTextFile("/proc/cpuinfo"), /^model name\s*: (.*)$/m),
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    system: first(await Deno.readTextFile("/etc/os-release"), /^PRETTY_NAME="?([^"\n]*)/m),
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    commit: `${await outputOf("git", ["-C", ROOT, "rev-parse", "HEAD"]) ?? "unknown"}${changed ? " with changes" : ""}`,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? NaN;
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
}

export function tableOf(report: Report): string[] {
  const lines = [
    `${report.scenario}: ${report.bytes / 1e9} GB on ${report.storage}, medians of ${
      report.flags["runs"]
    } interleaved runs`,
    "",
    row("", "seconds", "(range)", "MB/s", "CPU s/GB", "CPU s/GB", "peak MB", "peak MB"),
    row("", "", "", "", "sender", "receiver", "sender", "receiver"),
    ...report.peers.map((peer) => peerRow(peer, report)),
    "",
  ];
  for (const { name, why } of report.skipped) lines.push(`skipped: ${name}, because this is missing: ${why}`);
  const [own, ...others] = report.peers;
  if (own) lines.push(...others.map((other) => ratio(own, other)));
  const memory = report.memoryRates;
  lines.push(
    typeof memory === "string"
      ? `skipped: the engine's memory-to-memory rate, because ${memory}`
      : `the engine from memory to memory: ${(median(memory) / 1e6).toFixed(0)} MB/s`,
  );
  return lines;
}

function peerRow(peer: PeerResult, { bytes }: Pick<Load, "bytes">): string {
  const seconds = peer.runs.map((run) => run.seconds);
  const middle = median(seconds);
  const cpu = (pick: (run: Run) => number) => (median(peer.runs.map(pick)) / (bytes / 1e9)).toFixed(2);
  // The highest peak and not the median: it is held against a limit.
  const peak = (pick: (run: Run) => number) => (Math.max(...peer.runs.map(pick)) / 1e6).toFixed(0);
  return row(
    peer.name,
    middle.toFixed(2),
    `(${Math.min(...seconds).toFixed(2)}-${Math.max(...seconds).toFixed(2)})`,
    (bytes / 1e6 / middle).toFixed(0),
    cpu((run) => run.sender.cpuSeconds),
    cpu((run) => run.receiver.cpuSeconds),
    peak((run) => run.sender.peakBytes),
    peak((run) => run.receiver.peakBytes),
  );
}

function row(name: string, ...cells: readonly string[]): string {
  return (name.padEnd(18) + cells.map((cell) => cell.padStart(13)).join("")).trimEnd();
}

/** How many times as fast `own` is, with the range over the rounds: both sides of a round had the same neighbours. */
function ratio(own: PeerResult, other: PeerResult): string {
  const seconds = (peer: PeerResult) => peer.runs.map((run) => run.seconds);
  const rounds = seconds(own).map((value, index) => (other.runs[index]?.seconds ?? NaN) / value);
  const whole = median(seconds(other)) / median(seconds(own));
  const range = `${Math.min(...rounds).toFixed(2)} to ${Math.max(...rounds).toFixed(2)}`;
  return `ratio ${own.name}/${other.name}: ${whole.toFixed(2)} (rounds: ${range})`;
}

/** Keeps the raw numbers; returns where, from the repository's root. */
export async function save(report: Report): Promise<string> {
  const name = `bench/results/${report.date.replace(/[-:]|\.\d+/g, "")}-${report.scenario}.json`;
  await Deno.mkdir(join(ROOT, "bench", "results"), { recursive: true });
  await Deno.writeTextFile(join(ROOT, name), `${JSON.stringify(report, null, 2)}\n`);
  return name;
}
