/** Results as tables of Markdown, which are good to read in a terminal too. @module */

import {
  counts,
  type Measured,
  type PeerResult,
  type Result,
  type SharingResult,
  type TransferResult,
} from "./results.ts";
import { MEMORY_RATES } from "./peers/memory.ts";
import { median, type Spread, spread } from "./statistics.ts";

/** What a rate is held against: what the engine or the path could do at most in the same round. */
export interface Limit {
  readonly name: string;
  /** Bytes per second by round. */
  readonly rates: ReadonlyMap<number, number>;
}

export function tableOf(result: Result): string[] {
  return result.kind === "sharing" ? sharingTable(result) : transferTable(result);
}

/** Undefined when none was measured. */
export function limitOf(result: TransferResult): Limit | undefined {
  if (result.ceilings.length > 0) {
    return { name: "ceiling", rates: new Map(result.ceilings.map(({ round, mbit }) => [round, mbit * 1e6 / 8])) };
  }
  const rates = new Map<number, number>();
  for (const run of result.peers.filter(({ name }) => MEMORY_RATES.includes(name)).flatMap(counted)) {
    rates.set(run.round, Math.max(rates.get(run.round) ?? 0, rateOf(run)));
  }
  return rates.size > 0 ? { name: "memory rate", rates } : undefined;
}

export function counted(peer: PeerResult): Measured[] {
  return peer.runs.filter(counts);
}

/** Bytes per second. */
export function rateOf(run: Measured): number {
  return run.bytes / run.seconds;
}

/** How rates are written on a path: people know disks in bytes and links in bits. */
export function unitOf({ path }: Pick<Result, "path">): { readonly name: string; readonly bytes: number } {
  return path === "loopback" ? { name: "MB/s", bytes: 1e6 } : { name: "Mbit/s", bytes: 1e6 / 8 };
}

export function labelOf(peer: PeerResult, result: TransferResult): string {
  const size = peer.kind === "bound" || peer.bytes === result.peers[0]?.bytes ? "" : ` (${mib(peer.bytes)})`;
  return `${peer.name}${size}`;
}

