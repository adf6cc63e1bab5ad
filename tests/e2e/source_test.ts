import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, largeFolder, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Ultra } from "./harness.ts";
import { grow, type Mutation, rewrite, shrink } from "../faults/mutator.ts";

const SIZE = 800 * MIB;

function test(name: string, change: Mutation): void {
  Deno.test(`${name} while it is sent: exit 9 on both sides, and the name never appears`, async () =>
    await inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), SIZE);
      const into = await workspace.make("into");
      const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
      await sender.midway();
      await change(source, SIZE);
      await Promise.all([sender.exits(9), receiver.exits(9)]);
      assert.deepEqual(namesIn(into), []);
      for (const side of [sender, receiver]) assertNames(side, "source.bin");
    }, await largeFolder()));
}

test("E1: a file that grows", grow);
test("E2: E6: a file that shrinks", shrink);
test("E4: a file that is rewritten in place with its size and time kept", rewrite);

function assertNames(side: Ultra, name: string): void {
  const failures = side.events.filter(({ type }) => type === "file-failed" || type === "complete");
  assert.ok(JSON.stringify(failures).includes(name), side.transcript());
  assert.ok(JSON.stringify(failures).includes("source-changed"), side.transcript());
}

Deno.test("E1: of several files one changes: exit 3 on both sides, it is named, and the others arrive", async () =>
  await inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await writeFile(`${tree}/large`, SIZE);
    for (const name of ["a", "b", "c"]) await writeFile(`${tree}/${name}`, 100_000);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([tree], ["--into", into], "--json");
    await sender.midway();
    await grow(`${tree}/large`, SIZE);
    await Promise.all([sender.exits(3), receiver.exits(3)]);
    assert.deepEqual(namesIn(`${into}/tree`), ["a", "b", "c"]);
    for (const name of ["a", "b", "c"]) await assertSameFile(`${into}/tree/${name}`, `${tree}/${name}`);
    for (const side of [sender, receiver]) assertNames(side, "tree/large");
  }, await largeFolder()));

Deno.test("E5: a file that loses its name while it is sent arrives all the same", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), SIZE);
    const copy = workspace.path("copy");
    await Deno.copyFile(source, copy);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
    await sender.midway();
    await Deno.remove(source);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.match(
      JSON.stringify(sender.events.find(({ type }) => type === "note")),
      /source\.bin was deleted or replaced/,
    );
    await assertSameFile(`${into}/source.bin`, copy);
    await assertNoLeftovers(into);
  }, await largeFolder()));
