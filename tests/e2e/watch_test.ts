/** `ultra watch` and the receiver that stays, as real processes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeTicket, parseTicket } from "../../src/protocol/ticket.ts";
import { assertSameFile, namesIn, writeFile } from "./files.ts";
import { dropWhileKilled, until } from "./dropping.ts";
import { type Event, inWorkspace, type Ultra, type Workspace } from "./harness.ts";

/** A receiver that stays, and a folder for a process that watches it. */
async function scene(workspace: Workspace) {
  const [outbox, into] = [await workspace.make("outbox"), await workspace.make("into")];
  const receiver = workspace.recv(["--stay", "--json", "--into", into]);
  const ticket = await receiver.ticket();
  const watch = (...flags: readonly string[]) =>
    workspace.start(["watch", outbox, "--json", ...flags], { env: { ULTRA_TICKET: ticket } });
  return { outbox, into, receiver, ticket, watch };
}

async function terminated(ultra: Ultra): Promise<void> {
  ultra.kill("SIGTERM");
  await ultra.exits(143);
}

Deno.test("watch: 60 files dropped while it is killed three times arrive once each, though a consumer takes them away", () =>
  inWorkspace((workspace) => dropWhileKilled(workspace, { files: 60, bytes: 100_000, kills: 3, rate: "3M" })));

Deno.test("watch: files and folders arrive with what is in them, and move to sent/; what cannot be sent holds up nothing", () =>
  inWorkspace(async (workspace) => {
    const { outbox, into, receiver, watch } = await scene(workspace);
    await Deno.mkdir(join(outbox, "folder", "deep"), { recursive: true });
    await writeFile(join(outbox, "folder", "deep", "x"), 100_000);
    await writeFile(join(outbox, "日本語 %#"), 5_000_000);
    await Deno.writeTextFile(join(outbox, ".hidden"), "");
    await Deno.writeTextFile(join(outbox, "new\nline"), "its name cannot travel");
    await Deno.mkdir(join(outbox, "sent"));
    await Deno.writeTextFile(join(outbox, "sent", "old"), "");
    const watching = watch();
    await watching.event("watching", ({ then, quietSeconds }) => then === "move" && quietSeconds === 2);
    await until(outbox, () => !namesIn(outbox).some((name) => ["folder", "日本語 %#"].includes(name)));
    await watching.event("error", ({ kind, text }) => kind === "disk" && String(text).includes("new\\x0aline"));
    await terminated(watching);
    assert.deepEqual(namesIn(into), ["folder", "日本語 %#"]);
    assert.deepEqual(namesIn(outbox), [".hidden", ".ultra-watch", "new\nline", "sent"]);
    assert.deepEqual(namesIn(join(outbox, "sent")), ["folder", "old", "日本語 %#"]);
    await assertSameFile(join(into, "folder", "deep", "x"), join(outbox, "sent", "folder", "deep", "x"));
    await assertSameFile(join(into, "日本語 %#"), join(outbox, "sent", "日本語 %#"));
    await terminated(receiver);
  }));

Deno.test("watch: a dropped file named sent holds up nothing, also after a restart; once it is renamed it is sent, and what had arrived moves", () =>
  inWorkspace(async (workspace) => {
    const { outbox, into, receiver, watch } = await scene(workspace);
    const isStuck = ({ text }: Event) => /has arrived and is still in the folder/.test(String(text));
    for (const name of ["sent", "a"]) await writeFile(join(outbox, name), 1000);
    const first = watch();
    await first.event("warning", ({ text }) => /^sent is no folder/.test(String(text)));
    await first.event("warning", isStuck);
    await writeFile(join(outbox, "b"), 1000);
    await first.event("complete", ({ name }) => name === "b");
    await terminated(first);
    const second = watch();
    await second.event("warning", isStuck);
    await Deno.rename(join(outbox, "sent"), join(outbox, "not sent"));
    await until(
      outbox,
      () => namesIn(outbox).join() === ".ultra-watch,sent" && namesIn(join(outbox, "sent")).length === 3,
    );
    await terminated(second);
    assert.deepEqual(namesIn(join(outbox, "sent")), ["a", "b", "not sent"]);
    assert.deepEqual(namesIn(into), ["a", "b", "not sent"]);
    await terminated(receiver);
  }));

