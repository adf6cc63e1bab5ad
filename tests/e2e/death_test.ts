import assert from "node:assert/strict";
import { assertNoLeftovers, assertOnlyParts, GIB, largeFolder, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Ultra, type Workspace } from "./harness.ts";

/** Long enough that something is always still to come when the first progress is seen. */
const SIZE = 3 * GIB / 2;

/** A killed process says no goodbye: the other side has to find out by itself. */
const SILENCE_MS = 35_000;

/** "Within a second" is the promise; this only catches a process that hangs. */
const PROMPT_MS = 5000;

interface Scene {
  readonly sender: Ultra;
  readonly receiver: Ultra;
  readonly into: string;
}

/** A transfer that is under way: seen by the given side, which is asked because it is going to act. */
async function underWay(
  workspace: Workspace,
  source: string,
  name: string,
  watch: "sender" | "receiver",
): Promise<Scene> {
  const into = await workspace.make(name);
  const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json", "--retry-for", "0");
  await (watch === "sender" ? sender : receiver).midway();
  return { sender, receiver, into };
}

function assertNothingThere(into: string): void {
  assert.deepEqual(namesIn(into), []);
}

Deno.test("C1 C2: a side that is killed is noticed within 35 s: exit 5, and the name never appears", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), SIZE);
    await Promise.all([
      (async () => {
        const { sender, receiver, into } = await underWay(workspace, source, "sender dies", "receiver");
        sender.kill("SIGKILL");
        await receiver.exits(5, SILENCE_MS);
        await assertOnlyParts(into);
        assert.ok(!namesIn(into).includes("source.bin"));
        assert.match(receiver.stderr.text, /^ultra: .*connection was lost/m);
      })(),
      (async () => {
        const { sender, receiver, into } = await underWay(workspace, source, "receiver dies", "sender");
        receiver.kill("SIGKILL");
        await sender.exits(5, SILENCE_MS);
        assert.ok(!namesIn(into).includes("source.bin"));
        assert.match(sender.stderr.text, /^ultra: .*connection was lost/m);
      })(),
    ]);
  }, await largeFolder()));

const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;

for (const [signal, code] of SIGNALS) {
  for (const who of ["sender", "receiver"] as const) {
    Deno.test(`C5 C7: ${signal} at the ${who} in the middle: it exits ${code} at once, the other side 5, and the part is left`, async () =>
      await inWorkspace(async (workspace) => {
        const source = await writeFile(workspace.path("source.bin"), SIZE);
        const scene = await underWay(workspace, source, "into", who);
        const interrupted = scene[who];
        const other = scene[who === "sender" ? "receiver" : "sender"];
        interrupted.kill(signal);
        await interrupted.exits(code, PROMPT_MS);
        await other.exits(5, PROMPT_MS);
        assert.deepEqual(namesIn(scene.into).map((name) => name.split(".").at(-1)), ["journal", "part"]);
        assert.match(other.stderr.text, /^ultra: The other side.*interrupted/m);
        const exit = interrupted.events.at(-1);
        const again = exit?.["again"];
        assert.deepEqual(exit, { type: "exit", code, why: "interrupted", again });
        assert.match(String(again), who === "sender" ? /^ultra send --json .* ultra1\.\.\.$/ : /^ultra recv .*--into /);
      }, await largeFolder()));
  }
}

Deno.test("T50: an interruption says on both sides what arrived and is kept", () =>
  inWorkspace(async (workspace) => {
    const [small, large] = [workspace.path("small.bin"), workspace.path("large.bin")];
    await Promise.all([writeFile(small, 1000), writeFile(large, 50 * MIB)]);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into]);
    const limit = ["--rate-limit", "1M"];
    const sender = workspace.start(["send", "--json", small, large, ...limit, await receiver.ticket()]);
    await sender.event("progress", ({ filesArrived }) => filesArrived === 1);
    sender.kill("SIGINT");
    await Promise.all([sender.exits(130, PROMPT_MS), receiver.exits(5, PROMPT_MS)]);
    assert.match(String(sender.events.at(-1)?.["again"]), /^ultra send --json .*small\.bin .* ultra1\.\.\.$/);
    const { partBytes, ...interrupted } = sender.events.at(-2) ?? assert.fail("no events");
    assert.deepEqual(interrupted, { type: "interrupted", files: 2, filesArrived: 1, filesPresent: 0 });
    // Whole blocks of the large file, as many as it has heard of.
    assert.ok(Number(partBytes) % MIB === 0 && Number(partBytes) < 50 * MIB, String(partBytes));
    const lines = receiver.stderr.lines.slice(-6);
    const kept = String(lines[1]);
    // Of the large one there may be a block by then, or not yet.
    const part =
      /^1 of 2 files and [1-9]\S* MB of the rest arrived and are kept; the same command again goes on from there$/;
    if (!part.test(kept)) assert.equal(kept, "1 of 2 files arrived and is kept; the next transfer skips what is there");
    assert.deepEqual(lines, [
      "ultra: The other side was interrupted",
      kept,
      "To go on, run the same commands again on both sides. On this one:",
      "",
      `    ultra recv --listen 127.0.0.1 --into ${into}`,
      "",
    ]);
    assert.deepEqual(namesIn(into).filter((name) => !name.startsWith(".ultra-")), ["small.bin"]);
    await assertOnlyParts(into);
  }));

Deno.test("C5: an interrupted side ends within a second, also when the other side does not answer any more", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 50 * MIB);
    for (const [signal, code] of SIGNALS) {
      const into = await workspace.make(signal);
      const { sender, receiver } = await workspace.pair(
        [source, "--rate-limit", "5M"],
        ["--into", into],
        "--json",
      );
      await sender.midway();
      receiver.kill("SIGSTOP");
      const since = performance.now();
      sender.kill(signal);
      await sender.exits(code, PROMPT_MS);
      // (The second that is promised, and what a busy machine needs to end a process.)
      assert.ok(performance.now() - since < 2000, `${performance.now() - since} ms`);
      assert.match(String(sender.events.at(-1)?.["again"]), /^ultra send /);
      receiver.kill("SIGCONT");
      await receiver.exits(5, SILENCE_MS);
    }
  }));

Deno.test("SIGINT, SIGTERM and SIGHUP end a side that waits", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 10);
    const into = await workspace.make("into");
    for (const [signal, code] of SIGNALS) {
      for (const waiting of [workspace.recv(["--into", into]), workspace.sendWaiting([source])]) {
        await waiting.ticket();
        await waiting.says(/^Waiting/);
        waiting.kill(signal);
        await waiting.exits(code, PROMPT_MS);
      }
    }
    assertNothingThere(into);
  }));

Deno.test("a side that is stopped for a second and continued goes on", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), SIZE / 3);
    const { sender, receiver, into } = await underWay(workspace, source, "into", "receiver");
    for (const side of [sender, receiver]) {
      side.kill("SIGSTOP");
      await new Promise((resume) => setTimeout(resume, 1000)); // what is tested is the time
      side.kill("SIGCONT");
    }
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertNoLeftovers(into);
    assert.equal((await Deno.stat(`${into}/source.bin`)).size, SIZE / 3);
  }, await largeFolder()));
