import assert from "node:assert/strict";
import {
  assertNoLeftovers,
  assertOnlyParts,
  assertSameFile,
  largeFolder,
  MIB,
  namesIn,
  walk,
  writeFile,
} from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";
import { snapshot } from "./snapshot.ts";

/** A small file system of its own; only root may make one. */
const needsRoot = { ignore: Deno.uid() !== 0 || !await canMount() };

async function mount(folder: string, options: string): Promise<AsyncDisposable> {
  const { success } = await new Deno.Command("mount", { args: ["-t", "tmpfs", "-o", options, "tmpfs", folder] })
    .output();
  assert.ok(success, "cannot mount a tmpfs");
  return {
    async [Symbol.asyncDispose]() {
      await new Deno.Command("umount", { args: ["-l", folder] }).output();
    },
  };
}

async function canMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    await using _mounted = await mount(folder, "size=64k");
    return true;
  } catch {
    return false;
  } finally {
    await Deno.remove(folder);
  }
}

async function smallDisk(workspace: Workspace, options: string) {
  const into = await workspace.make("disk");
  return { into, mounted: await mount(into, options) };
}

Deno.test(
  "D1: a file larger than the disk is refused with exit 4 on both sides, and nothing is created",
  needsRoot,
  () =>
    inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), 20 * MIB);
      const { into, mounted } = await smallDisk(workspace, "size=8m");
      await using _mounted = mounted;
      const { sender, receiver } = await workspace.pair([source], ["--into", into]);
      await Promise.all([sender.exits(4), receiver.exits(4)]);
      for (const { stderr } of [sender, receiver]) assert.match(stderr.text, /^ultra: .*[Nn]ot enough space/m);
      assert.deepEqual(namesIn(into), []);
      // Who frees some space runs the same again, which goes on with nothing.
      const again = workspace.recv(["--into", into]);
      await again.says(
        /^Waiting again for the transfer from 127\.0\.0\.1 of .*, of which nothing has moved yet; --restart/,
      );
      again.end("SIGTERM");
    }),
);

Deno.test("T48: a file that cannot be written is told in one line that names it, on both sides", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await writeFile(`${tree}/sixty`, 60 * 1024);
    await writeFile(`${tree}/small`, 10);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into]);
    const ticket = await receiver.ticket();
    // Not from its start on: what Deno keeps of the program is larger.
    const limit = new Deno.Command("prlimit", { args: ["--pid", String(receiver.pid), "--fsize=32768"] });
    assert.ok((await limit.output()).success);
    const sender = workspace.start(["send", tree, ticket]);
    await Promise.all([sender.exits(3), receiver.exits(3)]);
    for (const side of [sender, receiver]) {
      const lines = side.stderr.lines.filter((line) => line.includes("sixty"));
      assert.equal(lines.length, 1, side.transcript());
      assert.match(lines[0] ?? "", /cannot .* "tree\/sixty": file too large/);
      assert.doesNotMatch(side.stderr.text, /\bentry \d/);
    }
    assert.deepEqual(namesIn(`${into}/tree`), ["small"]);
  }));

Deno.test(
  "D31: files that fit one by one but not together are refused before any appears",
  needsRoot,
  () =>
    inWorkspace(async (workspace) => {
      const tree = await workspace.make("tree");
      for (const name of ["a", "b", "c"]) await writeFile(`${tree}/${name}`, 3 * MIB);
      const { into, mounted } = await smallDisk(workspace, "size=8m");
      await using _mounted = mounted;
      const { sender, receiver } = await workspace.pair([tree], ["--into", into]);
      await Promise.all([sender.exits(4), receiver.exits(4)]);
      assert.deepEqual(namesIn(into), []);
    }),
);

Deno.test(
  "D2: a disk without room for another name ends with exit 4 on both sides and leaves nothing",
  needsRoot,
  () =>
    inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), MIB);
      // The bytes fit, so the check of the space passes; the file itself does not.
      const { into, mounted } = await smallDisk(workspace, "size=8m,nr_inodes=1");
      await using _mounted = mounted;
      const { sender, receiver } = await workspace.pair([source], ["--into", into]);
      await Promise.all([sender.exits(4), receiver.exits(4)]);
      for (const { stderr } of [sender, receiver]) assert.match(stderr.text, /^ultra: .*[Nn]o space/m);
      assert.deepEqual(namesIn(into), []);
    }),
);

Deno.test(
  "D2: a disk that somebody else fills in the middle: exit 4 on both sides with the bytes missing, and with room the same command sends only the rest",
  needsRoot,
  () =>
    inWorkspace(async (workspace) => {
      const tree = await workspace.make("tree");
      for (let index = 0; index < 40; index++) await writeFile(`${tree}/${index}`, 16 * MIB);
      const { into, mounted } = await smallDisk(workspace, "size=700m");
      await using _mounted = mounted;
      const { sender, receiver } = await workspace.pair([tree], ["--into", into], "--json");
      await receiver.midway();
      await new Deno.Command("dd", { args: ["if=/dev/zero", `of=${into}/filler`, "bs=1M"], stderr: "null" }).output();
      await Promise.all([sender.exits(4), receiver.exits(4)]);
      await assertOnlyParts(into);
      for (const { stderr } of [sender, receiver]) assert.match(stderr.text, /[Nn]o space .*; [\d.]+ MB are missing/);
      let arrived = 0;
      for await (const { path, info } of walk(`${into}/tree`)) {
        if (!info.isFile || path.startsWith(".ultra-")) continue;
        arrived += info.size;
        await assertSameFile(`${into}/tree/${path}`, `${tree}/${path}`);
      }
      const progress = receiver.events.filter(({ type }) => type === "progress").at(-1);
      await Deno.remove(`${into}/filler`);
      const again = await workspace.pair([tree], ["--into", into], "--json");
      await Promise.all([again.sender.exits(0), again.receiver.exits(0)]);
      const facts = await again.receiver.event("complete");
      assert.equal(facts["presentBytes"], arrived);
      // All that was verified; what was counted last may have been a little less.
      const verified = Number(facts["presentBytes"]) + Number(facts["resumedBytes"]);
      assert.ok(verified >= Number(progress?.["bytes"]), `${verified} of ${progress?.["bytes"]}`);
      await assertNoLeftovers(into);
    }),
);

