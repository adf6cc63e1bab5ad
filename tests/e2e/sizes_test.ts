import assert from "node:assert/strict";
import { hashFile } from "../../scripts/blake3.ts";
import { assertNoLeftovers, assertSameFile, BLOCK, GIB, largeFolder, MIB, writeFile, writeSparse } from "./files.ts";
import { inWorkspace, type Ultra } from "./harness.ts";

const SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 32 * MIB + 1, 300 * MIB];

/** What either process may have at most, whatever the size of the file. */
const MOST_MEMORY = 256e6;

for (const size of SIZES) {
  Deno.test(`A1 A2: a file of ${size} bytes arrives as it is, and both sides show its BLAKE3 root`, () =>
    inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), size);
      const into = await workspace.make("into");
      const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
      await Promise.all([sender.exits(0), receiver.exits(0)]);

      await assertSameFile(`${into}/source.bin`, source);
      await assertNoLeftovers(into);
      const root = await hashFile(source);
      for (const side of [sender, receiver]) {
        const facts = await side.event("complete");
        assert.equal(facts["fileRoot"], root);
        assert.equal(facts["files"], 1);
        assert.equal(facts["bytes"], size);
        assert.equal(facts["durable"], true);
      }
    }));
}

Deno.test("A3: a file of 4 GiB and one byte arrives as it is, with less than 256 MB of memory on either side", async () =>
  await inWorkspace(async (workspace) => {
    const size = 4 * GIB + 1;
    const source = await writeSparse(workspace.path("sparse.bin"), size, [0, 4 * GIB - 2 * BLOCK, 4 * GIB]);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
    const peaks = [watchMemory(sender), watchMemory(receiver)];
    await Promise.all([sender.exits(0), receiver.exits(0)]);

    await assertSameFile(`${into}/sparse.bin`, source);
    await assertNoLeftovers(into);
    for (const peak of await Promise.all(peaks)) {
      assert.ok(peak > 0 && peak < MOST_MEMORY, `a process had ${(peak / 1e6).toFixed(0)} MB`);
    }
  }, await largeFolder()));

Deno.test("C10: with windows as wide as the memory lets them be, 2 GiB take less than 256 MB on either side", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 2 * GIB);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json", "--profile", "far");
    const peaks = [watchMemory(sender), watchMemory(receiver)];
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    for (const peak of await Promise.all(peaks)) {
      assert.ok(peak > 0 && peak < MOST_MEMORY, `a process had ${(peak / 1e6).toFixed(0)} MB`);
    }
  }, await largeFolder()));

/** Reads the highest mark whenever the process says something, and so for the last time when its transfer is complete. */
async function watchMemory(side: Ultra): Promise<number> {
  let peak = 0;
  let isOver = false;
  void side.gone.then(() => isOver = true);
  let seen = 0;
  while (!isOver) {
    const known = seen;
    await Promise.race([side.gone, side.stdout.find(() => side.stdout.lines.length > known)]).catch(() => {});
    seen = side.stdout.lines.length;
    peak = Math.max(peak, await side.peakMemory() ?? 0);
  }
  return peak;
}
