/** The oracle finds each kind of harm, and nothing where there is none. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { namesIn } from "../e2e/files.ts";
import { inWorkspace, type Workspace } from "../e2e/harness.ts";
import { Oracle, type Places, ProcessOracle } from "./oracle.ts";
import { inScene, inView, oneFile } from "./scene.ts";

const TICKET = `ultra1${"a".repeat(90)}`;

async function places(workspace: Workspace): Promise<Places> {
  const [from, into, canary] = [
    await workspace.make("from/tree"),
    await workspace.make("into"),
    await workspace.make("canary"),
  ];
  await Deno.writeTextFile(`${from}/one`, "one");
  await Deno.writeTextFile(`${into}/old`, "old");
  await Deno.writeTextFile(`${canary}/alive`, "and well");
  return { from: workspace.path("from"), into, canary };
}

/** As a transfer leaves it that arrived. */
async function arrived({ from, into }: Places): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-a", `${from}/tree`, into] }).output();
  assert.ok(success);
}

const HARMS: readonly (readonly [what: string, found: RegExp, harm: (places: Places) => Promise<unknown>])[] = [
  ["another content", /is not what was sent/, async (all) => {
    await arrived(all);
    await Deno.writeTextFile(`${all.into}/tree/one`, "two");
  }],
  ["a file of zeros", /is not what was sent/, async (all) => {
    await arrived(all);
    await Deno.writeFile(`${all.into}/tree/one`, new Uint8Array(3));
  }],
  ["another mode", /is not what was sent/, async (all) => {
    await arrived(all);
    await Deno.chmod(`${all.into}/tree/one`, 0o777);
  }],
  ["a name that nobody sent", /which nobody sent/, ({ into }) => Deno.writeTextFile(`${into}/more`, "")],
  ["an old file that changed", /which nobody sent/, ({ into }) => Deno.writeTextFile(`${into}/old`, "new")],
  ["a file beside the target", /beside the target folder/, ({ canary }) => Deno.writeTextFile(`${canary}/more`, "")],
  ["a canary that changed", /beside the target folder/, ({ canary }) => Deno.writeTextFile(`${canary}/alive`, "no")],
  ["a source that changed", /what was sent has changed/, ({ from }) => Deno.writeTextFile(`${from}/tree/one`, "!")],
];

for (const [what, found, harm] of HARMS) {
  Deno.test(`oracle: ${what} is found`, () =>
    inWorkspace(async (workspace) => {
      const all = await places(workspace);
      using oracle = new Oracle(all);
      await harm(all);
      await assert.rejects(oracle.judge([]), found);
    }));
}

Deno.test("oracle: what was there before, what arrived and what is not complete are no harm", () =>
  inWorkspace(async (workspace) => {
    const all = await places(workspace);
    using oracle = new Oracle(all);
    await oracle.judge([]);
    await Deno.mkdir(`${all.into}/tree`, { mode: 0o700 });
    await Deno.writeTextFile(`${all.into}/tree/.ultra-0123456789abcdef.part`, "o");
    await oracle.judge([]);
    await Deno.remove(`${all.into}/tree`, { recursive: true });
    await arrived(all);
    await oracle.judge([]);
  }));

Deno.test("oracle: an exit code that does not fit, a success without the files, and a ticket in the list of processes are found", () =>
  inWorkspace(async (workspace) => {
    const all = await places(workspace);
    using oracle = new Oracle(all);
    oracle.watch(workspace.start(["no-such-command"]));
    await assert.rejects(oracle.judge([0]), /it ended with 2, not 0/);
    oracle.watch(workspace.start(["--version"]));
    await assert.rejects(oracle.judge([0]), /not all is there as it was sent/);
    // (The shell shows what ultra itself hides at once, for ten looks of the oracle.)
    oracle.watch(workspace.start(["recv", "--ticket", "-", TICKET], { stdin: "", shellSuffix: "; sleep 1; exit 2" }));
    await assert.rejects(oracle.judge([2]), /the list of processes shows a ticket/);
  }));

Deno.test("oracle: control characters, memory and descriptors beyond their limits are found", () =>
  inWorkspace(async (workspace) => {
    const all = await places(workspace);
    using oracle = new Oracle(all);
    oracle.watch(workspace.start(["--version"], { shellSuffix: "; printf 'a\\033[31mb\\n'; exit 4" }));
    await assert.rejects(oracle.judge([4]), /control character/);
    oracle.watch(workspace.start(["--version"], { shellSuffix: "; exit 4" }), -256);
    await assert.rejects(oracle.judge([4]), /descriptors/);
  }));

Deno.test("oracle: a folder that was there before keeps its mode and gets another time, and nothing else of it may differ", () =>
  inWorkspace(async (workspace) => {
    const all = await places(workspace);
    await Deno.remove(`${all.into}/old`);
    await Deno.mkdir(`${all.into}/tree`, { mode: 0o700 });
    using oracle = new Oracle(all);
    const ended = () => oracle.watch(workspace.start(["--version"]));
    const { success } = await new Deno.Command("cp", { args: ["-a", `${all.from}/tree/one`, `${all.into}/tree`] })
      .output();
    assert.ok(success);
    ended();
    await oracle.judge([0]);
    await Deno.writeTextFile(`${all.into}/tree/two`, "more");
    ended();
    await assert.rejects(oracle.judge([0]), /not all is there as it was sent/);
  }));

Deno.test("oracle: where the test judges contents itself, codes, what stands beside and outputs are found all the same", () =>
  inWorkspace(async (workspace) => {
    const { canary } = await places(workspace);
    using oracle = new ProcessOracle(canary);
    oracle.watch(workspace.start(["no-such-command"]));
    await assert.rejects(oracle.judge([0]), /it ended with 2, not 0/);
    oracle.watch(workspace.start(["--version"], { shellSuffix: "; printf 'a\\033[31mb\\n'" }));
    await assert.rejects(oracle.judge([0]), /control character/);
    oracle.watch(workspace.start(["--version"], { shellSuffix: `; touch ${canary}/more` }));
    await assert.rejects(oracle.judge([0]), /beside the target folder/);
  }));

Deno.test("oracle: a process that a test starts by itself is watched, in a scene and in a view", async () => {
  const fails = /it ended with 2, not 0/;
  await assert.rejects(
    inScene(oneFile(1), ({ workspace }) => Promise.resolve(void workspace.start(["no-such-command"]))),
    fails,
  );
  await assert.rejects(inView(({ workspace }) => Promise.resolve(void workspace.start(["no-such-command"]))), fails);
});

Deno.test("oracle: no test of faults starts processes behind its back", async () => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const files = [folder, join(folder, "long")].flatMap((place) =>
    namesIn(place).filter((name) => name.endsWith(".ts")).map((name) => join(place, name))
  );
  const outside = [];
  for (const file of files) {
    if (/\b(?:inWorkspace|new Workspace|new Ultra)\(/.test(await Deno.readTextFile(file))) outside.push(basename(file));
  }
  // What makes scenes, and what tries the oracle itself.
  assert.deepEqual(outside.sort(), ["oracle_test.ts", "scene.ts"]);
});
