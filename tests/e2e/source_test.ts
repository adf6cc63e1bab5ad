import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, largeFolder, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Ultra } from "./harness.ts";

const SIZE = 800 * MIB;

/** What somebody does to a file while it is being sent. */
const CHANGES: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  "E1: grows": (path) => Deno.writeTextFile(path, "more", { append: true }),
  "E2: E6: shrinks": (path) => Deno.truncate(path, SIZE / 2),
  "E4: is rewritten in place with its size and time kept": async (path) => {
    const { mtime } = await Deno.stat(path);
    using file = await Deno.open(path, { write: true });
    await file.seek(SIZE - 100, Deno.SeekMode.Start);
    await file.write(new Uint8Array(50));
    await Deno.utime(path, mtime ?? 0, mtime ?? 0);
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  Deno.test(`${name} while it is sent: exit 9 on both sides, and the name never appears`, async () =>
    await inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), SIZE);
      const into = await workspace.make("into");
      const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
      await sender.midway();
      await change(source);
      await Promise.all([sender.exits(9), receiver.exits(9)]);
      assert.deepEqual(namesIn(into), []);
      for (const side of [sender, receiver]) assertNames(side, "source.bin");
    }, await largeFolder()));
}

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
    await Deno.writeTextFile(`${tree}/large`, "more", { append: true });
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
