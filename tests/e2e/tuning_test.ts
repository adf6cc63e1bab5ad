import assert from "node:assert/strict";
import { BUFFER_LEN } from "../../src/engine/door.generated.ts";
import { assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

Deno.test("--rate-limit: the rate is not passed, over all streams together, and the file arrives whole", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 20 * MIB);
    const into = await workspace.make("into");
    const limit = 10e6;
    const { sender, receiver } = await workspace.pair([source, "--rate-limit", "10M"], ["--into", into], "--json");
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, source);
    // How near it comes on an idle machine is measured elsewhere; on a busy one it may fall behind, but never pass.
    for (const side of [sender, receiver]) {
      const { bytes, seconds } = await side.event("complete");
      assert.ok(Number(bytes) / Number(seconds) < limit * 1.03, side.transcript());
    }
    // Two seconds of a trickle, and not a burst at the end: events come five times a second.
    const steps = receiver.events.filter(({ type }) => type === "progress").map(({ bytes }) => Number(bytes));
    assert.ok(
      steps.filter((bytes, index) => bytes > (steps[index - 1] ?? 0)).length >= 5,
      `no steady progress: ${steps}`,
    );
  }));

Deno.test("--rate-limit: a sender that waits for its turn can be interrupted, and its peer ends as well", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 20 * MIB);
    const into = await workspace.make("into");
    // Half an hour, if nobody interrupts it.
    const { sender, receiver } = await workspace.pair([source, "--rate-limit", "10K"], ["--into", into, "-v"]);
    await receiver.says(/^⚡ Opened/);
    sender.kill("SIGINT");
    await Promise.all([sender.exits(130, 5_000), receiver.exits(5)]);
    // What has arrived is kept for the same command again.
    assert.deepEqual(namesIn(into).filter((name) => !name.startsWith(".ultra-")), []);
  }));

Deno.test("every tuning flag together: the file arrives whole, and max says what memory it may take", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 70 * MIB);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair(
      [source, "--profile", "max", "--streams", "7", "--chunk-size", "3Mi", "--read-buffer", "1M", "--cc", "cubic"],
      [
        ...["--into", into, "--profile", "max", "--stream-window", "64K", "--connection-window", "1M"],
        ...["--write-concurrency", "16"],
      ],
      "--json",
    );
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, source);
    const config = await sender.event("config");
    assert.deepEqual([config["streams"], config["chunks"], config["chunkBytes"]], [7, 24, 3 * MIB]);
    const bounds = await Promise.all([sender, receiver].map((side) => side.event("memory")));
    assert.deepEqual(bounds.map(({ boundBytes }) => boundBytes), [257 * BUFFER_LEN, 256 * 65_536]);
  }));
