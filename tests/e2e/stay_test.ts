/** `recv --stay` as real processes: many senders at once, repeats, deaths, and the end. */

import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";

async function staying(workspace: Workspace, ...flags: readonly string[]) {
  const into = await workspace.make("into");
  const start = () =>
    workspace.recv(["--stay", "--json", "--into", into, ...flags], { env: { XDG_STATE_HOME: state } });
  const state = await workspace.make("state");
  const receiver = start();
  const ticket = workspace.path("ticket");
  await Deno.writeTextFile(ticket, await receiver.ticket(), { mode: 0o600 });
  return { into, receiver, ticket, start };
}

Deno.test("T13: recv --stay takes several senders at once, each with its own progress, and a killed one holds up nobody", () =>
  inWorkspace(async (workspace) => {
    const { into, receiver, ticket } = await staying(workspace);
    const slow = await writeFile(workspace.path("slow.bin"), 24 * MIB);
    const first = workspace.start(["send", "--json", "--rate-limit", "4M", slow, "--ticket", ticket]);
    await first.midway();
    const quick = await Promise.all(["a", "b", "c"].map((name) => writeFile(workspace.path(name), 3 * MIB + 1)));
    await Promise.all(quick.map((path) => workspace.start(["send", path, "--ticket", ticket]).exits(0)));
    for (const path of quick) await assertSameFile(`${into}/${path.split("/").at(-1)}`, path);
    assert.ok(!namesIn(into).includes("slow.bin"), "the slow one is under way");
    first.kill("SIGTERM");
    await first.exits(143);
    const gone = await receiver.event("client", ({ code }) => code !== 0);
    const ids = receiver.events.filter(({ type }) => type === "complete").map(({ client }) => client);
    assert.equal(new Set(ids).size, 3);
    assert.ok(!ids.includes(gone["client"]));
    await workspace.start(["send", slow, "--ticket", ticket]).exits(0);
    await assertSameFile(`${into}/slow.bin`, slow);
    receiver.kill("SIGINT");
    await receiver.exits(130);
    await assertNoLeftovers(into);
  }));

Deno.test("recv --stay: of two senders of one file at once the second leaves it out, brings the rest, and has nothing to do later", () =>
  inWorkspace(async (workspace) => {
    const { into, receiver, ticket } = await staying(workspace);
    const source = await writeFile(workspace.path("same.bin"), 24 * MIB);
    const rest = await writeFile(workspace.path("rest"), 9);
    const first = workspace.start(["send", "--json", "--rate-limit", "8M", source, "--ticket", ticket]);
    await first.midway();
    const second = workspace.start(["send", source, rest, "--ticket", ticket]);
    await second.exits(3);
    assert.match(second.stderr.text, /^ {4}same\.bin: another ultra is receiving this file/m);
    await assertSameFile(`${into}/rest`, rest);
    await first.exits(0);
    const again = workspace.start(["send", "--json", source, rest, "--ticket", ticket]);
    await again.exits(0);
    assert.equal((await again.event("complete"))["presentFiles"], 2);
    await assertSameFile(`${into}/same.bin`, source);
    receiver.kill("SIGINT");
    await receiver.exits(130);
    await assertNoLeftovers(into);
  }));

Deno.test("recv --stay confirms a file again that was taken away, also after it was killed and started again", () =>
  inWorkspace(async (workspace) => {
    const identity = workspace.path("identity");
    const { into, receiver, ticket, start } = await staying(workspace, "--identity", identity);
    const source = await writeFile(workspace.path("source.bin"), 2 * MIB + 7);
    const send = async () => {
      const sender = workspace.start(["send", "--json", source, "--ticket", ticket]);
      await sender.exits(0);
      return await sender.event("complete");
    };
    assert.equal((await send())["files"], 1);
    await Deno.remove(`${into}/source.bin`);
    assert.deepEqual([(await send())["presentFiles"], namesIn(into)], [1, []]);
    await receiver.event("complete", ({ presentFiles, confirmedFiles }) => presentFiles === 1 && confirmedFiles === 1);
    receiver.kill("SIGKILL");
    await receiver.gone;
    const next = start();
    await next.ticket();
    assert.deepEqual([(await send())["presentFiles"], namesIn(into)], [1, []]);
    await Deno.writeTextFile(source, "something else");
    assert.equal((await send())["files"], 1);
    await assertSameFile(`${into}/source.bin`, source);
    next.kill("SIGTERM");
    await next.exits(143);
  }));

Deno.test("recv --stay confirms a file again that was already there when it came first, and was taken away since", () =>
  inWorkspace(async (workspace) => {
    const { into, receiver, ticket } = await staying(workspace);
    await workspace.make("tree");
    const sources = await Promise.all(["a", "b"].map((name) => writeFile(workspace.path("tree", name), 70_000)));
    const send = async () => {
      const sender = workspace.start(["send", "--json", "--ticket", ticket, ...sources]);
      await sender.exits(0);
      return await sender.event("complete");
    };
    // As a run that was killed leaves it: the file has its name, and nothing is written down.
    await Deno.copyFile(workspace.path("tree", "a"), `${into}/a`);
    for (const copy of [workspace.path("tree", "a"), `${into}/a`]) await Deno.utime(copy, 1e9, 1e9);
    const first = await send();
    assert.deepEqual([first["files"], first["presentFiles"]], [1, 1]);
    for (const name of ["a", "b"]) await Deno.remove(`${into}/${name}`);
    assert.deepEqual([(await send())["presentFiles"], namesIn(into)], [2, []]);
    receiver.kill("SIGTERM");
    await receiver.exits(143);
  }));

Deno.test("recv --stay that is interrupted ends all transfers in good order: each sender ends with 5, and the same commands go on", () =>
  inWorkspace(async (workspace) => {
    const identity = workspace.path("identity");
    const { into, receiver, ticket, start } = await staying(workspace, "--identity", identity);
    const sources = await Promise.all(["one", "two"].map((name) => writeFile(workspace.path(name), 12 * MIB)));
    const send = (source: string) =>
      workspace.start(["send", "--json", "--rate-limit", "4M", source, "--ticket", ticket]);
    const senders = sources.map(send);
    for (const sender of senders) await sender.midway();
    receiver.kill("SIGINT");
    await Promise.all([receiver.exits(130), ...senders.map((sender) => sender.exits(5))]);
    const next = start();
    await next.ticket();
    for (const source of sources) {
      const sender = send(source);
      await sender.exits(0);
      assert.ok(Number((await sender.event("complete"))["resumedBytes"]) > 0);
      await assertSameFile(`${into}/${source.split("/").at(-1)}`, source);
    }
    next.kill("SIGTERM");
    await next.exits(143);
  }));
