/** How often the receiver waits for the disk: a few times for a thousand files, and not at all with --no-sync. */

import assert from "node:assert/strict";
import { MIB, namesIn, randomBytes } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";
import { snapshot } from "./snapshot.ts";
import { callsIn, canTrace, SYNCS, traced } from "./system_calls.ts";

const isTraceable = Deno.build.os === "linux" && await canTrace();

/** How many thousands of files there are: enough for several groups. */
const THOUSANDS = 3;

/** A tree of small files and one of several blocks. */
async function makeTree(workspace: Workspace, files: number): Promise<string> {
  const tree = await workspace.make("tree");
  for (let index = 0; index < files; index++) {
    await Deno.writeFile(`${tree}/file ${index}`, randomBytes(1 + index % 3000));
  }
  return tree;
}

/** Receives a tree below strace; the calls that waited for the disk. */
async function syncsOf(workspace: Workspace, tree: string, into: string, ...flags: readonly string[]) {
  const log = workspace.path(`trace ${flags.length}`).replaceAll(" ", "-");
  const receiver = workspace.recv(["--into", into, ...flags], { before: traced(SYNCS, log) });
  const sender = workspace.start(["send", tree, await receiver.ticket()]);
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  assert.deepEqual(await snapshot(`${into}/tree`), await snapshot(tree));
  return { receiver, sender, calls: (await callsIn(log, into)).filter((name) => name !== "sync_file_range") };
}

/** A file system of its own, of a kind on which one call may sync everything; undefined where none can be made. */
async function ext4(workspace: Workspace): Promise<({ readonly folder: string } & AsyncDisposable) | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const image = workspace.path("image");
  using file = await Deno.open(image, { write: true, createNew: true });
  await file.truncate(256 * MIB);
  const folder = await workspace.make("disk");
  for (
    const [program, ...args] of [["mkfs.ext4", "-q", "-F", image], ["mount", "-o", "loop", image, folder]] as const
  ) {
    const child = await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output().catch(() =>
      undefined
    );
    if (child?.success !== true) return undefined;
  }
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await new Deno.Command("umount", { args: ["-l", folder] }).output();
    },
  };
}

async function canMakeExt4(): Promise<boolean> {
  let isMade = false;
  await inWorkspace(async (workspace) => {
    await using disk = await ext4(workspace);
    isMade = disk !== undefined;
  });
  return isMade;
}

Deno.test({
  name: "T47: small files on ext4 wait for the disk at most 4 times a thousand, and are durable",
  // (Needs root and a loop device.)
  ignore: !isTraceable || !await canMakeExt4(),
  fn: () =>
    inWorkspace(async (workspace) => {
      const tree = await makeTree(workspace, 1000 * THOUSANDS);
      await using disk = await ext4(workspace);
      assert.ok(disk !== undefined);
      const { receiver, calls } = await syncsOf(workspace, tree, disk.folder);
      assert.ok(calls.length > 0 && calls.length <= 4 * THOUSANDS, `${calls.length} calls: ${calls.join(" ")}`);
      assert.ok(calls.includes("syncfs"), calls.join(" "));
      assert.doesNotMatch(receiver.stderr.text, /Durable/);
      assert.deepEqual(namesIn(disk.folder).filter((name) => name !== "lost+found"), ["tree"]);
    }),
});

Deno.test({
  name: "T47: --no-sync never waits for the disk, and the sheet says so",
  ignore: !isTraceable,
  fn: () =>
    inWorkspace(async (workspace) => {
      const tree = await makeTree(workspace, 50);
      await Deno.writeFile(`${tree}/large`, randomBytes(3 * MIB + 1));
      await Deno.symlink("large", `${tree}/link`);
      await Deno.link(`${tree}/large`, `${tree}/other name`);
      await workspace.make("tree", "folder", "inner");
      const { receiver, sender, calls } = await syncsOf(workspace, tree, await workspace.make("into"), "--no-sync");
      assert.deepEqual(calls, []);
      assert.match(receiver.stderr.text, /^ {2}Durable .*no: --no-sync did not wait for the disk/m);
      assert.doesNotMatch(sender.stderr.text, /Durable/);
      // The twin: what is not asked for is waited for.
      const { receiver: careful, calls: others } = await syncsOf(workspace, tree, await workspace.make("careful"));
      assert.ok(others.length > 0);
      assert.doesNotMatch(careful.stderr.text, /Durable/);
    }),
});
