/** Which part is the bottleneck, from the phases of `ultra test`. Pure. @module */

import type { TestPlace } from "../protocol/messages.ts";
import { formatBytes } from "../base/text.ts";
import type { Verdict } from "../verdict/finding.ts";

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

export interface TestVerdict {
  readonly way: Measurement["way"];
  /** `disk-read`, `disk-write`: of the side that sends or receives; `way`: everything between the disks. */
  readonly bottleneck: "disk-read" | "disk-write" | "way";
  readonly sentence: string;
}

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
  const rate = rateOf(without);
  const disks = [["disk-read", find("disk", "memory")], ["disk-write", find("memory", "disk")]] as const;
  const [slowest] = disks.flatMap(([bottleneck, phase]) =>
    phase === undefined ? [] : [{ bottleneck, rate: rateOf(phase) }]
  )
    .sort((one, other) => one.rate - other.rate);
  if (slowest === undefined || slowest.rate >= NOTABLE * rate) {
    const sentence = `no disk (memory to memory goes ${formatBytes(rate)}/s): ${without.verdict.sentence}`;
    return { way, bottleneck: "way", sentence };
  }
  const { bottleneck } = slowest;
  const verb = bottleneck === "disk-read" ? "reads" : "writes";
  const rates = `${verb} ${formatBytes(slowest.rate)}/s (memory to memory goes ${formatBytes(rate)}/s)`;
  return { way, bottleneck, sentence: `${diskOf(way, bottleneck)}, which ${rates}` };
}

function diskOf(way: Measurement["way"], bottleneck: "disk-read" | "disk-write"): string {
  if (way === "local") return "the disk";
  return (way === "send") === (bottleneck === "disk-read") ? "the disk here" : "the disk there";
}

export function rateOf({ bytes, seconds }: Pick<Measurement, "bytes" | "seconds">): number {
  return bytes / Math.max(seconds, 0.001);
}
