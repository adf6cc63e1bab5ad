/** `ultra clean` over what a killed receiver leaves. @module */

import assert from "node:assert/strict";
import { MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

Deno.test("T45: what a receiver leaves after kill -9 is listed by `ultra clean`, and removed with --remove", () =>
  inWorkspace(async (workspace) => {
    const into = await workspace.make("into", "below");
    const source = await writeFile(workspace.path("movie.mkv"), 40 * MIB);
    const receiver = workspace.recv(["--json", "--into", into]);
    const sender = workspace.start(["send", "--rate-limit", "20M", source, await receiver.ticket()]);
    await receiver.midway();
    receiver.end();
    await receiver.gone;
    sender.end();
    assert.ok(namesIn(into).some((name) => name.endsWith(".part")));

    const list = workspace.start(["clean", "--json"], { cwd: workspace.path("into") });
    await list.exits(0);
    const found = list.events.filter(({ type }) => type === "leftover");
    const parts = found.filter(({ kind }) => kind === "part");
    assert.equal(parts.length, 1, list.transcript());
    assert.match(String(parts[0]?.["path"]), /^below\/\.ultra-.*\.part$/);
    assert.ok(Number(parts[0]?.["bytes"]) >= MIB && Number(parts[0]?.["ageSeconds"]) < 600);
    assert.ok(found.every(({ state }) => state === "idle"), list.transcript());
    const [end, exit] = list.events.slice(-2);
    assert.deepEqual([end?.type, end?.["removed"], exit?.type, exit?.["code"]], ["cleaned", 0, "exit", 0]);
    assert.ok(namesIn(into).some((name) => name.endsWith(".part")), "a list removes nothing");

    const remove = workspace.start(["clean", "--remove", workspace.path("into")]);
    await remove.exits(0);
    assert.match(remove.stderr.text, /part of a file|part of .*movie/);
    assert.match(remove.stderr.text, /^Removed \d of \d/m);
    assert.deepEqual(namesIn(into), []);
    const again = workspace.start(["clean", workspace.path("into")]);
    await again.exits(0);
    assert.match(again.stderr.text, /Nothing is left of earlier transfers in/);
  }));

Deno.test("ultra clean: a folder that is not there is 4 and one line", () =>
  inWorkspace(async (workspace) => {
    const clean = workspace.start(["clean", workspace.path("missing")]);
    await clean.exits(4);
    assert.match(clean.stderr.text, /^ultra: Cannot open the folder .*missing.*no such file/m);
  }));
