/** Further names of files of which the first name is not taken, with real processes. */

import assert from "node:assert/strict";
import { namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";

/** A folder with one file of two names. */
async function twoNames(workspace: Workspace, first: string, second: string): Promise<string> {
  const folder = await workspace.make("s");
  await writeFile(`${folder}/${first}`, 3000);
  await Deno.link(`${folder}/${first}`, `${folder}/${second}`);
  await writeFile(`${folder}/other`, 500);
  return folder;
}

Deno.test("T6: a further name of a hidden file is left out with it, says why, and --allow-left-out takes it for complete", () =>
  inWorkspace(async (workspace) => {
    const folder = await twoNames(workspace, ".a", "b");
    const into = await workspace.make("into");
    await workspace.make("into", "s");
    const plain = await workspace.pair([folder], ["--into", into]);
    await Promise.all([plain.sender.exits(3), plain.receiver.exits(3)]);
    assert.deepEqual(namesIn(`${into}/s`), ["other"]);
    for (const { stderr } of [plain.sender, plain.receiver]) {
      assert.match(stderr.text, /^ {4}s\/\.a: its name is hidden; recv --hidden takes it$/m);
      assert.match(stderr.text, /^ {4}s\/b: it is a further name \(hard link\) of a file that is not taken; /m);
      assert.doesNotMatch(stderr.text, /failed/);
    }
    const accepted = await workspace.pair([folder, "--allow-left-out"], ["--into", into, "--allow-left-out"]);
    await Promise.all([accepted.sender.exits(0), accepted.receiver.exits(0)]);
    const taken = await workspace.pair([folder], ["--into", into, "--hidden"]);
    await Promise.all([taken.sender.exits(0), taken.receiver.exits(0)]);
    assert.deepEqual(namesIn(`${into}/s`), [".a", "b", "other"]);
  }));

Deno.test("D17: --existing skip of a file with several names skips all of them, with 0", () =>
  inWorkspace(async (workspace) => {
    const folder = await twoNames(workspace, "a", "b");
    const into = await workspace.make("into", "s");
    await writeFile(`${into}/a`, 10);
    const { sender, receiver } = await workspace.pair([folder], [
      "--into",
      workspace.path("into"),
      "--existing",
      "skip",
    ]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(namesIn(into), ["a", "other"]);
  }));

Deno.test("get: a further name alone, of a sender that waits, is missing and says what helps; with its file it arrives", () =>
  inWorkspace(async (workspace) => {
    const folder = await twoNames(workspace, "a", "b");
    const into = await workspace.make("into");
    for (const [asked, code, names] of [[["s/b"], 3, []], [["s/a", "s/b"], 0, ["a", "b"]]] as const) {
      const sender = workspace.sendWaiting([folder]);
      const ticket = workspace.path("ticket");
      await Deno.writeTextFile(ticket, await sender.ticket());
      const getter = workspace.start(["get", "--into", into, "--ticket", ticket, ...asked]);
      await Promise.all([getter.exits(code), sender.exits(code)]);
      if (code === 3) assert.match(getter.stderr.text, /s\/b: it is a further name \(hard link\)/);
      else assert.deepEqual(namesIn(`${into}/s`), names);
    }
  }));
