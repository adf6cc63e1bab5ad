/** Linux on arm64 under qemu's user mode, with the native build at the other end. */

import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, MIB, writeFile } from "../e2e/files.ts";
import { inWorkspace, type Workspace } from "../e2e/harness.ts";
import { snapshot } from "../e2e/snapshot.ts";
import { released, testOn } from "./built.ts";
import { ARM64, environment, missingForArm64 } from "./qemu.ts";
import { makeHardTree } from "./tree.ts";

/** Emulation on a busy machine takes its time; only a hang reaches this. */
const SLOW_MS = 300_000;

const missing = await missingForArm64();

interface Scene {
  readonly workspace: Workspace;
  readonly arm64: { readonly program: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

const onArm64 = (name: string, body: (scene: Scene) => Promise<void>) =>
  testOn(missing, `linux-arm64: ${name}`, () =>
    inWorkspace(async (workspace) => {
      const env = await environment(workspace.folder);
      // A place of its own: the tests that unpack natively remove what is not theirs.
      await body({
        workspace,
        arm64: { program: [released(ARM64)], env: { ...env, ULTRA_CACHE_DIR: workspace.path("cache") } },
      });
    }));

onArm64("it unpacks itself, becomes Deno, and tells its version", async ({ workspace, arm64 }) => {
  await workspace.make("cache");
  const ultra = workspace.start(["--version"], arm64);
  await ultra.exits(0);
  assert.match(ultra.stdout.text, /^ultra \d[\s\S]*msquic 2/);
});

for (const direction of ["x64 to arm64", "arm64 to x64"] as const) {
  onArm64(`a tree of 200 files with awkward names, links and holes arrives identical, ${direction}`, async (scene) => {
    const { workspace, arm64 } = scene;
    const source = await workspace.make("tree");
    await makeHardTree(source);
    const into = await workspace.make("into");
    const [sends, receives] = direction === "x64 to arm64" ? [{}, arm64] : [arm64, {}];
    const receiver = workspace.recv(["--into", into], receives);
    const sender = workspace.start(["send", source, await receiver.ticket()], sends);
    await Promise.all([sender.exits(0, SLOW_MS), receiver.exits(0, SLOW_MS)]);
    assert.deepEqual(snapshot(`${into}/tree`), snapshot(source));
    await assertNoLeftovers(into);
  });
}

onArm64("the other side waits: an arm64 receiver fetches from a native sender", async ({ workspace, arm64 }) => {
  const source = await writeFile(workspace.path("file"), 3 * MIB + 1);
  const into = await workspace.make("into");
  const sender = workspace.sendWaiting([source]);
  const receiver = workspace.start(["recv", "--into", into, await sender.ticket()], arm64);
  await Promise.all([sender.exits(0, SLOW_MS), receiver.exits(0, SLOW_MS)]);
  await assertSameFile(`${into}/file`, source);
});

onArm64("a receiver that is killed goes on where it was", async ({ workspace, arm64 }) => {
  const size = 96 * MIB;
  const source = await writeFile(workspace.path("file"), size);
  const into = await workspace.make("into");
  const recv = () => workspace.recv(["--into", into, "--json"], arm64);
  const send = (ticket: string) => workspace.start(["send", "--retry-for", "0", "--json", source, ticket]);
  const first = recv();
  const lost = send(await first.ticket());
  await first.midway();
  first.kill("SIGKILL");
  await lost.exits(5, SLOW_MS);
  const second = recv();
  const sender = send(await second.ticket());
  await Promise.all([sender.exits(0, SLOW_MS), second.exits(0, SLOW_MS)]);
  await assertSameFile(`${into}/file`, source);
  const facts = await sender.event("complete");
  assert.ok(Number(facts["resumedBytes"]) > 0, `${facts["resumedBytes"]}`);
});
