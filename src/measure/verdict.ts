/** Which part is the bottleneck, from the phases of `ultra test`. Pure. @module */

import type { TestPlace } from "../protocol/messages.ts";
import type { Finding, Verdict } from "../verdict/finding.ts";
import { MIN_SECONDS } from "../verdict/judges.ts";

/** One phase, seen from this side. */
export interface Measurement {
  /** What this side did; `local`: both sides were this process. */
  readonly way: "send" | "receive" | "local";
  readonly from: TestPlace;
  readonly to: TestPlace;
  readonly bytes: number;
  readonly seconds: number;
  readonly verdict: Verdict;
}

/** The bottleneck of one way. Rates are bytes per second; what goes from memory to memory is what the way carries without a disk. */
export type TestVerdict =
  & { readonly way: Measurement["way"] }
  & (
    /** The disk of the side that sends or receives. */
    | { readonly bottleneck: DiskKind; readonly memoryRate: number; readonly diskRate: number }
    /** Everything between the disks. */
    | { readonly bottleneck: "way"; readonly memoryRate: number; readonly finding: Finding }
    /** What was measured does not tell: some of it was over too soon. */
    | { readonly bottleneck: "too-short"; readonly needed: number }
    /** What was measured does not tell: the same differed by more from time to time than the disk from memory. */
    | { readonly bottleneck: "unclear"; readonly memory: Rates; readonly disk: Rates; readonly kind: DiskKind }
  );

export type DiskKind = "disk-read" | "disk-write";

/** The lowest and the highest that was measured. */
export interface Rates {
  readonly least: number;
  readonly most: number;
}

/** A disk that takes more of the rate than this is what limits; less is what a measurement scatters. */
export const NOTABLE = 0.8;

/** One verdict for each way that was measured. */
export function testVerdicts(measurements: readonly Measurement[]): TestVerdict[] {
  const ways = [...new Set(measurements.map(({ way }) => way))];
  return ways.flatMap((way) => verdictOfWay(way, measurements.filter((one) => one.way === way)) ?? []);
}

function verdictOfWay(way: Measurement["way"], phases: readonly Measurement[]): TestVerdict | undefined {
  const find = (from: TestPlace, to: TestPlace) => phases.filter((phase) => phase.from === from && phase.to === to);
  const without = find("memory", "memory");
  const told = without.filter((one) => !isTooShort(one));
  const best = told.toSorted((one, other) => rateOf(other) - rateOf(one))[0];
  if (without.length === 0) return undefined;
  if (best === undefined) return { way, bottleneck: "too-short", needed: neededBytes(without) };
  const memory = ratesOf(told);
  const memoryRate = memory.most;
  const disks = ([["disk-read", find("disk", "memory")], ["disk-write", find("memory", "disk")]] as const)
    .flatMap(([kind, all]) => all.length === 0 ? [] : [diskOf(kind, all)])
    .toSorted((one, other) => one.rates.most - other.rates.most);
  const [slowest] = disks.filter(({ isTold }) => isTold);
  const isSlowest = disks.every(({ rates }) => slowest !== undefined && rates.most >= slowest.rates.most);
  if (slowest !== undefined && slowest.rates.most < NOTABLE * memory.least) {
    if (slowest.isCrowded) return { way, bottleneck: "unclear", memory, disk: slowest.rates, kind: slowest.kind };
    if (isSlowest) return { way, bottleneck: slowest.kind, memoryRate, diskRate: slowest.rates.most };
    return { way, bottleneck: "too-short", needed: neededBytes(disks.flatMap(({ isTold, all }) => isTold ? [] : all)) };
  }
  const [doubtful] = disks.filter(({ rates }) => rates.most < NOTABLE * memory.most);
  if (doubtful === undefined) return { way, bottleneck: "way", memoryRate, finding: best.verdict.finding };
  if (!doubtful.isTold) return { way, bottleneck: "too-short", needed: neededBytes(doubtful.all) };
  return { way, bottleneck: "unclear", memory, disk: doubtful.rates, kind: doubtful.kind };
}

/** What is known of a disk: the rates of phases that were long enough, or else the best of the others, which it reaches at least. */
function diskOf(kind: DiskKind, all: readonly Measurement[]) {
  const told = all.filter((one) => !isTooShort(one));
  return {
    kind,
    all,
    isTold: told.length > 0,
    // Where all cores were busy each time, whatever is slow is so for want of them.
    isCrowded: told.length > 0 && told.every(({ verdict }) => verdict.finding.limit.endsWith("-cores")),
    rates: ratesOf(told.length > 0 ? told : all),
  };
}

function ratesOf(measurements: readonly Measurement[]): Rates {
  const rates = measurements.map(rateOf);
  return { least: Math.min(...rates), most: Math.max(...rates) };
}

/** Of a phase that is over so soon, its beginning and its end are most. */
export function isTooShort({ verdict, seconds }: Pick<Measurement, "verdict" | "seconds">): boolean {
  return verdict.finding.limit === "too-short" || seconds < MIN_SECONDS;
}

/** How much would take long enough, going by the fastest of some measurements. */
export function neededBytes(measurements: readonly Pick<Measurement, "bytes" | "seconds">[]): number {
  return Math.max(...measurements.map(rateOf)) * 2 * MIN_SECONDS;
}

export function rateOf({ bytes, seconds }: Pick<Measurement, "bytes" | "seconds">): number {
  return bytes / Math.max(seconds, 0.001);
}
