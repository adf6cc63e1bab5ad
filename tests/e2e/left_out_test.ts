/** What is left out of a transfer, with real processes: counted exactly, told on both sides, and never called complete. */

import assert from "node:assert/strict";
import { namesIn, randomBytes, treeOf, writeFile } from "./files.ts";
import { HANG_MS, inWorkspace, Lines, type Ultra, type Workspace } from "./harness.ts";
import { needsOrdinaryUser, ordinary } from "./ordinary_user.ts";
import { canTrace } from "./system_calls.ts";

/** 1,200 links that lead outside, then a file and a folder that an ordinary user cannot read, and one file that everybody can. */
async function lossyTree(workspace: Workspace): Promise<string> {
  const tree = await workspace.make("tree");
  for (let i = 0; i < 1200; i++) await Deno.symlink("/nowhere", `${tree}/link${String(i).padStart(4, "0")}`);
  await writeFile(`${tree}/open`, 1000);
  await Deno.chmod(await writeFile(`${tree}/z-secret`, 1000), 0);
  await Deno.chmod(await workspace.make("tree", "z-locked"), 0);
  return tree;
}

/** Starts a transfer of a tree whose sender is an ordinary user. */
async function transfer(
  workspace: Workspace,
  tree: string,
  ...flags: readonly string[]
): Promise<readonly [Ultra, Ultra]> {
  const into = await workspace.make(`into ${flags.join("")}`);
  const receiver = workspace.recv(["--into", into, ...flags]);
  const ticket = await receiver.ticket();
  return [workspace.start(["send", tree, ticket, ...flags], await ordinary(workspace)), receiver];
}

Deno.test({
  name:
    "T1: T21: T42: 1,200 links that lead outside, an unreadable file and folder give 3 on both sides, the unreadable ones named first",
  ...needsOrdinaryUser,
  fn: () =>
    inWorkspace(async (workspace) => {
      const tree = await lossyTree(workspace);
      for (const ultra of await transfer(workspace, tree)) {
        await ultra.exits(3);
        const { text } = ultra.stderr;
        assert.match(text, /^⚡ ULTRA transfer incomplete: .*, 1,202 left out$/m);
        assert.doesNotMatch(text, /transfer complete/);
        const named = ultra.stderr.lines.filter((line) => line.startsWith("    tree/"));
        assert.deepEqual(named.slice(0, 2), [
          "    tree/z-locked: it cannot be read",
          "    tree/z-secret: it cannot be read",
        ]);
        assert.match(text, /^ {4}tree\/link0000: it is a symbolic link/m);
      }
      assert.deepEqual(namesIn(workspace.path("into ", "tree")), ["open"]);
    }),
});

Deno.test({
  name: "T21: --json counts what was left out on both sides, and T41: says why the exit code is not 0",
  ...needsOrdinaryUser,
  fn: () =>
    inWorkspace(async (workspace) => {
      const tree = await lossyTree(workspace);
      for (const ultra of await transfer(workspace, tree, "--json")) {
        await ultra.exits(3);
        const complete = await ultra.event("complete");
        assert.deepEqual([complete["failedCount"], complete["leftOutCount"]], [0, 1202]);
        assert.deepEqual(complete["leftOutReasons"], { unreadable: 2, link: 1200 });
        assert.deepEqual((complete["leftOut"] as unknown[])[0], { reason: "unreadable", path: "tree/z-locked" });
        const exit = ultra.events.at(-1);
        assert.match(String(exit?.["why"]), /^incomplete: 1,202 left out; first tree\/z-locked: it cannot be read$/);
      }
    }),
});

Deno.test({
  name: "T41: --quiet says in one line why the exit code is 3, on both sides",
  ...needsOrdinaryUser,
  fn: () =>
    inWorkspace(async (workspace) => {
      const tree = await lossyTree(workspace);
      for (const ultra of await transfer(workspace, tree, "--quiet")) {
        await ultra.exits(3);
        const why = "ultra: incomplete: 1,202 left out; first tree/z-locked: it cannot be read";
        assert.deepEqual(ultra.stderr.lines, [why]);
      }
    }),
});

Deno.test({
  name: "T21: --allow-left-out makes it 0 on both sides, with the same sheet, and without a word with --quiet",
  ...needsOrdinaryUser,
  fn: () =>
    inWorkspace(async (workspace) => {
      const tree = await lossyTree(workspace);
      for (const ultra of await transfer(workspace, tree, "--allow-left-out")) {
        await ultra.exits(0);
        assert.match(ultra.stderr.text, /^⚡ ULTRA transfer incomplete: .*, 1,202 left out$/m);
      }
      for (const ultra of await transfer(workspace, tree, "--allow-left-out", "--quiet")) {
        await ultra.exits(0);
        assert.equal(ultra.stderr.text, "");
      }
    }),
});

Deno.test("T1: T21: a tree of which nothing is left out is complete with 0 on both sides, also with --quiet", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    for (let i = 0; i < 1200; i++) await Deno.writeFile(`${tree}/file${i}`, randomBytes(i));
    for (const ultra of await transfer(workspace, tree)) {
      await ultra.exits(0);
      assert.match(ultra.stderr.text, /^⚡ ULTRA transfer complete: /m);
      assert.doesNotMatch(ultra.stderr.text, /[Ll]eft out|allow-left-out/);
    }
    for (const ultra of await transfer(workspace, tree, "--quiet")) {
      await ultra.exits(0);
      assert.equal(ultra.stderr.text, "");
    }
  }));

