/** What --preserve keeps beyond modes, times and hard links, with real processes, and that it needs both sides. */

import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { MIB, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";
import { assertEqualForRsync, snapshot } from "./snapshot.ts";

/** Runs Python, which has calls for extended attributes; what it printed, or undefined. */
async function python(script: string, ...args: readonly string[]): Promise<string | undefined> {
  const command = new Deno.Command("python3", { args: ["-c", script, ...args], stderr: "null" });
  const output = await command.output().catch(() => undefined);
  return output?.success === true ? new TextDecoder().decode(output.stdout).trim() : undefined;
}

async function setAttribute(path: string, name: string, hex: string): Promise<boolean> {
  const script = "import os,sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))";
  return await python(script, path, name, hex) !== undefined;
}

/** The extended attributes of a path whose names begin so, as text. */
async function attributes(path: string, prefix: string): Promise<string> {
  const found = await python(
    "import os,sys; print(sorted((n, os.getxattr(sys.argv[1], n).hex()) for n in os.listxattr(sys.argv[1]) if n.startswith(sys.argv[2])))",
    path,
    prefix,
  );
  assert.ok(found !== undefined);
  return found;
}

/** Whether a file system of tests keeps such an attribute, and somebody can set it. */
async function canKeep(name: string, hex: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const folder = await Deno.makeTempDir();
  try {
    return await setAttribute(folder, name, hex);
  } finally {
    await Deno.remove(folder);
  }
}

/** An access list as the kernel has it: version 2, then tag, permissions and id of each: the owner, user 12345, group, mask, others. */
const ACL = "02000000" + "01000600ffffffff" + "0200040039300000" + "04000400ffffffff" + "10000600ffffffff" +
  "20000000ffffffff";
const ACCESS = "system.posix_acl_access";

/** Whether this user may mount a file system in memory that has neither attributes nor access lists. */
async function canMountRamfs(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    return await mounts("mount", "-t", "ramfs", "ramfs", folder) && await mounts("umount", folder);
  } finally {
    await Deno.remove(folder);
  }
}

async function mounts(command: string, ...args: readonly string[]): Promise<boolean> {
  const output = new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" }).output();
  return await output.then(({ success }) => success, () => false);
}

const hasAttributes = await canKeep("user.ultra", "00");
const hasLists = await canKeep(ACCESS, ACL);
const hasRamfs = await canMountRamfs();

/** A small file, one of several blocks and a folder. */
async function makeTree(workspace: Workspace): Promise<{ readonly tree: string; readonly names: readonly string[] }> {
  const tree = await workspace.make("tree");
  await workspace.make("tree", "folder");
  await writeFile(`${tree}/small`, 300);
  await writeFile(`${tree}/folder/large`, 2 * MIB + 1);
  return { tree, names: ["small", "folder", "folder/large"] };
}

/** Sends a tree; both sides end well. */
async function send(
  workspace: Workspace,
  tree: string,
  name: string,
  sends: readonly string[],
  receives: readonly string[],
) {
  const into = await workspace.make(name);
  const { sender, receiver } = await workspace.pair([tree, ...sends], ["--into", into, ...receives]);
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  assert.doesNotMatch(receiver.stderr.text, /Warning/);
  return `${into}/tree`;
}

const XATTRS = ["--preserve", "xattrs"];

Deno.test({
  name: "T31: --preserve xattrs on both sides keeps user.* attributes of files and folders, on one side none",
  // (Needs Python and a file system with such attributes.)
  ignore: !hasAttributes,
  fn: () =>
    inWorkspace(async (workspace) => {
      const { tree, names } = await makeTree(workspace);
      for (const [index, name] of names.entries()) {
        await setAttribute(`${tree}/${name}`, "user.ultra.test", "00ff".repeat(index + 1));
        await setAttribute(`${tree}/${name}`, "user.empty", "");
      }
      const kept = await send(workspace, tree, "both", XATTRS, ["--preserve", "+xattrs"]);
      assert.deepEqual(await snapshot(kept), await snapshot(tree));
      await assertEqualForRsync(tree, kept, "-X");
      for (const name of names) {
        assert.equal(await attributes(`${kept}/${name}`, "user."), await attributes(`${tree}/${name}`, "user."), name);
      }
      for (const [who, sends, receives] of [["sender", XATTRS, []], ["receiver", [], XATTRS]] as const) {
        const arrived = await send(workspace, tree, who, sends, receives);
        for (const name of names) {
          assert.equal(await attributes(`${arrived}/${name}`, "user."), "[]", `${who}: ${name}`);
        }
      }
    }),
});