Deno.test("watch: --then delete removes what has arrived, and --then keep leaves it and sends it once", () =>
  inWorkspace(async (workspace) => {
    const { outbox, into, receiver, ticket, watch } = await scene(workspace);
    const other = await workspace.make("other");
    await writeFile(join(outbox, "a"), 100_000);
    const kept = await writeFile(join(other, "b"), 100_000);
    const deleting = watch("--then", "delete");
    const keeping = workspace.start(["watch", other, "--then", "keep", "--json"], { env: { ULTRA_TICKET: ticket } });
    await keeping.event("complete", ({ name }) => name === "b");
    await writeFile(join(other, "c"), 100_000);
    await until(outbox, () => namesIn(outbox).join() === ".ultra-watch");
    await keeping.event("complete", ({ name }) => name === "c");
    await Promise.all([terminated(deleting), terminated(keeping)]);
    assert.deepEqual(namesIn(into), ["a", "b", "c"]);
    assert.deepEqual(namesIn(other), [".ultra-watch", "b", "c"]);
    assert.equal(keeping.events.filter(({ type }) => type === "complete").length, 2);
    await assertSameFile(join(into, "b"), kept);
    await terminated(receiver);
  }));

Deno.test("watch: --then delete never removes what the receiver had already by size and time: it may be another file", () =>
  inWorkspace(async (workspace) => {
    const { outbox, into, receiver, watch } = await scene(workspace);
    const drop = async (contents: string) => {
      const path = workspace.path(contents);
      await Deno.writeTextFile(path, contents);
      await Deno.utime(path, 1_500_000_000, 1_500_000_000);
      await Deno.rename(path, join(outbox, "k"));
    };
    const watching = watch("--then", "delete");
    await drop("one");
    await until(outbox, () => namesIn(outbox).join() === ".ultra-watch");
    await drop("two");
    await until(outbox, () => namesIn(outbox).join() === ".ultra-watch,sent");
    await until(join(outbox, "sent"), () => namesIn(join(outbox, "sent")).join() === "k");
    assert.equal(await Deno.readTextFile(join(outbox, "sent", "k")), "two");
    assert.equal(await Deno.readTextFile(join(into, "k")), "one");
    await terminated(watching);
    await terminated(receiver);
  }));

Deno.test("watch: it waits for a receiver that is not there yet, and goes on with the one that is started again", () =>
  inWorkspace(async (workspace) => {
    const [outbox, into] = [await workspace.make("outbox"), await workspace.make("into")];
    const identity = workspace.path("identity");
    const receive = () => workspace.recv(["--stay", "--json", "--into", into, "--identity", identity]);
    const first = receive();
    const ticket = await first.ticket();
    await terminated(first);
    await writeFile(join(outbox, "a"), 100_000);
    const watching = workspace.start(["watch", outbox, "--json"], { env: { ULTRA_TICKET: ticket } });
    await watching.event("error", ({ kind }) => kind === "network");
    await watching.event("retrying", ({ afterSeconds }) => Number(afterSeconds) > 0);
    const second = receive();
    await watching.event("complete", ({ name }) => name === "a");
    await terminated(watching);
    await terminated(second);
    assert.deepEqual(namesIn(into), ["a"]);
  }));

Deno.test("watch: a ticket for one transfer, none at all, another folder's lock and a wrong secret are refused", () =>
  inWorkspace(async (workspace) => {
    const { outbox, receiver, ticket, watch } = await scene(workspace);
    const once = workspace.recv([]);
    const single = workspace.start(["watch", outbox], { env: { ULTRA_TICKET: await once.ticket() } });
    await single.exits(2);
    assert.match(single.stderr.text, /works for one transfer, .* `ultra recv --stay`/);
    await workspace.start(["watch", outbox]).exits(2);
    await workspace.start(["watch", join(outbox, "none"), ticket]).exits(4);
    const watching = watch();
    await watching.event("watching");
    const other = workspace.start(["watch", outbox], { env: { ULTRA_TICKET: ticket } });
    await other.exits(2);
    assert.match(other.stderr.text, /Another ultra watch has this folder/);
    await terminated(watching);
    await terminated(receiver);
    // Another receiver at the address of the ticket. (Its own port: that of the first one may be somebody's by now.)
    const stranger = workspace.recv(["--stay", "--json"]);
    const { hints } = parseTicket(await stranger.ticket());
    await writeFile(join(outbox, "a"), 1000);
    const astray = encodeTicket({ ...parseTicket(ticket), hints });
    const refused = workspace.start(["watch", outbox, "--json"], { env: { ULTRA_TICKET: astray } });
    await refused.exits(6);
    assert.ok(namesIn(outbox).includes("a"));
    await terminated(stranger);
  }));
