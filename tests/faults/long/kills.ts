/**
 * Processes that are killed at random moments, sender and receiver in turn, and the same commands again.
 *
 *     ULTRA_FAULTS_KILLS=200 ULTRA_FAULTS_SEED=1 deno task test:faults tests/faults/long/kills.ts
 *
 * @module
 */

import assert from "node:assert/strict";
import { largeFolder, MIB } from "../../e2e/files.ts";
import type { Ultra } from "../../e2e/harness.ts";
import { print } from "../../../scripts/shell.ts";
import { Random } from "../../simulation/random.ts";
import { inScene, type Make, oneFile, type Scene, smallTree, type Way } from "../scene.ts";

const KILLS = Number(Deno.env.get("ULTRA_FAULTS_KILLS") ?? 200);
const SEED = Number(Deno.env.get("ULTRA_FAULTS_SEED") ?? Date.now() % 1_000_000);

/** So that most of a run is transfer, and not the start of two processes. */
const RATE = ["--rate-limit", "32M"];

const MODES = { file: oneFile(32 * MIB), tree: smallTree(5000, 12_000) } satisfies Record<string, Make>;

/** The last progress that a process has told: bytes that were verified and written. */
function arrived(ultra: Ultra): number {
  return Number(ultra.events.findLast(({ type }) => type === "progress")?.["bytes"] ?? 0);
}

/** Kills one side at a moment, and ends the other one. What had arrived. */
async function killed(scene: Scene, way: Way, who: "sender" | "receiver", afterMs: number): Promise<number> {
  const pair = await scene.startDirectly(way);
  const victim = pair[who];
  const survivor = pair[who === "sender" ? "receiver" : "sender"];
  await new Promise((moment) => setTimeout(moment, afterMs)); // what is tested is the time
  victim.end("SIGKILL");
  await victim.gone;
  survivor.end("SIGTERM");
  // 0: it was over already; SIGTERM: it had hardly begun.
  await scene.ends([0, 5, "SIGKILL", "SIGTERM", 143]);
  return Math.max(arrived(victim), arrived(survivor));
}

/** Runs the same commands until they end, and tells how many bytes they moved. */
async function completed(scene: Scene, way: Way): Promise<{ readonly moved: number; readonly ms: number }> {
  const start = performance.now();
  const { sender, receiver } = await scene.startDirectly(way);
  await Promise.all([sender.ending(), receiver.ending()]);
  // Without the time that the oracle takes.
  const ms = performance.now() - start;
  await scene.ends([0]);
  const { bytes, resumedBytes } = await sender.event("complete");
  return { moved: Number(bytes) - Number(resumedBytes ?? 0), ms };
}

for (const [what, make] of Object.entries(MODES)) {
  for (const waits of ["receiver", "sender"] as const) {
    const name = `C1 C2: a ${what}: ${
      KILLS / 2
    } kills -9 at random moments (the ${waits} waits), and the same commands again: identical each time`;
    Deno.test(name, async () => {
      const root = await largeFolder();
      const again: number[] = [];
      let halves = 0;
      await inScene(make, async (scene) => {
        const random = new Random(SEED);
        const way: Way = { waits, sendArgs: RATE };
        const { moved: size, ms } = await completed(scene, way);
        for (let kills = 0; kills < KILLS / 2; kills += 2) {
          await empty(scene.places.into);
          try {
            const before = await killed(scene, way, "sender", random.time(0, ms));
            const between = await killed(scene, way, "receiver", random.time(0, ms));
            const { moved } = await completed(scene, way);
            if (moved > 0 && moved < size) halves += 1;
            again.push(Math.max(0, Math.max(before, between) - (size - moved)));
          } catch (error) {
            throw new Error(`after ${kills} kills; ULTRA_FAULTS_SEED=${SEED} repeats the moments`, { cause: error });
          }
        }
      }, root === undefined ? {} : { root });
      const sum = again.reduce((total, bytes) => total + bytes, 0);
      const most = Math.max(...again);
      print(
        `${what}, the ${waits} waits: sent again ${(sum / again.length / MIB).toFixed(1)} MiB on average, ${
          (most / MIB).toFixed(1)
        } at most; ${halves} of ${again.length} last runs found something there and something missing`,
      );
      assert.equal(again.length, KILLS / 4);
    });
  }
}

Deno.test("C3: both sides are killed at once, and the same commands again: identical", () =>
  inScene(MODES.file, async (scene) => {
    const random = new Random(SEED);
    for (let kills = 0; kills < 10; kills++) {
      const { sender, receiver } = await scene.startDirectly({ sendArgs: RATE });
      await new Promise((moment) => setTimeout(moment, random.time(0, 1000))); // what is tested is the time
      for (const side of [sender, receiver]) side.end("SIGKILL");
      await scene.ends([0, "SIGKILL"]);
    }
    await completed(scene, {});
  }));

async function empty(folder: string): Promise<void> {
  for (const { name } of [...Deno.readDirSync(folder)]) await Deno.remove(`${folder}/${name}`, { recursive: true });
}
