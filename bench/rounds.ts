/** Measures one cell of the plan: all its peers, round after round. @module */

import { join } from "node:path";
import { Failure, print, run as runProgram } from "../scripts/shell.ts";
import { type BoxReport, ceiling, openPath } from "./paths/netpath.ts";
import type { BoxedPath } from "./paths/table.ts";
import type { Load, Peer } from "./peers/peer.ts";
import type { Cell } from "./plan.ts";
import { counts, type Measured, type PeerResult, type TransferResult } from "./results.ts";
import { check, type TransferScenario } from "./scenarios/scenario.ts";
import { steadyMemory } from "./steady_memory.ts";
import { inTurn } from "./turns.ts";

/** A run in a box that did not keep up is made again, so often. */
const MOST_TRIES = 3;
/** A peer that has failed so often in a cell takes no further part in it. */
const MOST_FAILURES = 2;
const CEILING_SECONDS = 1;

type Rounds = Pick<TransferResult, "peers" | "ceilings">;

/** The runs of one peer, as they come. */
interface Entry {
  readonly peer: Peer;
  readonly load: Load;
  readonly runs: Measured[];
  readonly failures: { round: number; why: string }[];
}

/** Goes round after round, so that whatever else the machine does meets all peers. */
export async function measureCell(
  cell: Cell,
  scenario: TransferScenario,
  peers: readonly Peer[],
  folder: string,
): Promise<Rounds> {
  const entries = await prepare(cell, scenario, peers, join(folder, "source"));
  const ceilings: { round: number; mbit: number }[] = [];
  // Paths are slower than any memory.
  if (cell.path === "loopback") await steadyMemory(join(folder, "memory"), roomForResults(scenario, entries));
  const transfer = (entry: Entry, round: number) => transferOnce(cell, entry, round, join(folder, "run"));

  for (let round = 1; round <= cell.rounds; round++) {
    if (cell.path !== "loopback") ceilings.push({ round, mbit: await measureCeiling(cell.path, round) });
    for (const entry of inTurn(entries, round)) {
      if (entry.failures.length < MOST_FAILURES) await takeTurn(entry, round, transfer);
    }
  }
  return { ceilings, peers: await Promise.all(entries.map(resultOf)) };
}

/** What a scenario needs besides its sources. */
function roomForResults(scenario: TransferScenario, entries: readonly Entry[]): number {
  return Math.max(0, ...entries.map(({ load }) => scenario.space(load.bytes) - load.bytes));
}

function noteFailure({ peer, failures }: Entry, round: number, error: unknown): void {
  if (!(error instanceof Failure)) throw error;
  failures.push({ round, why: error.message });
  print(`round ${round} ${peer.name}: failed: ${error.message}`);
}

async function prepare(
  cell: Cell,
  scenario: TransferScenario,
  peers: readonly Peer[],
  folder: string,
): Promise<Entry[]> {
  const loads = new Map<number, Load>();
  for (const bytes of new Set(peers.map((peer) => cell.bytes[peer.underLoss]))) {
    const own = join(folder, String(bytes));
    await Deno.mkdir(own, { recursive: true });
    loads.set(bytes, await scenario.prepare(own, bytes));
  }
  return peers.flatMap((peer) => {
    const load = loads.get(cell.bytes[peer.underLoss]);
    return load === undefined ? [] : [{ peer, load, runs: [], failures: [] }];
  });
}

async function resultOf({ peer, load, runs, failures }: Entry): Promise<PeerResult> {
  const { name, kind, encrypted, command } = peer;
  return { name, kind, encrypted, command, version: await peer.version(), bytes: load.bytes, runs, failures };
}

async function measureCeiling(path: BoxedPath, round: number): Promise<number> {
  const { ceilingMbit, expectedMbit } = await ceiling(path, { seed: round, seconds: CEILING_SECONDS });
  print(`round ${round} ceiling: ${ceilingMbit.toFixed(0)} of ${expectedMbit.toFixed(0)} Mbit/s`);
  return ceilingMbit;
}

async function takeTurn(
  entry: Entry,
  round: number,
  transfer: (entry: Entry, round: number) => Promise<Measured>,
): Promise<void> {
  const { peer, runs } = entry;
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    try {
      const run = await transfer(entry, round);
      runs.push(run);
      const mark = counts(run) ? "" : " (the box did not keep up, so it does not count)";
      print(`round ${round} ${peer.name}: ${run.seconds.toFixed(2)} s${mark}`);
      if (counts(run)) return;
    } catch (error) {
      noteFailure(entry, round, error);
      return;
    }
  }
}

async function transferOnce(cell: Cell, { peer, load }: Entry, round: number, folder: string): Promise<Measured> {
  const into = join(folder, "result");
  const scratch = join(folder, "scratch");
  for (const path of [into, scratch]) await Deno.mkdir(path, { recursive: true });
  try {
    // The same seed for all peers of a round: the same packets are lost.
    await using path = await openPath(cell.path, { seed: round });
    const run = await peer.transfer({ load, into, path, pathName: cell.path, scratch });
    const box = await path.stop();
    if (peer.kind === "files") await check(load, into);
    return { round, ...run, ...box && { box: shortened(box) } };
  } finally {
    await runProgram("rm", ["-rf", folder]); // of a hundred thousand files faster than Deno.remove
  }
}

function shortened({ keptUp, cpuSeconds, lateP99Ms, aToB }: BoxReport): NonNullable<Measured["box"]> {
  return { keptUp, cpuSeconds, lateP99Ms, lost: aToB.lost, droppedByQueue: aToB.droppedByQueue };
}
