/** Symbolic links, hard links, holes, closed folders and awkward names, with real processes: what arrives is what was sent. */

import assert from "node:assert/strict";
import { lstatSync, lutimesSync } from "node:fs";
import { assertNoLeftovers, BLOCK, MIB, namesIn, randomBytes, treeOf, writeFile, writeSparse } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";
import { giveToOrdinary, needsOrdinaryUser, ordinary } from "./ordinary_user.ts";
import { assertEqualForRsync, diskBytes, snapshot } from "./snapshot.ts";

/** Of which a tenth is data. */
const SPARSE_SIZE = 96 * MIB;

/** Names that some system or program takes for something else. */
const AWKWARD = [
  "back\\slash",
  "..\\..\\up",
  " leading and trailing ",
  "dots...",
  "...",
  "-rf",
  "*?[a]",
  "ab:c",
  "con",
  "кот 猫",
  "é",
  "e\u0301",
  "a\u202eb",
  "%41",
  "$(id)",
  "'quoted\"",
  "x".repeat(255),
];

async function makeLink(path: string, target: string): Promise<void> {
  await Deno.symlink(target, path);
  lutimesSync(path, 1_400_000_000, 1_400_000_001.25);
}

/** Links that stay inside: to files and folders, dangling, to themselves and in circles. */
async function makeLinks(root: string): Promise<void> {
  await Deno.mkdir(`${root}/links/deep/er`, { recursive: true });
  await makeLink(`${root}/links/to file`, "deep/file");
  await writeFile(`${root}/links/deep/file`, 3000);
  for (
    const [name, target] of [
      ["links/to folder", "deep"],
      ["links/dangling", "nothing/here"],
      ["links/itself", "itself"],
      ["links/circle 1", "circle 2"],
      ["links/circle 2", "circle 1"],
      ["links/deep/er/up", "../file"],
      ["links/deep/er/top", "../../.."],
      ["links/deep/er/here", "."],
      ["links/unicode", "кот/猫"],
      ["links/long", "x/".repeat(1500)],
    ] as const
  ) await makeLink(`${root}/${name}`, target);
}

async function makeHardLinks(root: string): Promise<void> {
  await Deno.mkdir(`${root}/names/other`, { recursive: true });
  const sizes = [["empty", 0], ["small", 700], ["large", 3 * BLOCK + 9]] as const;
  for (const [name, size] of sizes) {
    await writeFile(`${root}/names/${name}`, size);
    await Deno.link(`${root}/names/${name}`, `${root}/names/other/${name} too`);
    await Deno.link(`${root}/names/${name}`, `${root}/names/z ${name}`);
  }
}

async function makeSparse(root: string): Promise<void> {
  await Deno.mkdir(`${root}/sparse`);
  await writeSparse(`${root}/sparse/image`, SPARSE_SIZE, [0, 40 * MIB + 4096, SPARSE_SIZE - 5 * MIB]);
  await writeSparse(`${root}/sparse/ends in a hole`, 20 * MIB + 77, [MIB]);
  await writeSparse(`${root}/sparse/hole`, 9 * MIB + 1, []);
  await writeSparse(`${root}/sparse/small hole`, 300_000, []);
}

/** Folders that nobody may write, with something in each. */
async function makeClosed(root: string): Promise<void> {
  await Deno.mkdir(`${root}/closed/inner`, { recursive: true });
  await Deno.chmod(await writeFile(`${root}/closed/inner/file`, 5000), 0o444);
  await Deno.chmod(await writeFile(`${root}/closed/large`, 2 * BLOCK), 0o400);
  await makeLink(`${root}/closed/link`, "inner/file");
  await Deno.chmod(`${root}/closed/inner`, 0o555);
  await Deno.chmod(`${root}/closed`, 0o500);
}

async function makeAwkward(root: string): Promise<void> {
  await Deno.mkdir(`${root}/awkward`);
  for (const [index, name] of AWKWARD.entries()) await writeFile(`${root}/awkward/${name}`, index * 100);
  await Deno.mkdir(`${root}/awkward/folder\\`);
  await writeFile(`${root}/awkward/folder\\/x`, 1);
}

/** Everything that a tree can hold and a transfer keeps without being asked. */
async function makeTree(workspace: Workspace): Promise<string> {
  const root = await workspace.make("tree");
  await Deno.mkdir(`${root}/empty/folders`, { recursive: true });
  await Deno.chmod(`${root}/empty/folders`, 0o711);
  await makeLinks(root);
  await makeHardLinks(root);
  await makeSparse(root);
  await makeClosed(root);
  await makeAwkward(root);
  await Deno.utime(`${root}/empty`, 1_300_000_000, 1_300_000_000);
  return root;
}

/** Root's own processes may remove everything; what is closed would stay for others. */
async function open(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) await new Deno.Command("chmod", { args: ["-R", "u+rwX", folder] }).output();
}