Deno.test({
  name: "T31: --preserve acl on both sides keeps access lists, on one side none",
  // (Needs Python and a file system with such lists.)
  ignore: !hasLists,
  fn: () =>
    inWorkspace(async (workspace) => {
      const { tree, names } = await makeTree(workspace);
      for (const name of names) await setAttribute(`${tree}/${name}`, ACCESS, ACL);
      const kept = await send(workspace, tree, "both", ["--preserve", "acl"], ["--preserve", "acl"]);
      await assertEqualForRsync(tree, kept, "-A");
      for (const name of names) {
        assert.equal(await attributes(`${kept}/${name}`, ACCESS), await attributes(`${tree}/${name}`, ACCESS), name);
      }
      const arrived = await send(workspace, tree, "sender", ["--preserve", "acl"], []);
      for (const name of names) assert.equal(await attributes(`${arrived}/${name}`, ACCESS), "[]", name);
    }),
});

Deno.test({
  name:
    "T31: --preserve owner on both sides keeps owners and groups, by number where there is no name, on one side none",
  // (Only root may give files away.)
  ignore: Deno.uid() !== 0,
  fn: () =>
    inWorkspace(async (workspace) => {
      const { tree, names } = await makeTree(workspace);
      await Deno.symlink("small", `${tree}/link`);
      for (const [index, name] of names.entries()) await Deno.chown(`${tree}/${name}`, 54_321 + index, 65_534);
      const ownersOf = (folder: string) =>
        [...names, "link"].map((name) => {
          const { uid, gid } = lstatSync(`${folder}/${name}`);
          return [name, uid, gid];
        });
      const both = ["--preserve", "owner"];
      const kept = await send(workspace, tree, "both", both, both);
      assert.deepEqual(ownersOf(kept), ownersOf(tree));
      await assertEqualForRsync(tree, kept);
      for (const [who, sends, receives] of [["sender", both, []], ["receiver", [], both]] as const) {
        const arrived = await send(workspace, tree, who, sends, receives);
        assert.deepEqual(ownersOf(arrived).map(([, uid]) => uid), [0, 0, 0, 0], who);
      }
    }),
});

Deno.test({
  name:
    "T31: a file system that has no attributes and no access lists gets the contents, with one warning at the receiver",
  // (Needs Python, a file system that has them, and a user that may mount one that has not: ramfs, so root in most places.)
  ignore: !hasAttributes || !hasLists || !hasRamfs,
  fn: () =>
    inWorkspace(async (workspace) => {
      const { tree, names } = await makeTree(workspace);
      for (const name of names) {
        await setAttribute(`${tree}/${name}`, "user.ultra.test", "00ff");
        // Its mask gives the group no right that the umask takes.
        await setAttribute(`${tree}/${name}`, ACCESS, ACL.replace("10000600", "10000400"));
      }
      const into = await workspace.make("bare");
      assert.ok(await mounts("mount", "-t", "ramfs", "ramfs", into));
      try {
        const all = ["--preserve", "owner,xattrs,acl"];
        const { sender, receiver } = await workspace.pair([tree, ...all], ["--into", into, ...all]);
        await Promise.all([sender.exits(0), receiver.exits(0)]);
        await assertEqualForRsync(tree, `${into}/tree`);
        const warnings = receiver.stderr.text.match(/^Warning: .*$/gm);
        assert.deepEqual(warnings, [
          `Warning: Extended attributes and ACLs are not kept there: the file system of ${into} or the rights of its user do not allow them`,
        ]);
        assert.doesNotMatch(sender.stderr.text, /Warning/);
      } finally {
        assert.ok(await mounts("umount", into));
      }
    }),
});

Deno.test({
  name: "T31: attributes that cannot travel are told once by the sender, and everything else arrives",
  // (Needs Python and a file system with such attributes.)
  ignore: !hasAttributes,
  fn: () =>
    inWorkspace(async (workspace) => {
      const { tree, names } = await makeTree(workspace);
      for (const name of names) {
        await setAttribute(`${tree}/${name}`, "user.text", "616263");
        const script = "import os,sys; os.setxattr(sys.argv[1], b'user.\\xff', b'x')";
        assert.ok(await python(script, `${tree}/${name}`) !== undefined);
      }
      const into = await workspace.make("in");
      const { sender, receiver } = await workspace.pair([tree, ...XATTRS], ["--into", into, ...XATTRS]);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      assert.deepEqual(sender.stderr.text.match(/^Warning: .*$/gm), [
        "Warning: Extended attributes of some entries are not sent: they cannot be read, are too large, or have names that are not UTF-8",
      ]);
      assert.doesNotMatch(receiver.stderr.text, /Warning/);
      await assertEqualForRsync(tree, `${into}/tree`);
      for (const name of names) {
        assert.match(await attributes(`${into}/tree/${name}`, "user."), /^\[\('user\.text', '616263'\)\]$/);
      }
      // Nothing is asked to be kept: nothing to tell.
      const plain = await workspace.pair([tree], ["--into", await workspace.make("plain")]);
      await Promise.all([plain.sender.exits(0), plain.receiver.exits(0)]);
      assert.doesNotMatch(plain.sender.stderr.text, /Warning/);
    }),
});
