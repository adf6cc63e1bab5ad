/** Whether results reach what they have to. @module */

import type { Measured, PeerResult, Result, TransferResult } from "../results.ts";
import { bootstrapInterval, type Figure, median, ratioOfMedians, seededRandom } from "../statistics.ts";
import { counted, markdown } from "../table.ts";
import { type Gate, GATES } from "./list.ts";

/** What became of a gate; without a figure it was not measured, for this reason. */
export interface Verdict {
  readonly gate: Gate;
  readonly figure?: Figure;
  readonly why?: string;
}

export function verdicts(results: readonly Result[], gates: readonly Gate[] = GATES): Verdict[] {
  return gates.map((gate) => {
    const result = results.find((one) => one.scenario === gate.scenario && one.path === gate.path);
    if (result?.kind !== "transfers") return { gate, why: "not measured" };
    const figure = figureOf(gate, result);
    return typeof figure === "string" ? { gate, why: figure } : { gate, figure };
  });
}

export function missed({ gate, figure }: Verdict, bound: "must" | "aim"): boolean {
  const most = gate[bound];
  return most !== undefined && figure !== undefined && figure.value > most;
}

/** One row a gate. */
export function gateTable(all: readonly Verdict[]): string[] {
  const rows = all.map((verdict) => {
    const { gate, figure, why } = verdict;
    return [
      `${gate.scenario} on ${gate.path}`,
      nameOf(gate),
      figure === undefined ? why ?? "" : digits(figure.value),
      figure === undefined ? "" : `${digits(figure.low)}-${digits(figure.high)}`,
      boundOf(verdict, "must"),
      boundOf(verdict, "aim"),
    ];
  });
  return markdown(["", "what", "measured", "95 % (MB: range)", "must", "aim"], rows);
}

function nameOf({ peer, measure }: Gate): string {
  switch (measure.kind) {
    case "ratio":
      return `${peer} by ${measure.beside}`;
    case "seconds":
      return `${peer}, seconds`;
    case "peak":
      return `${peer}, peak MB of a side`;
    case "wire":
      return `${peer}, MB on the wire`;
  }
}

function boundOf(verdict: Verdict, bound: "must" | "aim"): string {
  const most = verdict.gate[bound];
  if (most === undefined) return "";
  if (verdict.figure === undefined) return `<= ${most}`;
  return `<= ${most} ${missed(verdict, bound) ? "missed" : "met"}`;
}

function digits(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}

/** The figure, or why there is none. */
function figureOf(gate: Gate, result: TransferResult): Figure | string {
  const own = runsOf(gate.peer, result);
  if (typeof own === "string") return own;
  // The interval is a matter of chance, but always the same one.
  const random = seededRandom(1);
  switch (gate.measure.kind) {
    case "ratio": {
      const theirs = runsOf(gate.measure.beside, result);
      if (typeof theirs === "string") return theirs;
      const rounds = own.flatMap((run) => {
        const other = theirs.find(({ round }) => round === run.round);
        return other === undefined ? [] : [[run.seconds, other.seconds] as const];
      });
      return rounds.length === 0 ? "no round of both" : ratioOfMedians(rounds, random);
    }
    case "seconds": {
      const seconds = own.map((run) => run.seconds);
      const [low, high] = bootstrapInterval(seconds, random);
      return { value: median(seconds), low, high };
    }
    case "peak":
      return highest(own, ({ usage }) => usage && Math.max(usage.sender.peakBytes, usage.receiver.peakBytes));
    case "wire":
      return highest(own, ({ box }) => box?.wireBytes);
  }
}

/** In MB, with the range of all rounds. */
function highest(runs: readonly Measured[], pick: (run: Measured) => number | undefined): Figure | string {
  const values = runs.flatMap((run) => pick(run) ?? []).map((bytes) => bytes / 1e6);
  if (values.length < runs.length) return "not in these results";
  return { value: Math.max(...values), low: Math.min(...values), high: Math.max(...values) };
}

/** Those that count, or why there are none. */
function runsOf(name: string, { peers, skipped }: TransferResult): Measured[] | string {
  const peer: PeerResult | undefined = peers.find((one) => one.name === name);
  if (peer === undefined) return skipped.find((one) => one.name === name)?.why ?? `${name} took no part`;
  const runs = counted(peer);
  if (runs.length > 0) return runs;
  return peer.failures.length > 0 ? `${name} failed` : `no run of ${name} counts`;
}