Deno.test("T29: T31: T42: T26: links, hard links, holes, closed and empty folders and awkward names arrive equal, and are there the next time", () =>
  inWorkspace(async (workspace) => {
    const tree = await makeTree(workspace);
    const into = await workspace.make("into");
    for (const present of [false, true]) {
      const { sender, receiver } = await workspace.pair([tree], ["--into", into], "--json");
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      assert.deepEqual(await snapshot(`${into}/tree`), await snapshot(tree));
      await assertEqualForRsync(tree, `${into}/tree`);
      const { files, leftOutCount } = await receiver.event("complete");
      assert.equal(leftOutCount, 0);
      assert.equal(files === 0, present);
    }
    await assertNoLeftovers(into);
    await open(tree, into);
  }));

Deno.test("T31: D22: holes of a file do not travel, and take no more room where it arrives than where it was", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await makeSparse(tree);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([`${tree}/sparse`], ["--into", into], "--json");
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(await snapshot(`${into}/sparse`), await snapshot(`${tree}/sparse`));
    const { verdict } = await sender.event("complete");
    const { sender: counted } = verdict as { readonly sender: { readonly sentBytes: number } };
    // (Three pieces of 3 MiB, another one, and the rest of the blocks that they touch.)
    assert.ok(counted.sentBytes < 18 * MIB, `${counted.sentBytes} bytes were sent`);
    for (const name of namesIn(`${tree}/sparse`)) {
      const [before, after] = [diskBytes(`${tree}/sparse/${name}`), diskBytes(`${into}/sparse/${name}`)];
      // Holes of less than a block are not looked for.
      assert.ok(
        after <= before + 8 * BLOCK && after < SPARSE_SIZE / 2,
        `${name} takes ${after} bytes, before ${before}`,
      );
    }
    assert.ok(diskBytes(`${into}/sparse/hole`) <= BLOCK, "a hole takes room");
  }));

Deno.test({
  name: "T26: folders that their owner may not write are made, and filled again later, by an ordinary user",
  ...needsOrdinaryUser,
  fn: () =>
    inWorkspace(async (workspace) => {
      const tree = await workspace.make("tree");
      await makeClosed(tree);
      const into = await workspace.make("into");
      await giveToOrdinary(into);
      const options = await ordinary(workspace);
      for (const more of [undefined, `${tree}/closed/inner/more`]) {
        if (more !== undefined) {
          await open(tree);
          await writeFile(more, 60);
          await Deno.chmod(`${tree}/closed/large`, 0o400);
          for (const [path, mode] of [["inner", 0o555], ["", 0o500]] as const) {
            await Deno.chmod(`${tree}/closed/${path}`, mode);
          }
          await Deno.chmod(`${tree}/closed/inner/file`, 0o444);
        }
        const receiver = workspace.recv(["--into", into], options);
        const sender = workspace.start(["send", tree, await receiver.ticket()]);
        await Promise.all([sender.exits(0), receiver.exits(0)]);
        // (A folder that was there keeps a time of its own.)
        const compare = more === undefined ? snapshot : treeOf;
        assert.deepEqual(await compare(`${into}/tree`), await compare(tree));
      }
      await assertNoLeftovers(into);
      await open(tree, into);
    }),
});

const OUTSIDE = [["absolute", "/etc/hostname"], ["above", "../../kept"], ["later", "folder/../kept"]] as const;

/** One link inside, three that lead outside, and files. */
async function mixedTree(workspace: Workspace): Promise<string> {
  const tree = await workspace.make("tree");
  await workspace.make("tree", "folder");
  await writeFile(`${tree}/kept`, 1000);
  await writeFile(`${tree}/folder/file`, 2000);
  await makeLink(`${tree}/inside`, "folder/file");
  for (const [name, target] of OUTSIDE) await makeLink(`${tree}/${name}`, target);
  return tree;
}

/** Sends a tree with flags on either side; the names that are there afterwards. */
async function sendMixed(workspace: Workspace, code: number, sends: readonly string[], receives: readonly string[]) {
  const tree = await mixedTree(workspace);
  const into = await workspace.make("into");
  const { sender, receiver } = await workspace.pair([tree, ...sends], ["--into", into, ...receives]);
  await Promise.all([sender.exits(code), receiver.exits(code)]);
  return { tree, into, sender, receiver };
}

const FILES = ["folder", "kept"];
const ALL = [...OUTSIDE.map(([name]) => name), ...FILES, "inside"].sort();

for (const [sends, receives] of [[[], []], [["--links", "all"], []], [[], ["--links", "all"]]] as const) {
  const said = [sends.length > 0 ? "the sender" : "", receives.length > 0 ? "the receiver" : ""].filter((who) => who);
  Deno.test(`T42: links that lead outside are left out with 3 and by name when ${said[0] ?? "nobody"} asks for them`, () =>
    inWorkspace(async (workspace) => {
      const { into, sender, receiver } = await sendMixed(workspace, 3, sends, receives);
      assert.deepEqual(namesIn(`${into}/tree`), [...FILES, "inside"].sort());
      for (const [name] of OUTSIDE) {
        for (const { stderr } of [sender, receiver]) {
          assert.match(stderr.text, new RegExp(`^ {4}tree/${name}: it is a symbolic link that leads out`, "m"));
        }
      }
    }));
}