Deno.test("T29: names with backslashes arrive as they are, alone and in a tree", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    const unit = await writeFile(`${tree}/dev-disk\\x2dby.mount`, 100);
    await workspace.make("tree", "a\\b");
    await writeFile(`${tree}/a\\b/..\\up`, 100);
    const into = await workspace.make("into");
    for (const path of [unit, tree]) {
      const { sender, receiver } = await workspace.pair([path], ["--into", into]);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
    }
    assert.deepEqual(namesIn(into), ["dev-disk\\x2dby.mount", "tree"]);
    assert.deepEqual(await treeOf(`${into}/tree`), await treeOf(tree));
  }));

/** A repository with a hook. */
async function repository(workspace: Workspace): Promise<string> {
  const repo = await workspace.make("repo");
  await workspace.make("repo", ".git", "hooks");
  await writeFile(`${repo}/.git/hooks/post-checkout`, 100);
  await Deno.chmod(`${repo}/.git/hooks/post-checkout`, 0o755);
  await writeFile(`${repo}/README`, 100);
  return repo;
}

Deno.test("T6: a hook does not come into a repository that was there, unless --hidden says so", () =>
  inWorkspace(async (workspace) => {
    const repo = await repository(workspace);
    const into = await workspace.make("into");
    await workspace.make("into", "repo", ".git");
    const refused = await workspace.pair([repo], ["--into", into]);
    for (const ultra of [refused.sender, refused.receiver]) {
      await ultra.exits(3);
      assert.match(ultra.stderr.text, /^ {4}repo\/\.git\/hooks: its name is hidden; recv --hidden takes it$/m);
    }
    assert.deepEqual(namesIn(`${into}/repo/.git`), []);
    assert.deepEqual(namesIn(`${into}/repo`), [".git", "README"]);
    const taken = await workspace.pair([repo], ["--into", into, "--hidden"]);
    await Promise.all([taken.sender.exits(0), taken.receiver.exits(0)]);
    assert.deepEqual(await treeOf(`${into}/repo`), await treeOf(repo));
  }));

Deno.test("T6: a repository that is new comes with everything, and again without --hidden when it is identical", () =>
  inWorkspace(async (workspace) => {
    const repo = await repository(workspace);
    const into = await workspace.make("into");
    for (const _time of ["new", "again"]) {
      const { sender, receiver } = await workspace.pair([repo], ["--into", into]);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      assert.deepEqual(await treeOf(`${into}/repo`), await treeOf(repo));
    }
  }));

Deno.test("T6: one hidden name among others is left out alone", () =>
  inWorkspace(async (workspace) => {
    const hidden = await writeFile(workspace.path(".bashrc"), 100);
    const plain = await writeFile(workspace.path("plain"), 100);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([hidden, plain], ["--into", into]);
    await Promise.all([sender.exits(3), receiver.exits(3)]);
    assert.deepEqual(namesIn(into), ["plain"]);
  }));

/** Lets calls of a running process fail, as a file system does that lacks them. */
async function inject(pid: number, calls: string, errno: string): Promise<AsyncDisposable> {
  const args = ["-f", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${calls}:error=${errno}`];
  const strace = new Deno.Command("strace", { args: [...args, "-p", String(pid)], stdout: "null", stderr: "piped" })
    .spawn();
  const lines = new Lines(strace.stderr);
  const late = AbortSignal.timeout(HANG_MS);
  const hung = new Promise<never>((_, reject) => late.addEventListener("abort", () => reject(late.reason)));
  await Promise.race([lines.find((line) => / attached/.test(line)), hung]);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([strace.status, lines.closed]);
    },
  };
}

for (
  const [calls, errno, warning] of [
    ["fchmod,fchmodat", "EPERM", /^Warning: Modes are not kept there/m],
    ["utimensat", "ENOSYS", /^Warning: Times are not kept there/m],
    ["ftruncate,fallocate", "EPERM", undefined],
  ] as const
) {
  Deno.test({
    name: `T23: a target whose ${calls} fail with ${errno} gets the contents`,
    ignore: Deno.build.os !== "linux" || !await canTrace(),
    fn: () =>
      inWorkspace(async (workspace) => {
        const tree = await workspace.make("tree");
        await writeFile(`${tree}/large`, 3_000_000);
        await writeFile(`${tree}/small`, 10);
        const into = await workspace.make("into");
        const receiver = workspace.recv(["--into", into]);
        const ticket = await receiver.ticket();
        {
          await using _refusing = await inject(receiver.pid, calls, errno);
          const sender = workspace.start(["send", tree, ticket]);
          await Promise.all([sender.exits(0), receiver.exits(0)]);
        }
        for (const name of ["large", "small"]) {
          assert.deepEqual(await Deno.readFile(`${into}/tree/${name}`), await Deno.readFile(`${tree}/${name}`));
        }
        const { text, lines } = receiver.stderr;
        if (warning !== undefined) assert.match(text, warning);
        assert.equal(lines.filter((line) => line.startsWith("Warning: ")).length, warning === undefined ? 0 : 1);
      }),
  });
}
