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
import { measured } from "../measured.ts";
import { print } from "../../../scripts/shell.ts";
import { Random } from "../../simulation/random.ts";
import { inScene, type Make, oneFile, type Scene, smallTree, type Way } from "../scene.ts";

const KILLS = Number(Deno.env.get("ULTRA_FAULTS_KILLS") ?? 200);
const SEED = Number(Deno.env.get("ULTRA_FAULTS_SEED") ?? Date.now() % 1_000_000);

/** So that a run is seconds of transfer, and a kill finds more behind it than the second that a journal may lose. */
const RATE_MIB = 32;
const RATE = ["--rate-limit", `${RATE_MIB}M`];

/** So large that two runs that begin anew send more again than is allowed. */
const MODES = { file: oneFile(144 * MIB), tree: smallTree(5000, 68_000) } satisfies Record<string, Make>;

/** What a sender may have read that the receiver has not written: the blocks of all lanes, in both processes and between them. */
const IN_FLIGHT = 16 * MIB;

/** What a kill may cost: what was in flight, and one second of the journal. At a random moment it is half of that on average: both grow from nothing. */
const COST = IN_FLIGHT + RATE_MIB * MIB;

/** What a process reads before it reads anything of a file: programs and libraries that were unpacked before. */
const OWN_BYTES = 2 * MIB;

/** Bytes that a process has read; undefined when it is gone. */
function readBy({ pid }: Ultra): number | undefined {
  try {
    return Number(/^rchar: (\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/io`))?.[1]);
  } catch {
    return undefined;
  }
}

/** When a process is killed: so long after its dialer's start, or after it has said what travels. */
interface Moment {
  readonly after: "start" | "config";
  readonly ms: number;
}

/** Most kills fall into the first third of a transfer, however long a busy machine takes to begin it; the rest anywhere in a run of `runMs`. */
function anyMoment(random: Random, runMs: number, size: number): Moment {
  if (random.below(8) === 0) return { after: "start", ms: random.time(0, runMs) };
  return { after: "config", ms: random.time(0, size / (RATE_MIB * MIB) * 1000 / 3) };
}

/** Kills one side at a moment, and ends the other one. How many bytes were sent, of `size`. */
async function killed(
  scene: Scene,
  way: Way,
  who: "sender" | "receiver",
  { after, ms }: Moment,
  size: number,
): Promise<number> {
  const pair = await scene.startDirectly(way);
  const victim = pair[who];
  const survivor = pair[who === "sender" ? "receiver" : "sender"];
  // (Where nothing is missing, nothing is said to travel.)
  if (after === "config") await Promise.race([pair.sender.event("config"), pair.sender.gone]).catch(() => {});
  await new Promise((moment) => setTimeout(moment, ms)); // what is tested is the time
  const before = readBy(pair.sender);
  victim.end("SIGKILL");
  await victim.gone;
  const read = readBy(pair.sender) ?? before;
  survivor.end("SIGTERM");
  // 0: it was over already; SIGTERM: it had hardly begun.
  await scene.ends([0, 5, "SIGKILL", "SIGTERM", 143]);
  // (One that had ended says itself what it sent.)
  return read === undefined ? await movedBy(pair.sender) : Math.min(size, Math.max(0, read - OWN_BYTES));
}

/** The bytes that a sender has sent whose transfer is complete. */
async function movedBy(sender: Ultra): Promise<number> {
  const { bytes, resumedBytes } = await sender.event("complete");
  return Number(bytes) - Number(resumedBytes ?? 0);
}

/** Runs the same commands until they end, and tells how many bytes they moved. */
async function completed(scene: Scene, way: Way): Promise<{ readonly moved: number; readonly ms: number }> {
  const { sender, receiver } = await scene.startDirectly(way);
  // From the dialer's start on, as the moments of kills are: later ones would find everything there.
  const start = performance.now();
  await Promise.all([sender.ending(), receiver.ending()]);
  // Without the time that the oracle takes.
  const ms = performance.now() - start;
  await scene.ends([0]);
  return { moved: await movedBy(sender), ms };
}

/** Half of all kills, with one side waiting. */
async function kills(what: keyof typeof MODES, waits: "receiver" | "sender"): Promise<void> {
  const root = await largeFolder();
  const again: number[] = [];
  let halves = 0, size = 0;
  await inScene(MODES[what], async (scene) => {
    const random = new Random(SEED);
    const way: Way = { waits, sendArgs: RATE };
    const { moved, ms } = await completed(scene, way);
    size = moved;
    for (let kills = 0; kills < KILLS / 2; kills += 2) {
      await empty(scene.places.into);
      try {
        const sent = await killed(scene, way, "sender", anyMoment(random, ms, size), size) +
          await killed(scene, way, "receiver", anyMoment(random, ms, size), size);
        // As fast as it goes: no kill comes any more.
        const { moved } = await completed(scene, { waits });
        if (moved > 0 && moved < size) halves += 1;
        again.push(Math.max(0, sent + moved - size));
      } catch (error) {
        throw new Error(`after ${kills} kills; ULTRA_FAULTS_SEED=${SEED} repeats the moments`, { cause: error });
      }
    }
  }, root === undefined ? {} : { root });
  const average = again.reduce((total, bytes) => total + bytes, 0) / again.length;
  const most = Math.max(...again);
  // Two kills went before each of these.
  const [averageBound, mostBound] = [COST, 2 * COST];
  measured(
    `C1 C2: a ${what} of ${(size / MIB).toFixed(1)} MiB after two kills (the ${waits} waits)`,
    { value: average / MIB, bound: averageBound / MIB, unit: "MiB", what: "sent again on average" },
    { value: most / MIB, bound: mostBound / MIB, unit: "MiB", what: "sent again at most" },
  );
  print(`${halves} of ${again.length} last runs found something there and something missing`);
  assert.equal(again.length, KILLS / 4);
  assert.ok(mostBound < size * 0.75, `a bound that ${size} bytes can hardly pass is none`);
  assert.ok(average <= averageBound, `${average} bytes were sent again on average`);
  assert.ok(most <= mostBound, `${most} bytes were sent again`);
  assert.ok(halves >= again.length / 8, `only ${halves} of ${again.length} last runs had something to go on with`);
}

for (const what of ["file", "tree"] as const) {
  const name =
    `C1 C2: a ${what}: ${KILLS} kills -9 at random moments, sender and receiver in turn, and the same commands again: identical each time`;
  // Both ways beside each other: a limited rate leaves most of the processors free.
  Deno.test(name, async () => void await Promise.all([kills(what, "receiver"), kills(what, "sender")]));
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
