/** Sources that something else works on while they are sent (reliability.md 6.5). */

import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";
import { TOUCHES } from "../faults/mutator.ts";

const SIZE = 40 * MIB;

/** Slow enough that something happens in the middle. */
const SLOWLY = ["--rate-limit", "20M"] as const;

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

for (const [name, touch] of Object.entries(TOUCHES)) {
  Deno.test(`T24: a file that is only touched while it is sent (${name}) is read again and arrives`, () =>
    inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), SIZE);
      const copy = workspace.path("copy");
      await Deno.copyFile(source, copy);
      const into = await workspace.make("into");
      const { sender, receiver } = await workspace.pair([source, ...SLOWLY], ["--into", into], "--json");
      await sender.midway();
      await touch(source, SIZE);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      await assertSameFile(`${into}/source.bin`, copy);
      await assertNoLeftovers(into);
    }));
}

Deno.test("T24: a backup with cp -al of all that is sent, again and again, costs nothing of it", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await writeFile(`${tree}/large`, SIZE);
    const names = Array.from({ length: 300 }, (_, index) => `small${index}`);
    for (const name of names) await Deno.writeTextFile(`${tree}/${name}`, name.repeat(100));
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([tree, ...SLOWLY], ["--into", into], "--json");
    let isOver = false;
    const ends = Promise.all([sender.exits(0), receiver.exits(0)]).finally(() => isOver = true);
    await sender.midway();
    for (let backup = 0; !isOver && backup < 20; backup++) {
      await run("cp", "-al", tree, workspace.path(`backup${backup}`));
    }
    await ends;
    assert.deepEqual(namesIn(`${into}/tree`), ["large", ...names].sort());
    for (const name of ["large", ...names]) await assertSameFile(`${into}/tree/${name}`, `${tree}/${name}`);
  }));

Deno.test("E3: a file that another one replaces is sent as it was opened, and never as a mix", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), SIZE);
    const copy = workspace.path("copy");
    await Deno.copyFile(source, copy);
    const other = await writeFile(workspace.path("other"), SIZE);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source, ...SLOWLY], ["--into", into], "--json");
    await sender.midway();
    await Deno.rename(other, source);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, copy);
    assert.ok(sender.events.some(({ type, path }) => type === "note" && path === "source.bin"));
  }));

Deno.test("E1: with --allow-growing a log that is written all the time arrives as it was at the start", () =>
  inWorkspace(async (workspace) => {
    const log = await writeFile(workspace.path("log"), SIZE);
    const copy = workspace.path("copy");
    await Deno.copyFile(log, copy);
    const into = await workspace.make("into");
    const flags = ["--allow-growing", ...SLOWLY];
    const { sender, receiver } = await workspace.pair([log, ...flags], ["--into", into], "--json");
    let isOver = false;
    const ends = Promise.all([sender.exits(0), receiver.exits(0)]).finally(() => isOver = true);
    await sender.midway();
    while (!isOver) {
      await Deno.writeTextFile(log, "one more line\n", { append: true });
      await new Promise((resolve) => setTimeout(resolve, 5)); // what is tested is a program that writes now and then
    }
    await ends;
    await assertSameFile(`${into}/log`, copy);
    assert.ok((await Deno.stat(log)).size > SIZE);
  }));

Deno.test("E11: a file that was edited between two attempts arrives as it is now, and not as a mix", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), SIZE);
    const into = await workspace.make("into");
    const first = await workspace.pair([source, ...SLOWLY], ["--into", into], "--json");
    await first.receiver.midway();
    first.sender.kill("SIGINT");
    await Promise.all([first.sender.exits(130), first.receiver.exits(5)]);
    const { mtime } = await Deno.stat(source);
    using file = await Deno.open(source, { write: true });
    for (let at = 0; at < SIZE; at += MIB) {
      await file.seek(at, Deno.SeekMode.Start);
      await file.write(new TextEncoder().encode("edited"));
    }
    // Its size and its time are as before.
    await Deno.utime(source, mtime ?? 0, mtime ?? 0);
    const second = await workspace.pair([source], ["--into", into], "--json");
    await Promise.all([second.sender.exits(0), second.receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, source);
    await assertNoLeftovers(into);
  }));

Deno.test("E12: when files come and go between two attempts, those that are there count as done and the others are planned anew", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    for (const name of ["a", "b", "c"]) await writeFile(`${tree}/${name}`, 100_000);
    await writeFile(`${tree}/large`, SIZE);
    const into = await workspace.make("into");
    const first = await workspace.pair([tree, ...SLOWLY], ["--into", into], "--json");
    await first.receiver.event("progress", ({ filesArrived, files }) => filesArrived === 3 && files === 4);
    first.sender.kill("SIGINT");
    await Promise.all([first.sender.exits(130), first.receiver.exits(5)]);
    await Deno.remove(`${tree}/b`);
    await writeFile(`${tree}/aa`, 50_000);
    const second = await workspace.pair([tree], ["--into", into], "--json");
    await Promise.all([second.sender.exits(0), second.receiver.exits(0)]);
    const facts = second.receiver.events.find(({ type }) => type === "complete");
    assert.deepEqual([facts?.["files"], facts?.["presentFiles"]], [2, 2]);
    // What the sender has no more stays: a transfer removes nothing.
    assert.deepEqual(namesIn(`${into}/tree`), ["a", "aa", "b", "c", "large"]);
    for (const name of ["a", "aa", "c", "large"]) await assertSameFile(`${into}/tree/${name}`, `${tree}/${name}`);
  }));
