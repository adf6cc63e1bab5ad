/** What becomes of files on either side while a transfer is under way, or between two of its runs. */

import assert from "node:assert/strict";
import { MIB, namesIn, writeFile } from "../e2e/files.ts";
import type { Ultra } from "../e2e/harness.ts";
import { needsOrdinaryUser, ordinary } from "../e2e/ordinary_user.ts";
import { inScene, type Make, oneFile } from "./scene.ts";

/** A transfer that takes seconds, so that something can happen in its middle. */
const SLOW = ["--rate-limit", "8M"];

const severalFiles: Make = async (from) => {
  for (const name of ["a", "b", "c", "d", "e", "f"]) await writeFile(`${from}/${name}`, 8 * MIB);
};

/** The names of a folder's files that a process has open. */
function openIn(folder: string, { pid }: Ultra): string[] {
  const open = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      return ""; // it was closed in between
    }
  });
  const names = open.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
  return [...new Set(names)].sort();
}

Deno.test(
  "E7: of files whose permission goes in the middle, those that are open arrive whole, and later ones fail with 3",
  needsOrdinaryUser,
  () =>
    inScene(severalFiles, async (scene) => {
      const { workspace, places: { from, into } } = scene;
      const all = namesIn(from);
      const sender = await ordinary(workspace);
      // One file after the other.
      const sendArgs = [...SLOW, "--streams", "1"];
      const pair = await scene.start({ sender, sendArgs });
      await pair.relay.carried(2 * MIB, "out");
      for (const name of all) await Deno.chmod(`${from}/${name}`, 0o000);
      const open = openIn(from, pair.sender);
      await Promise.all([pair.sender.exits(3), pair.receiver.exits(3)]);
      for (const name of all) await Deno.chmod(`${from}/${name}`, 0o644);
      await scene.ends([3]);
      assert.ok(open.length > 0 && open.length < all.length, `${open} are open`);
      assert.deepEqual(namesIn(into), open);
      for (const { stdout } of [pair.sender, pair.receiver]) {
        for (const name of all.filter((one) => !open.includes(one))) {
          assert.match(stdout.text, new RegExp(`"${name}".*permission denied`));
        }
      }
      await scene.start();
      await scene.ends([0]);
    }),
);

Deno.test("D26: a bit that is turned in a part that was left in good order is found, though its time is set back, and its block comes again", () =>
  inScene(oneFile(24 * MIB), async (scene) => {
    const { into } = scene.places;
    const first = await scene.start({ sendArgs: SLOW });
    await first.relay.carried(12 * MIB, "out");
    first.receiver.kill("SIGINT");
    await scene.ends([130, 5]);
    const part = `${into}/${namesIn(into).find((name) => name.endsWith(".part"))}`;
    await turnBit(part, 2 * MIB + 77);
    const { receiver } = await scene.start();
    await scene.ends([0]);
    const arrived = first.receiver.events.findLast(({ type }) => type === "progress")?.["bytes"];
    const { resumedBytes } = await receiver.event("complete");
    assert.ok(Number(resumedBytes) >= Number(arrived) - MIB, `${resumedBytes} of ${arrived} bytes were taken up`);
  }));

async function turnBit(path: string, at: number): Promise<void> {
  const { mtime } = await Deno.stat(path);
  {
    using file = await Deno.open(path, { read: true, write: true });
    const byte = new Uint8Array(1);
    await file.seek(at, Deno.SeekMode.Start);
    await file.read(byte);
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(byte.map((value) => value ^ 1));
  }
  await Deno.utime(path, mtime ?? 0, mtime ?? 0);
}
