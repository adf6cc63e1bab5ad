/** Files dropped on the executable, as desktops start it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT, ULTRA } from "../../scripts/paths.ts";
import { assertSameFile, namesIn, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

Deno.test("dropped: absolute paths of things that exist are sent, and it needs to see nothing else", () =>
  inWorkspace(async (workspace) => {
    const one = await writeFile(workspace.path("one, 100% #.bin"), 1000);
    const folder = await workspace.make("folder");
    await writeFile(join(folder, "two"), 1000);
    const receiver = workspace.recv(["--into", await workspace.make("into")]);
    const sender = workspace.start([one, folder], { env: { ULTRA_TICKET: await receiver.ticket() } });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(workspace.path("into", "one, 100% #.bin"), one);
    assert.deepEqual(namesIn(workspace.path("into")), ["folder", "one, 100% #.bin"]);
  }));

Deno.test("dropped: a path that does not exist, or is not absolute, is no command", () =>
  inWorkspace(async (workspace) => {
    const file = await writeFile(workspace.path("a"), 1000);
    for (const args of [[file, workspace.path("gone")], ["./a"], [file, "a"]]) {
      const ultra = workspace.start(args);
      await ultra.exits(2);
      assert.match(ultra.stderr.text, /There is no command ".*To send a file of that name: ultra send/);
    }
  }));

Deno.test("dropped: the desktop entry starts it with the files, and its keys are those of the specification", () =>
  inWorkspace(async (workspace) => {
    const entry = await Deno.readTextFile(join(ROOT, "packaging", "ultra.desktop"));
    const [head, ...lines] = entry.trim().split("\n");
    assert.equal(head, "[Desktop Entry]");
    const keys = new Map(lines.map((line): [string, string] => {
      const [key = "", ...value] = line.split("=");
      return [key, value.join("=")];
    }));
    assert.deepEqual([keys.get("Type"), keys.get("Terminal")], ["Application", "true"]);
    const [program, ...words] = keys.get("Exec")?.split(" ") ?? [];
    assert.equal(program, "ultra");
    const files = [await writeFile(workspace.path("a b"), 1000), await writeFile(workspace.path("c"), 1000)];
    const args = words.flatMap((word) => word === "%F" ? files : [word]);
    const sender = workspace.start(args, { program: [ULTRA] });
    const receiver = workspace.start(["recv", "--into", await workspace.make("into"), await sender.ticket()]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(namesIn(workspace.path("into")), ["a b", "c"]);
  }));
