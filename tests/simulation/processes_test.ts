/**
 * Hundreds of transfers between two whole processes, from both commands to both exit codes, in virtual time. After each that failed the
 * same commands run again, with some of the files edited and nothing going wrong any more, and must succeed.
 *
 * A failing seed prints itself; `ULTRA_SEED=n` runs that seed alone, in every group. `ULTRA_PROCESS_SEEDS=n` sets how many there are in a
 * group.
 *
 * @module
 */

import assert from "node:assert/strict";
import { print } from "../../scripts/shell.ts";
import { type Ending, type Play, play } from "../session/support.ts";
import { blocks, type Disk, emptyDisk, type Flaw, type Item, type Tree } from "../support/made_up.ts";
import { cutPower } from "../support/power_cut.ts";
import { SimulatedWorld } from "../support/simulated_process.ts";
import { judgeProcesses, OLD_VERSION } from "./process_oracle.ts";
import { Random } from "./random.ts";
import {
  PROCESS_GROUPS,
  type ProcessGroup,
  type ProcessScenario,
  processScenario,
  type Stroke,
} from "./process_scenario.ts";

const SEEDS_IN_GROUP = Number(Deno.env.get("ULTRA_PROCESS_SEEDS") ?? 300);
const ONE_SEED = Deno.env.get("ULTRA_SEED");

/** Seeds within which each planted flaw must be seen. */
const SEEDS_FOR_A_FLAW = 300;

/** That of a file which has changed while it was sent, and stays so. */
const CHANGED_VERSION = 1;

/** That of a file which was edited between two runs. */
const EDITED_VERSION = 2;

for (const group of PROCESS_GROUPS) {
  Deno.test(`E11: two processes end well where ${group}, and go on when files were edited between two runs`, async () => {
    for (const seed of ONE_SEED === undefined ? range(SEEDS_IN_GROUP) : [Number(ONE_SEED)]) {
      const faults = await simulate(processScenario(seed, group));
      assert.deepEqual(faults, [], `ULTRA_SEED=${seed} where ${group}:\n  ${faults.join("\n  ")}`);
    }
  });
}

// The twins: the same oracle must see each of these flaws, or it proves nothing.

/** Flaws that only the second run shows. */
const RESTART_FLAWS: ReadonlySet<Flaw | undefined> = new Set(["ignores-fingerprints", "trusts-journals"]);

const TWINS: readonly (readonly [Flaw, ProcessGroup, RegExp])[] = [
  ["checks-nothing", "blocks arrive damaged", /wrong content/],
  ["reports-early", "nothing goes wrong", /missing after a success/],
  ["ignores-changes", "sources change", /wrong content/],
  ["deaf-to-lanes", "lanes are lost", /not settled|it took/],
  ["keeps-sinks", "nothing goes wrong", /keeps a sink|timers stay/],
  ["ignores-fingerprints", "a process is killed", /again: .*wrong content/],
  ["names-before-contents", "the power fails", /wrong content/],
  ["reports-unsynced", "the power fails", /missing after a success/],
  ["trusts-journals", "the power fails", /again: .*wrong content/],
  ["trusts-journals", "a process is killed", /again: .*wrong content/],
  ["ignores-fingerprints", "the disk fails", /again: .*wrong content/],
];

for (const [flaw, group, expected] of TWINS) {
  Deno.test(`the oracle of processes sees the flaw "${flaw}" where ${group}`, async () => {
    for (const seed of range(SEEDS_FOR_A_FLAW)) {
      const faults = await simulate(processScenario(seed, group, flaw));
      if (!faults.some((fault) => expected.test(fault))) continue;
      return print(`"${flaw}" was seen at seed ${seed}`);
    }
    assert.fail(`the flaw went unseen in ${SEEDS_FOR_A_FLAW} seeds`);
  });
}

async function simulate(scenario: ProcessScenario): Promise<string[]> {
  try {
    const disk = diskOf(scenario);
    const ending = await transfer(scenario, disk, true);
    // Whatever was told is durable, also when the power fails behind the end.
    if (scenario.strokes.some(({ what }) => what === "power")) cutPower(disk, new Random(scenario.seed), scenario.flaw);
    const faults = judgeProcesses(ending, scenario, 0);
    const isOfRestarts = RESTART_FLAWS.has(scenario.flaw);
    if (faults.length > 0 || (scenario.flaw !== undefined && !isOfRestarts)) return faults;
    return await again(ending, scenario);
  } catch (error) {
    return [error instanceof Error ? error.stack ?? error.message : String(error)];
  }
}

