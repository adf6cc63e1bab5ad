/** Which part is the bottleneck, from the phases of `ultra test`. Pure. @module */

import type { TestPlace } from "../protocol/messages.ts";
import type { Finding, Verdict } from "../verdict/finding.ts";

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
  & { readonly way: Measurement["way"]; readonly memoryRate: number }
  & (
    /** The disk of the side that sends or receives. */
    | { readonly bottleneck: "disk-read" | "disk-write"; readonly diskRate: number }
    /** Everything between the disks. */
    | { readonly bottleneck: "way"; readonly finding: Finding }
  );

/** A disk that takes more of the rate than this is what limits; less is what a measurement scatters. */
const NOTABLE = 0.8;

/** One verdict for each way that was measured. */
export function testVerdicts(measurements: readonly Measurement[]): TestVerdict[] {
  const ways = [...new Set(measurements.map(({ way }) => way))];
  return ways.flatMap((way) => verdictOfWay(way, measurements.filter((one) => one.way === way)) ?? []);
}

function verdictOfWay(way: Measurement["way"], phases: readonly Measurement[]): TestVerdict | undefined {
  const find = (from: TestPlace, to: TestPlace) => phases.find((phase) => phase.from === from && phase.to === to);
  const without = find("memory", "memory");
  if (without === undefined) return undefined;
  const memoryRate = rateOf(without);
  const disks = [["disk-read", find("disk", "memory")], ["disk-write", find("memory", "disk")]] as const;
  const [slowest] = disks.flatMap(([bottleneck, phase]) =>
    phase === undefined ? [] : [{ bottleneck, diskRate: rateOf(phase) }]
  )
    .sort((one, other) => one.diskRate - other.diskRate);
  if (slowest === undefined || slowest.diskRate >= NOTABLE * memoryRate) {
    return { way, memoryRate, bottleneck: "way", finding: without.verdict.finding };
  }
  return { way, memoryRate, ...slowest };
}

export function rateOf({ bytes, seconds }: Pick<Measurement, "bytes" | "seconds">): number {
  return bytes / Math.max(seconds, 0.001);
}
