/**
 * J10: one receiver that stays, and transfers to it for minutes with faults at random: nothing grows, and nothing is left.
 *
 *     ULTRA_FAULTS_SOAK_MINUTES=20 ULTRA_FAULTS_SEED=1 deno task test:faults tests/faults/long/soak.ts
 *
 * @module
 */

import assert from "node:assert/strict";
import { assertSameFile, MIB, namesIn, randomBytes, walk, writeFile } from "../../e2e/files.ts";
import type { Ultra } from "../../e2e/harness.ts";
import { print } from "../../../scripts/shell.ts";
import { Random } from "../../simulation/random.ts";
import { inView } from "../scene.ts";
import { FAIR, type Weather } from "../weather.ts";

const MINUTES = Number(Deno.env.get("ULTRA_FAULTS_SOAK_MINUTES") ?? 20);
const SEED = Number(Deno.env.get("ULTRA_FAULTS_SEED") ?? Date.now() % 1_000_000);

/** Of transfers: one each five seconds. (It takes some two.) */
const LEAST_A_MINUTE = 12;

/** A sender that was killed is missed after this; until then the next ones wait for their turn. */
const MISSED_MS = 400_000;

const WEATHERS: readonly Partial<Weather>[] = [
  {},
  { drop: 0.03 },
  { jitterMs: 30 },
  { duplicate: 0.1, corrupt: 0.01 },
  { delayMs: 60, drop: 0.01 },
];

interface Held {
  readonly descriptors: number;
  readonly memory: number;
  readonly threads: number;
}

function heldBy({ pid }: Ultra): Held {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  const descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  return { descriptors, memory: number("VmRSS") * 1024, threads: number("Threads") };
}

Deno.test(`J10: ${MINUTES} minutes of transfers with random faults to one receiver: no descriptor, memory, thread or file stays`, () =>
  inView(async (view) => {
    const { workspace } = view;
    const random = new Random(SEED);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--stay", "--json", "--into", into]);
    const { relay, ticket } = await view.relayed(await receiver.ticket(), { seed: SEED });
    const env = { ULTRA_TICKET: ticket };
    const held: Held[] = [];
    const end = performance.now() + MINUTES * 60_000;
    let transfers = 0;
    for (; performance.now() < end; transfers++) {
      try {
        const folder = await workspace.make(`source ${transfers}`, "tree");
        const sizes = random.chance(0.5)
          ? [random.between(1, 24) * MIB + 1]
          : Array.from({ length: 300 }, () => random.below(9000));
        for (const [index, size] of sizes.entries()) await writeFile(`${folder}/${index}`, size);
        await Deno.writeFile(`${folder}/mark`, randomBytes(transfers % 1000 + 1));
        const send = () => workspace.start(["send", "--json", "--rate-limit", "16M", folder], { env });
        await relay.set({ ...FAIR, ...random.pick(WEATHERS) });
        if (random.chance(0.15)) {
          const victim = send();
          await Promise.race([relay.carried(random.between(1, 2000) * 1000, "out"), victim.gone]);
          victim.end("SIGKILL");
          await victim.gone;
        }
        const sender = send();
        if (random.chance(0.2)) await relay.rebind();
        await sender.exits(0, MISSED_MS);
        for await (const { path, info } of walk(folder)) {
          if (info.isFile) await assertSameFile(`${into}/tree/${path}`, `${folder}/${path}`);
        }
        assert.deepEqual(namesIn(into).filter((name) => !name.startsWith(".ultra-")), ["tree"]);
        await Deno.remove(`${into}/tree`, { recursive: true });
        await Deno.remove(workspace.path(`source ${transfers}`), { recursive: true });
        held.push(heldBy(receiver));
      } catch (error) {
        throw new Error(`transfer ${transfers}; ULTRA_FAULTS_SEED=${SEED} repeats it\n${receiver.transcript()}`, {
          cause: error,
        });
      }
    }
    const early = held.slice(0, Math.ceil(held.length / 3));
    const late = held.slice(-early.length);
    const most = (some: readonly Held[], what: keyof Held) => Math.max(...some.map((one) => one[what]));
    print(`${transfers} transfers; first and last third: ${
      JSON.stringify([early, late].map((third) => ({
        descriptors: most(third, "descriptors"),
        MiB: Math.round(most(third, "memory") / MIB),
        threads: most(third, "threads"),
      })))
    }`);
    assert.ok(transfers >= LEAST_A_MINUTE * MINUTES, `${transfers} transfers are too few to say anything`);
    assert.ok(most(late, "descriptors") <= most(early, "descriptors") + 4, "descriptors stay");
    assert.ok(most(late, "threads") <= most(early, "threads") + 2, "threads stay");
    assert.ok(most(late, "memory") <= most(early, "memory") * 1.2 + 16 * MIB, "memory grows");
    receiver.kill("SIGTERM");
    await receiver.exits(143);
    await view.ends([0, 143, "SIGKILL"]);
    assert.deepEqual(namesIn(into), [], "files are left");
  }));
