/** Measures one cell of the plan: all its peers, round after round. @module */

import { join } from "node:path";
import { Failure, print } from "../scripts/shell.ts";
import { type BoxReport, ceiling } from "./paths/netpath.ts";
import type { BoxedPath } from "./paths/table.ts";
import type { Load, Peer } from "./peers/peer.ts";
import type { Places } from "./places.ts";
import type { Cell } from "./plan.ts";
import { counts, type Measured, type PeerResult, type TransferResult } from "./results.ts";
import type { TransferScenario } from "./scenarios/scenario.ts";
import { steadyMemory } from "./steady_memory.ts";
import { transferOnce } from "./transfer_once.ts";
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
  places: Places,
): Promise<Rounds> {
  const entries = await prepare(cell, scenario, peers, join(places.folder, "source"));
  const ceilings: { round: number; mbit: number }[] = [];
  // Paths are slower than any memory.
  if (cell.path === "loopback") await steadyMemory(join(places.folder, "memory"), roomForResults(scenario, entries));
  const transfer = async ({ peer, load }: Entry, round: number): Promise<Measured> => {
    // The same seed for all peers of a round: the same packets are lost.
    const task = { peer, scenario, load, pathName: cell.path, seed: round };
    const { run, box } = await transferOnce(task, places);
    return { round, ...run, ...box && { box: shortened(box) } };
  };

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

function shortened({ keptUp, cpuSeconds, lateP99Ms, aToB, bToA }: BoxReport): NonNullable<Measured["box"]> {
  const wireBytes = aToB.bytes + bToA.bytes;
  return { keptUp, cpuSeconds, lateP99Ms, lost: aToB.lost, droppedByQueue: aToB.droppedByQueue, wireBytes };
}