Deno.test("D13: a limit of file sizes that leaves no room for a file ends with exit 4, and nothing is there", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 4 * MIB);
    const into = await workspace.make("into");
    // (`ulimit -f` counts 512-byte blocks; the limit also holds for what the process logs, which is nothing.)
    const receiver = workspace.recv(["--into", into], { limits: "ulimit -f 2048" });
    const sender = workspace.start(["send", source, await receiver.ticket()]);
    await Promise.all([sender.exits(4), receiver.exits(4)]);
    assert.deepEqual(namesIn(into), []);
  }));

Deno.test("D13: a limit of file sizes that comes in the middle ends with exit 4, and without it the same command sends only the rest", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 24 * MIB);
    const into = await workspace.make("into");
    const slowly = ["--rate-limit", "16M", source];
    const { sender, receiver } = await workspace.pair(slowly, ["--into", into], "--json");
    await receiver.midway();
    const limit = new Deno.Command("prlimit", { args: ["--pid", String(receiver.pid), "--fsize=1048576"] });
    assert.ok((await limit.output()).success);
    await Promise.all([sender.exits(4), receiver.exits(4)]);
    for (const side of [sender, receiver]) {
      assert.match(side.transcript(), /cannot write \\"source\.bin\\": file too large/);
    }
    await assertOnlyParts(into);
    const again = await workspace.pair([source], ["--into", into], "--json");
    await Promise.all([again.sender.exits(0), again.receiver.exits(0)]);
    const resumed = Number((await again.receiver.event("complete"))["resumedBytes"]);
    assert.ok(resumed > 0 && resumed < 24 * MIB, `${resumed} bytes were taken up`);
    await assertSameFile(`${into}/source.bin`, source);
    await assertNoLeftovers(into);
  }));

Deno.test("D12: with too few descriptors what cannot be opened is named with its reason, and the rest arrives whole", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    for (let index = 0; index < 300; index++) await writeFile(`${tree}/${index}`, 20_000);
    const into = await workspace.make("into");
    const limits = "ulimit -n 64";
    const receiver = workspace.recv(["--into", into], { limits });
    const sender = workspace.start(["send", tree, await receiver.ticket()], { limits });
    const codes = await Promise.all([sender.exit(), receiver.exit()]);
    assert.ok(codes[0] === codes[1] && [0, 3].includes(codes[0]), sender.transcript());
    if (codes[0] === 3) assert.match(sender.stderr.text, /too many open files/);
    await assertNoLeftovers(into);
    for (const name of namesIn(`${into}/tree`)) await assertSameFile(`${into}/tree/${name}`, `${tree}/${name}`);
  }));

Deno.test("A5 D12: more small files than a process may have open arrive with the usual 1,024 descriptors", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    for (let index = 0; index < 1500; index++) await writeFile(`${tree}/${index}`, 100);
    const into = await workspace.make("into");
    const limits = "ulimit -n 1024";
    const receiver = workspace.recv(["--into", into], { limits });
    const sender = workspace.start(["send", tree, await receiver.ticket()], { limits });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.equal(namesIn(`${into}/tree`).length, 1500);
    for (const name of ["0", "777", "1499"]) await assertSameFile(`${into}/tree/${name}`, `${tree}/${name}`);
  }));

Deno.test("D12: 256 descriptors are enough for both sides, however many large files, folders and streams there are", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    for (let index = 0; index < 150; index++) {
      const folder = await workspace.make("tree", `${index}`);
      await writeFile(`${folder}/large`, MIB + 50_000);
      await writeFile(`${folder}/small`, 100);
    }
    const into = await workspace.make("into");
    // (The hard limit as well: the soft one is raised to it.)
    const limits = "ulimit -n 256";
    const receiver = workspace.recv(["--into", into, "--streams", "64"], { limits });
    const sender = workspace.start(["send", "--streams", "64", tree, await receiver.ticket()], { limits });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(await snapshot(`${into}/tree`), await snapshot(tree));
  }));

Deno.test("D6: a target folder that is deleted in the middle ends with exit 4 and is not made again", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 600 * MIB);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
    await receiver.midway();
    await Deno.remove(into, { recursive: true });
    await Promise.all([sender.exits(4), receiver.exits(4)]);
    assert.deepEqual(namesIn(workspace.folder), ["source.bin"]);
  }, await largeFolder()));

Deno.test("D6: a folder that is moved while it receives: exit 4 on both sides, and nothing says that all is under its name", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source"), 200 * MIB);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source, "--rate-limit", "100M"], ["--into", into], "--json");
    await receiver.midway();
    await Deno.rename(into, workspace.path("moved"));
    await Promise.all([sender.exits(4), receiver.exits(4)]);
    for (const side of [sender, receiver]) assert.doesNotMatch(side.stdout.text, /"complete"/);
    assert.match(receiver.stdout.text, /it was moved, removed or replaced during the transfer/);
  }));
