import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, namesIn, randomBytes, treeOf, walk, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

/** Makes a tree of 200 files: nested, empty, with modes and times of their own. */
async function makeTree(root: string): Promise<void> {
  await Deno.mkdir(`${root}/empty folder`, { recursive: true });
  for (let index = 0; index < 200; index++) {
    const folder = `${root}/${["a", "a/b", "a/b/c", "ünï/кот", "d"][index % 5]}`;
    await Deno.mkdir(folder, { recursive: true });
    const path = await writeFile(`${folder}/file ${index}.bin`, index % 10 === 0 ? 0 : index * 997);
    await Deno.chmod(path, [0o644, 0o600, 0o755, 0o440][index % 4] ?? 0o644);
    await Deno.utime(path, 1_500_000_000 + index, 1_500_000_000 + index);
  }
  await Deno.chmod(`${root}/a/b`, 0o750);
}

Deno.test("A7: a tree of 200 files arrives with its empty files and folders, modes and times", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("tree");
    await makeTree(source);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
    await Promise.all([sender.exits(0), receiver.exits(0)]);

    assert.deepEqual(await treeOf(`${into}/tree`), await treeOf(source));
    for await (const { path, info } of walk(source)) {
      if (info.isFile) await assertSameFile(`${into}/tree/${path}`, `${source}/${path}`);
    }
    await assertNoLeftovers(into);
    const [sent, received] = await Promise.all([sender.event("complete"), receiver.event("complete")]);
    assert.equal(sent["files"], 200);
    assert.equal(received["files"], 200);
    assert.equal(sent["transferRoot"], received["transferRoot"]);
  }));

Deno.test("the same tree once more is all there already, and nothing is sent", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("tree");
    await makeTree(source);
    const into = await workspace.make("into");
    for (const files of [200, 0]) {
      const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      for (const side of [sender, receiver]) {
        const facts = await side.event("complete");
        assert.equal(facts["files"], files);
        assert.equal(facts["presentFiles"], 200 - files);
      }
    }
    assert.deepEqual(await treeOf(`${into}/tree`), await treeOf(source));
  }));

Deno.test("T32: T47: the percent of thousands of small files grows steadily on both sides, and is 100 only at the end", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("tree");
    for (let index = 0; index < 3000; index++) await Deno.writeFile(`${source}/file ${index}`, randomBytes(1000));
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into, "--json"]);
    // A second and a half, whatever the machine can do.
    const sender = workspace.start(["send", source, await receiver.ticket(), "--json", "--rate-limit", "2M"]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(await treeOf(`${into}/tree`), await treeOf(source));
    for (const { events } of [sender, receiver]) {
      const told = events.filter(({ type, listed }) => type === "progress" && listed === true);
      const percents = told.map(({ percent }) => Number(percent));
      assert.deepEqual(percents, percents.toSorted((a, b) => a - b));
      assert.ok(new Set(percents.filter((percent) => percent > 0 && percent < 100)).size >= 3, percents.join(" "));
      // What is written but not confirmed yet is 99.9 %.
      assert.ok(percents.slice(0, -1).every((percent) => percent < 100), percents.join(" "));
      for (const { percent, bytes, totalBytes, filesArrived } of told) {
        assert.equal(totalBytes, 3_000_000);
        assert.equal(Number(percent) >= 99.9, bytes === totalBytes);
        assert.ok(Number(filesArrived) <= 3000);
      }
    }
  }));

Deno.test("A7: an empty folder alone arrives", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("nothing in it");
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(await treeOf(into), { "nothing in it": "folder 755" });
  }));

Deno.test("A6: folders 200 deep, and names and paths of nearly all the bytes that they may have, arrive", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("tree");
    const longest = "n".repeat(255);
    for (const folder of ["d/".repeat(200), `${longest}/`.repeat(15)]) {
      await Deno.mkdir(`${source}/${folder}`, { recursive: true });
      await writeFile(`${source}/${folder}file`, 1000);
    }
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(await treeOf(`${into}/tree`), await treeOf(source));
  }));

Deno.test("several paths arrive side by side, and -o refuses them", () =>
  inWorkspace(async (workspace) => {
    const sources = [await writeFile(workspace.path("one"), 10), await writeFile(workspace.path("two"), 20)];
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair(sources, ["--into", into]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(namesIn(into), ["one", "two"]);

    const other = await workspace.make("other");
    const refused = await workspace.pair(sources, ["--into", other, "-o", "name"]);
    await Promise.all([refused.sender.exits(2), refused.receiver.exits(2)]);
    assert.deepEqual(namesIn(other), []);
    assert.match(refused.receiver.stderr.text, /^ultra: .*only one file or folder/m);
  }));

Deno.test("-o gives a file or a folder another name, also in another folder", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 100_000);
    const tree = await workspace.make("tree");
    await writeFile(`${tree}/inner.bin`, 5000);
    const into = await workspace.make("into", "deeper");
    const renamed = [["new.bin", source], ["deeper/new.bin", source], ["new folder", tree]] as const;
    for (const [name, path] of renamed) {
      const { sender, receiver } = await workspace.pair([path], ["--into", workspace.path("into"), "-o", name]);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
    }
    await assertSameFile(workspace.path("into/new.bin"), source);
    await assertSameFile(`${into}/new.bin`, source);
    await assertSameFile(workspace.path("into/new folder/inner.bin"), `${tree}/inner.bin`);
    assert.deepEqual(namesIn(workspace.path("into")), ["deeper", "new folder", "new.bin"]);
  }));

Deno.test("E10: a FIFO and a link that leads outside are left out of a tree by name, and the rest arrives", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("tree");
    await writeFile(`${source}/file`, 1000);
    await Deno.symlink("file", `${source}/link`);
    await Deno.symlink("../../file", `${source}/out`);
    await new Deno.Command("mkfifo", { args: [`${source}/pipe`] }).output();
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into]);
    await Promise.all([sender.exits(3), receiver.exits(3)]);
    assert.deepEqual(namesIn(`${into}/tree`), ["file", "link"]);
    for (const name of ["out", "pipe"]) {
      for (const { stderr } of [sender, receiver]) {
        assert.match(stderr.text, new RegExp(`^ {4}tree/${name}: it is a `, "m"));
      }
    }
  }));

Deno.test("A10: E9: a FIFO as a source is refused at once, without waiting for a writer", () =>
  inWorkspace(async (workspace) => {
    const pipe = workspace.path("pipe");
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const sender = workspace.sendWaiting([pipe]);
    await sender.exits(4);
    assert.match(sender.stderr.text, /^ultra: .*pipe/m);
    assert.equal(sender.stdout.text, "");
  }));

Deno.test("F14: names that look like flags, patterns or other directions of writing arrive literally", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("tree");
    for (const name of ["-rf", "--overwrite", " leading", "a\u202eb", "*?"]) await writeFile(`${source}/${name}`, 10);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(namesIn(`${into}/tree`), namesIn(source));
  }));