function mib(bytes: number): string {
  return bytes % (1024 * 1024) === 0 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1e6} MB`;
}

function transferTable(result: TransferResult): string[] {
  const limit = limitOf(result);
  const unit = unitOf(result);
  const [own] = result.peers;
  const heads = ["", `${unit.name} (range)`, ...limit ? [`of the ${limit.name}`] : [], `${own?.name} is`, "seconds"];
  const rows = result.peers.map((peer) => [
    peer.kind === "bound"
      ? `*${labelOf(peer, result)}*`
      : labelOf(peer, result) + (peer.encrypted ? "" : " (clear text)"),
    ranged(spread(counted(peer).map((run) => rateOf(run) / unit.bytes))),
    ...limit ? [partOf(peer, limit)] : [],
    own === undefined || peer === own ? "" : ratio(own, peer),
    peer.kind === "bound" ? "" : number(spread(counted(peer).map((run) => run.seconds))?.median),
    ...costs(peer),
  ]);
  const lines = [
    `${sizeOf(result)}, ${result.storage}, ${result.rounds} ${result.rounds === 1 ? "round" : "interleaved rounds"}`,
    "",
    ...markdown([...heads, "CPU s/GB sender", "receiver", "peak MB sender", "receiver"], rows),
  ];
  return [...lines, ...remarks(result)];
}

function sizeOf({ peers, files }: TransferResult): string {
  const bytes = mib(peers[0]?.bytes ?? 0);
  return files === 1 ? bytes : `${bytes} together`;
}

/** The medians, but the highest peak: it is held against a limit. */
function costs(peer: PeerResult): string[] {
  const usages = counted(peer).flatMap(({ usage, bytes }) => usage ? [{ ...usage, bytes }] : []);
  if (usages.length === 0) return ["", "", "", ""];
  const sides = ["sender", "receiver"] as const;
  return [
    ...sides.map((side) => median(usages.map((one) => one[side].cpuSeconds / (one.bytes / 1e9))).toFixed(2)),
    ...sides.map((side) => (Math.max(...usages.map((one) => one[side].peakBytes)) / 1e6).toFixed(0)),
  ];
}

function partOf(peer: PeerResult, { rates }: Limit): string {
  const parts = counted(peer).flatMap((run) => {
    const limit = rates.get(run.round);
    return limit === undefined ? [] : [rateOf(run) / limit];
  });
  return parts.length === 0 ? "" : `${(100 * median(parts)).toFixed(0)} %`;
}

/** How many times as fast `own` is, with the range over the rounds, in which both had the same neighbours. */
function ratio(own: PeerResult, other: PeerResult): string {
  const [mine, theirs] = [counted(own), counted(other)];
  if (mine.length === 0 || theirs.length === 0) return "";
  const whole = median(mine.map(rateOf)) / median(theirs.map(rateOf));
  const rounds = mine.flatMap((run) => {
    const beside = theirs.find(({ round }) => round === run.round);
    return beside ? [rateOf(run) / rateOf(beside)] : [];
  });
  return rounds.length < 2
    ? `${number(whole)} x`
    : `${number(whole)} x (${number(Math.min(...rounds))}-${number(Math.max(...rounds))})`;
}

function remarks({ peers, skipped }: TransferResult): string[] {
  const lines = [
    ...skipped.map(({ name, why }) => `${name} was skipped, because ${why}.`),
    ...peers.flatMap((peer) => {
      const not = peer.runs.length - counted(peer).length;
      return not > 0 ? [`${peer.name}: ${not} runs do not count, because the box did not keep up.`] : [];
    }),
    ...peers.flatMap(({ name, failures }) => {
      const why = failures[0]?.why.split("\n")[0];
      return why === undefined ? [] : [`${name} failed ${failures.length} times: ${why}.`];
    }),
  ];
  return lines.length === 0 ? [] : ["", ...lines];
}

function sharingTable(result: SharingResult): string[] {
  const rows = result.cases.map(({ title, flows, rounds, failures }) => {
    const good = rounds.filter(({ keptUp }) => keptUp);
    const rates = (flow: 0 | 1) => spread(good.map(({ bytes, seconds }) => bytes[flow] * 8 / 1e6 / seconds));
    // Of two equal flows it is the smaller part that tells; of others the part that is left to the second.
    const equal = flows[0] === flows[1];
    const parts = good.map(({ bytes: [first, second] }) =>
      100 * (equal ? Math.min(first, second) : second) / (first + second)
    );
    const ended = (pick: (...times: number[]) => number) =>
      spread(good.flatMap(({ ended }) => ended ? [pick(...ended)] : []))?.median;
    return [
      title,
      ranged(rates(0)),
      ranged(rates(1)),
      ranged(spread(parts)),
      ended(Math.min) === undefined ? "" : `${number(ended(Math.min))} and ${number(ended(Math.max))}`,
      failures.length > 0 ? `${failures.length} rounds failed` : "",
    ];
  });
  const heads = [
    "",
    "first, Mbit/s",
    "second, Mbit/s",
    "left to the second (of two equals: to the slower), %",
    "ended after, s",
  ];
  const failed = rows.some((row) => row.at(-1) !== "");
  return [
    `Two flows at once, while both run; medians (and ranges) of ${result.rounds} rounds`,
    "",
    ...markdown([...heads, ...failed ? [""] : []], failed ? rows : rows.map((row) => row.slice(0, -1))),
  ];
}

function ranged(values: Spread | undefined): string {
  if (values === undefined) return "";
  const { median, least, most } = values;
  return least === most ? number(median) : `${number(median)} (${number(least)}-${number(most)})`;
}

/** Two or three digits are all that repeats. */
function number(value: number | undefined): string {
  if (value === undefined) return "";
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toPrecision(value >= 1 ? 3 : 2);
}

/** The first column is text; the others are numbers, flush right. */
export function markdown(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, index) => Math.max(head.length, 3, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, index) => index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)).join(
        " | ",
      )
    } |`;
  const rule = widths.map((width, index) => index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [line(heads), line(rule), ...rows.map(line)];
}
