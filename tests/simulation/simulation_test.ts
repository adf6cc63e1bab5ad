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
import { type Flaws, World } from "./world.ts";

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

function assertSeen(group: Group, flaws: Flaws, expected: RegExp): void {
  for (let seed = 0; seed < 300; seed++) {
    if (!simulate(seed, group, flaws).some((fault) => expected.test(fault))) continue;
    return print(`${JSON.stringify(flaws)} was seen at seed ${seed}`);
  }
  assert.fail("the flaw went unseen in 300 seeds");
}
