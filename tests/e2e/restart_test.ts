/** Processes that are killed, and the same command again, while the other side waits; and listeners that stay the same for good. */

import assert from "node:assert/strict";
import { parseTicket } from "../../src/protocol/ticket.ts";
import { assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";

const SIZE = 24 * MIB;
const RATE = "3M";

/** A transfer under way, and how each side is started again. */
async function underWay(workspace: Workspace, waits: "sender" | "receiver") {
  const source = await writeFile(workspace.path("source.bin"), SIZE);
  const into = await workspace.make("into");
  const send = ["--json", "--rate-limit", RATE, source];
  const recv = ["--json", "--into", into];
  const waiting = waits === "receiver" ? () => workspace.recv(recv) : () => workspace.sendWaiting(send);
  const first = waiting();
  const ticket = await first.ticket();
  const dialing = () => workspace.start(waits === "receiver" ? ["send", ...send, ticket] : ["recv", ...recv, ticket]);
  const second = dialing();
  const [sender, receiver] = waits === "receiver" ? [second, first] : [first, second];
  await receiver.midway();
  const again = { sender: waits === "sender" ? waiting : dialing, receiver: waits === "receiver" ? waiting : dialing };
  return { sender, receiver, again, ticket, source, target: `${into}/source.bin` };
}

for (const waits of ["receiver", "sender"] as const) {
  for (const killed of ["receiver", "sender"] as const) {
    Deno.test(`B21: C1 C2: a ${killed} killed and started again with the same command goes on where the ${waits} waits`, () =>
      inWorkspace(async (workspace) => {
        const { sender, receiver, again, ticket, source, target } = await underWay(workspace, waits);
        const [victim, survivor] = killed === "sender" ? [sender, receiver] : [receiver, sender];
        victim.kill("SIGKILL");
        await victim.gone;
        const next = again[killed]();
        await Promise.all([survivor.exits(0), next.exits(0)]);
        await assertSameFile(target, source);
        assert.ok(survivor.events.some(({ type }) => type === "peer-restarted"));
        if (killed !== waits) return;
        assert.ok(next.events.some(({ type }) => type === "taken-up"));
        const [old, fresh] = [parseTicket(ticket), parseTicket(await next.ticket())];
        assert.deepEqual([fresh.pin, fresh.hints], [old.pin, old.hints]);
        assert.notDeepEqual(fresh.token, old.token);
      }));
  }
}

Deno.test("C5: a listener that was interrupted and is started again says with whom it goes on, and how far that had come", () =>
  inWorkspace(async (workspace) => {
    const { sender, receiver, again } = await underWay(workspace, "receiver");
    receiver.kill("SIGINT");
    await Promise.all([receiver.exits(130), sender.exits(5)]);
    const next = again.receiver();
    const { peer, files, filesArrived } = await next.event("taken-up");
    assert.deepEqual({ peer, files, filesArrived }, { peer: "127.0.0.1", files: 1, filesArrived: 0 });
    next.end("SIGINT");
    await next.gone;
  }));

Deno.test("a listener with --identity has the same ticket in each run, and its file is for its owner alone", () =>
  inWorkspace(async (workspace) => {
    const identity = workspace.path("identity");
    const into = await workspace.make("into");
    const tickets: string[] = [];
    for (const name of ["one", "two"]) {
      const receiver = workspace.recv(["--into", into, "--identity", identity]);
      tickets.push(await receiver.ticket());
      const source = await writeFile(workspace.path(name), 1000);
      const ticket = tickets[0] ?? assert.fail();
      const sender = workspace.start(["send", source], { env: { ULTRA_TICKET: ticket } });
      await Promise.all([sender.exits(0), receiver.exits(0)]);
    }
    assert.equal(tickets[0], tickets[1]);
    assert.deepEqual(namesIn(into), ["one", "two"]);
    assert.equal((await Deno.stat(identity)).mode ?? 0 & 0o777, 0o100600);
    const text = await Deno.readTextFile(identity);
    const byVariable = workspace.recv(["--into", into], { env: { ULTRA_IDENTITY: text } });
    assert.equal(await byVariable.ticket(), tickets[0]);
    byVariable.end("SIGINT");
    await byVariable.gone;
    await Deno.chmod(identity, 0o640);
    const refused = workspace.recv(["--into", into, "--identity", identity]);
    await refused.exits(2);
    const open = `ultra: Other users may read or change the identity file ${identity}: run chmod 600 on it`;
    assert.equal(refused.stderr.text.trim(), open);
    const cut = workspace.recv(["--into", into], { env: { ULTRA_IDENTITY: text.slice(0, 500) } });
    await cut.exits(2);
    assert.match(cut.stderr.text, /^ultra: ULTRA_IDENTITY holds no identity/m);
    assert.ok(!cut.stderr.text.includes(text.slice(100, 140)), "nothing of the key is shown");
  }));

Deno.test("without a folder for state the transfer runs, and it is said that it cannot be taken up", () =>
  inWorkspace(async (workspace) => {
    const into = await workspace.make("into");
    const source = await writeFile(workspace.path("source.bin"), 1000);
    const env = { XDG_STATE_HOME: "/proc/nowhere" };
    const receiver = workspace.recv(["--into", into], { env });
    const sender = workspace.start(["send", source, await receiver.ticket()], { env });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    for (const side of [sender, receiver]) {
      assert.match(side.stderr.text, /^Warning: This transfer cannot be taken up/m);
    }
  }));
