/**
 * Thousands of transfers between the real machines over a simulated network, disk and clock.
 *
 * A failing seed prints itself; `ULTRA_SEED=n` runs that seed alone, in every group. `ULTRA_SEEDS=n` sets how many there are in a group.
 *
 * @module
 */

import assert from "node:assert/strict";
import { print } from "../../scripts/shell.ts";
import { judge } from "./oracle.ts";
import { type Group, GROUPS, scenarioOf } from "./scenario.ts";
import type { Flaws } from "./flaws.ts";
import { World } from "./world.ts";

const SEEDS_IN_GROUP = Number(Deno.env.get("ULTRA_SEEDS") ?? 1000);
const ONE_SEED = Deno.env.get("ULTRA_SEED");

for (const group of GROUPS) {
  Deno.test(`every transfer ends well where ${group}`, () => {
    for (const seed of seeds()) {
      const faults = simulate(seed, group);
      assert.deepEqual(faults, [], `ULTRA_SEED=${seed} where ${group}:\n  ${faults.join("\n  ")}`);
    }
  });
}

// The twins: the same oracle must see each of these flaws, or it proves nothing.

Deno.test("the oracle sees a disk that writes over verified blocks", () => {
  assertSeen("lanes and links are lost", { disk: "overwrites-verified" }, /wrote over a verified block/);
});

Deno.test("the oracle sees a disk that does not check what it writes", () => {
  assertSeen("blocks arrive damaged", { disk: "checks-nothing" }, /wrong content/);
});

Deno.test("the oracle sees a sender that does not hear of lost lanes", () => {
  assertSeen("lanes and links are lost", { deafToLanes: true }, /hung/);
});

Deno.test("the oracle sees a receiver that commits before the last page has passed", () => {
  assertSeen("nothing goes wrong", { hasty: true }, /before the last page passed/);
});

// What trees made new: seals that follow the data, and runs of entries.

Deno.test("a seal may come before the last block is verified: the oracle sees a disk that says so too early", () => {
  assertSeen("nothing goes wrong", { disk: "verifies-early" }, /with blocks missing/);
});

Deno.test("a seal may come after the last block is verified: the oracle sees a receiver that does not hear it then", () => {
  assertSeen("nothing goes wrong", { deafToLateSeals: true }, /hung/);
});

Deno.test("E4: what is read again has to be what was sent first: the oracle sees a source that sends whatever it reads", () => {
  assertSeen("blocks are read again", { source: "forgets-values" }, /wrong content|ended as integrity/);
});

Deno.test("a failure may follow a seal: the oracle sees a receiver that does not hear it then", () => {
  assertSeen("blocks are read again", { deafToLateFailures: true }, /hung/);
});

Deno.test("a commit that has begun wins over a failure: the oracle sees a sender that does not hear of it", () => {
  assertSeen("blocks are read again", { deafToLateCommits: true }, /ended as protocol/);
});

Deno.test("what is sealed and not committed may be needed again: the oracle sees a sender that does not hear that", () => {
  assertSeen("blocks arrive damaged", { deafToLateNeeds: true }, /hung/);
});

Deno.test("H2: what is sealed may not be needed over and over: the oracle sees a sender that is asked so", () => {
  assertSeen("blocks arrive damaged", { asksOverAndOver: true }, /ended as protocol: .*over and over/);
});

Deno.test("E4: a frame seals a file of one block that was looked at again: the oracle sees a source that does not look", () => {
  assertSeen("sources change", { source: "seals-unseen" }, /wrong content/);
});

Deno.test("a file of one block whose frame is not sealed waits for a message: the oracle sees a disk that does not wait", () => {
  assertSeen("nothing goes wrong", { disk: "takes-unsealed" }, /ended as integrity/);
});

Deno.test("empty files need no seal: the oracle sees a disk that waits for one", () => {
  assertSeen("nothing goes wrong", { disk: "awaits-empty-seals" }, /hung/);
});

Deno.test("links come after everything else: the oracle sees a receiver that does not wait", () => {
  assertSeen("nothing goes wrong", { hastyLinks: true }, /before everything else was over/);
});

Deno.test("runs end before files that are not needed: the oracle sees a receiver that expects these, too", () => {
  assertSeen("targets exist", { uncutExpects: true }, /expected file \d+, which is not needed/);
});

Deno.test("runs end before files that are not needed: the oracle sees a sender that sends these, too", () => {
  assertSeen("targets exist", { uncutGrants: true }, /a frame of file \d+, which is not needed/);
});

function seeds(): number[] {
  if (ONE_SEED !== undefined) return [Number(ONE_SEED)];
  return Array.from({ length: SEEDS_IN_GROUP }, (_, i) => i);
}

function simulate(seed: number, group: Group, flaws: Flaws = {}): string[] {
  const world = new World(scenarioOf(seed, group), flaws);
  try {
    world.run();
  } catch (error) {
    return [error instanceof Error ? error.stack ?? error.message : String(error)];
  }
  return judge(world);
}

/** Seeds within which each planted flaw must be seen. */
const SEEDS_FOR_A_FLAW = 1000;

function assertSeen(group: Group, flaws: Flaws, expected: RegExp): void {
  for (let seed = 0; seed < SEEDS_FOR_A_FLAW; seed++) {
    if (!simulate(seed, group, flaws).some((fault) => expected.test(fault))) continue;
    return print(`${JSON.stringify(flaws)} was seen at seed ${seed}`);
  }
  assert.fail(`the flaw went unseen in ${SEEDS_FOR_A_FLAW} seeds`);
}