/**
 * The same commands on a disk that works, without anything going wrong: all of it arrives, whatever is left from before, and of files that
 * changed meanwhile nothing that is left (E11).
 */
async function again({ disk, codes }: Ending, scenario: ProcessScenario): Promise<string[]> {
  if (codes.sender === 0 && codes.receiver === 0) return [];
  disk.faults.clear();
  disk.freeSpace = 1e15;
  for (const path of disk.parts) if (!disk.kept.has(path)) disk.parts.delete(path);
  const { changes, edits } = scenario;
  const calm = {
    ...scenario,
    group: "nothing goes wrong",
    overwrite: true,
    items: scenario.items.map(([path, size]): Item => [path, edits.get(path) ?? size]),
    versions: new Map([
      ...[...changes.keys()].map((path) => [path, CHANGED_VERSION] as const),
      ...[...edits.keys()].map((path) => [path, EDITED_VERSION] as const),
    ]),
  } as const;
  return judgeProcesses(await transfer(calm, disk, false), calm, 0).map((fault) => `again: ${fault}`);
}

function transfer(scenario: ProcessScenario, disk: Disk, isTroubled: boolean): Promise<Ending> {
  const { seed, items, waits, overwrite, latencyMs, jitterMs, clumpMs, pieceBytes, flaw } = scenario;
  const world = new SimulatedWorld(seed);
  Object.assign(world.network, { latencyMs, jitterMs, clumpMs, pieceBytes });
  const top = items[0]?.[0] ?? "";
  return play({
    world,
    items,
    waits,
    disk,
    flaw,
    tree: isTroubled ? troubles(scenario) : { pageEntries: scenario.pageEntries, versions: scenario.versions },
    damages: isTroubled ? scenario.damages.map((damage) => ({ ...damage })) : [],
    // Hidden names below the top come into a folder that the transfer made, or was there before.
    receive: { existing: overwrite ? "replace" : "refuse", hidden: true },
    during: (running) => {
      if (isTroubled) { for (const stroke of scenario.strokes) strike(running, stroke, flaw); }
    },
    paths: [top],
  });
}

function troubles({ pageEntries, changes, unreadable }: ProcessScenario): Partial<Tree> {
  const readFaults = new Map(
    [...unreadable].map(([path, block]) => [path, { block, fault: "io", text: "the disk failed" } as const]),
  );
  return { pageEntries, changes, readFaults };
}

function diskOf({ items, targets, diskFaults, freeSpace, writeMs, commitMs, syncMs }: ProcessScenario): Disk {
  const disk = emptyDisk({ freeSpace, writeMs, commitMs, syncMs });
  for (const [path, size] of items) {
    const target = targets.get(path);
    if (target === undefined || typeof size === "string") continue;
    for (const [at] of [...path].entries()) {
      if (path[at] === "/") disk.final.set(path.slice(0, at), "folder");
    }
    const isOld = target === "different";
    const there = isOld ? size + 1 : size;
    disk.final.set(path, { size: there, blocks: blocks(path, there, isOld ? OLD_VERSION : 0) });
  }
  for (const [path, fault] of diskFaults) disk.faults.set(path, { ...fault, text: `the disk does not take "${path}"` });
  return disk;
}

function strike({ world, disk, ...processes }: Play, stroke: Stroke, flaw: Flaw | undefined): void {
  world.time.later(stroke.atMs, () => {
    switch (stroke.what) {
      case "lane": {
        const lanes = world.network.open.flatMap((end) => end.laneIds.map((lane) => ({ end, lane })));
        if (lanes.length === 0) return;
        const { end, lane } = world.random.pick(lanes);
        return end.resetLane(lane);
      }
      case "network":
        return world.network.lose();
      case "power":
        processes.receiver.kill();
        return cutPower(disk, world.random, flaw);
      case "kill":
        return processes[stroke.side].kill();
      case "interrupt":
        return processes[stroke.side].interrupt(stroke.signal);
    }
  });
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