Deno.test("T42: links that lead outside arrive equal with --links all on both sides, and are made though nothing follows them", () =>
  inWorkspace(async (workspace) => {
    const { tree, into } = await sendMixed(workspace, 0, ["--links", "all"], ["--links", "all"]);
    assert.deepEqual(namesIn(`${into}/tree`), ALL);
    assert.deepEqual(await snapshot(`${into}/tree`), await snapshot(tree));
    await assertEqualForRsync(tree, `${into}/tree`);
  }));

for (const side of ["sender", "receiver"] as const) {
  Deno.test(`T42: --links none of the ${side} leaves all links out, which is its choice: exit 0 on both sides`, () =>
    inWorkspace(async (workspace) => {
      const none = ["--links", "none"];
      const [sends, receives] = side === "sender" ? [none, []] : [["--links", "all"], none];
      const { into, receiver } = await sendMixed(workspace, 0, sends, receives);
      assert.deepEqual(namesIn(`${into}/tree`), FILES);
      assert.match(receiver.stderr.text, /^⚡ ULTRA transfer complete: /m);
    }));
}

Deno.test("T42: with --links none a receiver misses no link that the sender leaves out by itself, which the sender does", () =>
  inWorkspace(async (workspace) => {
    const tree = await mixedTree(workspace);
    const { sender, receiver } = await workspace.pair([tree], [
      "--into",
      await workspace.make("in"),
      "--links",
      "none",
    ]);
    await Promise.all([sender.exits(3), receiver.exits(0)]);
    assert.match(receiver.stderr.text, /^⚡ ULTRA transfer complete: /m);
    assert.match(sender.stderr.text, /^⚡ ULTRA transfer incomplete: /m);
  }));

Deno.test("T42: --links follow sends what links inside lead to, and leaves out those that lead out of the folder", () =>
  inWorkspace(async (workspace) => {
    const tree = await mixedTree(workspace);
    await makeLink(`${tree}/again`, "folder");
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([tree, "--links", "follow"], ["--into", into]);
    await Promise.all([sender.exits(3), receiver.exits(3)]);
    // "later" comes back to the tree, which is seen when it is followed.
    assert.deepEqual(namesIn(`${into}/tree`), ["again", ...FILES, "inside", "later"].sort());
    assert.ok(lstatSync(`${into}/tree/again`).isDirectory());
    for (const name of ["inside", "again/file", "folder/file"]) {
      assert.ok(lstatSync(`${into}/tree/${name}`).isFile(), name);
      assert.deepEqual(await Deno.readFile(`${into}/tree/${name}`), await Deno.readFile(`${tree}/folder/file`));
    }
  }));

Deno.test("T42: a link whose target is not UTF-8, and one that is followed to nothing, are left out with reasons that are true of them", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await makeLink(`${tree}/dangling`, "nowhere");
    await makeLink(`${tree}/itself`, "itself");
    const bytes = 'ln -s "$(printf "\\377")" "$0"';
    const made = await new Deno.Command("sh", { args: ["-c", bytes, `${tree}/bytes`] }).output();
    assert.ok(made.success, "no link");
    const into = await workspace.make("into");
    for (
      const [how, names, nowhere] of [["all", ["dangling", "itself"], []], ["follow", [], [
        "dangling",
        "itself",
      ]]] as const
    ) {
      const made = ["--into", `${into}/${how}`, "--links", "all"];
      const { sender, receiver } = await workspace.pair([tree, "--links", how], made);
      await Promise.all([sender.exits(3), receiver.exits(3)]);
      assert.deepEqual(namesIn(`${into}/${how}/tree`), names);
      for (const { stderr } of [sender, receiver]) {
        assert.match(stderr.text, /^ {4}tree\/bytes: it is a symbolic link whose target cannot be sent/m);
        for (const name of nowhere) {
          assert.match(stderr.text, new RegExp(`^ {4}tree/${name}: .* that leads nowhere`, "m"));
        }
        assert.doesNotMatch(stderr.text, /leads out/);
      }
    }
  }));

Deno.test("T42: an equal link is there already, another one in its place is replaced only with --overwrite", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await makeLink(`${tree}/link`, "target");
    await Deno.writeFile(`${tree}/file`, randomBytes(10));
    const into = await workspace.make("into", "tree");
    await Deno.symlink("target", `${into}/link`);
    const first = await workspace.pair([tree], ["--into", workspace.path("into")]);
    await Promise.all([first.sender.exits(0), first.receiver.exits(0)]);
    await Deno.remove(`${into}/link`);
    await Deno.symlink("elsewhere", `${into}/link`);
    for (const [flags, code, target] of [[[], 3, "elsewhere"], [["--overwrite"], 0, "target"]] as const) {
      const { sender, receiver } = await workspace.pair([tree], ["--into", workspace.path("into"), ...flags]);
      await Promise.all([sender.exits(code), receiver.exits(code)]);
      assert.equal(await Deno.readLink(`${into}/link`), target);
    }
  }));
