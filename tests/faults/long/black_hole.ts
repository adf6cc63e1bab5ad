/**
 * B9 on a real network: a path of 500 Mbit/s and 20 ms (`metro`) between two network namespaces that swallows everything for 20 s, in both
 * directions and without a word, while a file is under way.
 *
 * What it costs is printed beside its bounds: the time beyond that of the same transfer undisturbed, and the bytes that crossed the path beyond
 * those. The bound in time fails at five times what is over the hole, which only a hang reaches however busy the machine is.
 *
 * @module
 */

import assert from "node:assert/strict";
import { missingNetpath, NetPath } from "../../../bench/paths/netpath.ts";
import { MIB } from "../../e2e/files.ts";
import { measured } from "../measured.ts";
import { inside, loses, losesNoMore } from "../namespaces.ts";
import { inScene, oneFile, type Scene } from "../scene.ts";

/** Some five seconds of the path. */
const SIZE = 256 * MIB;
const HOLE_MS = 20_000;
/** Of the time that the hole may cost, itself included. */
const BOUND_MS = 26_000;
const TWICE_BOUND = 64 * MIB;

interface Run {
  readonly ms: number;
  /** From the sender's side to the receiver's, packets included that were swallowed behind the path. */
  readonly bytes: number;
}

for (const waits of ["receiver", "sender"] as const) {
  Deno.test({
    name: `B9: a black hole of 20 s on metro while a file is under way (the ${waits} waits): both end with 0, ` +
      "and no more than 64 MiB is sent twice",
    ignore: missingNetpath() !== undefined,
    fn: () =>
      inScene(oneFile(SIZE), async (scene) => {
        const whole = await run(scene, waits);
        await Deno.remove(`${scene.places.into}/file.bin`);
        const holed = await run(scene, waits, swallow);
        const [lostMs, twice] = [holed.ms - whole.ms, holed.bytes - whole.bytes];
        measured(
          `B9: a black hole of 20 s on metro (the ${waits} waits)`,
          { value: lostMs / 1000, bound: BOUND_MS / 1000, unit: "s", what: "lost" },
          { value: twice / MIB, bound: TWICE_BOUND / MIB, unit: "MiB", what: "sent twice" },
        );
        assert.ok(lostMs > HOLE_MS / 2, "there was no hole");
        assert.ok(lostMs < HOLE_MS + 5 * (BOUND_MS - HOLE_MS), `${lostMs} ms were lost`);
        assert.ok(twice <= TWICE_BOUND, `${twice} bytes were sent twice`);
      }),
  });
}

/** A transfer over a fresh path, with what is done to the path once a third of the file has arrived. */
async function run(
  scene: Scene,
  waits: "receiver" | "sender",
  act: (path: NetPath) => Promise<void> = () => Promise.resolve(),
): Promise<Run> {
  await using path = await NetPath.start("metro");
  // Data goes from a to b; the box counts that way.
  const [sender, receiver] = [inside(path.a.namespace), inside(path.b.namespace)];
  const listen = waits === "receiver" ? path.b.address : path.a.address;
  const beganMs = performance.now();
  const pair = await scene.startDirectly({ waits, listen, sender, receiver });
  await pair.receiver.event("progress", ({ bytes }) => Number(bytes) > SIZE / 3);
  await act(path);
  await Promise.all([pair.sender.ending(), pair.receiver.ending()]);
  const ms = performance.now() - beganMs;
  await scene.ends([0]);
  const { aToB } = await path.stop();
  return { ms, bytes: aToB.bytes };
}

async function swallow({ a, b }: NetPath): Promise<void> {
  await Promise.all([loses(b.namespace, "from", a.address), loses(a.namespace, "from", b.address)]);
  await new Promise((over) => setTimeout(over, HOLE_MS)); // what is tested is the time
  await Promise.all([losesNoMore(a.namespace), losesNoMore(b.namespace)]);
}
