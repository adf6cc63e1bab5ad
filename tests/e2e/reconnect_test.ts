/** Lost paths inside running commands, over real UDP. */

import assert from "node:assert/strict";
import { UdpRelay } from "../support/relay.ts";
import { assertOnlyParts, assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { type Event, inWorkspace, type Ultra, type Workspace } from "./harness.ts";

/** Some seconds at {@linkcode RATE}. */
const SIZE = 24 * MIB;
const RATE = "3M";

interface Scene {
  readonly sender: Ultra;
  readonly receiver: Ultra;
  readonly relay: UdpRelay;
  readonly source: string;
  readonly into: string;
  readonly target: string;
}

/** A transfer through a relay, under way. */
async function underWay(workspace: Workspace, waits: "sender" | "receiver", ...more: string[]): Promise<Scene> {
  const source = await writeFile(workspace.path("source.bin"), SIZE);
  const into = await workspace.make("into");
  const [send, recv] = [["--rate-limit", RATE, source], ["--into", into]];
  const waiting = waits === "receiver"
    ? workspace.recv(["--json", ...more, ...recv])
    : workspace.sendWaiting(["--json", ...more, ...send]);
  const { relay, ticket: there } = await UdpRelay.before(await waiting.ticket());
  const dialing = workspace.start(
    waits === "receiver" ? ["send", "--json", ...more, ...send, there] : ["recv", "--json", ...more, ...recv, there],
  );
  const [sender, receiver] = waits === "receiver" ? [dialing, waiting] : [waiting, dialing];
  await receiver.midway();
  return { sender, receiver, relay, source, into, target: `${into}/source.bin` };
}

function typesOf({ events }: Ultra): string[] {
  const about = new Set(["stalled", "connection-lost", "connection-returned", "peer-restarted"]);
  return events.map(({ type }) => type).filter((type) => about.has(type));
}

function numberIn(events: readonly Event[], type: string, field: string): number {
  return Number(events.find((event) => event.type === type)?.[field]);
}

for (const waits of ["receiver", "sender"] as const) {
  Deno.test(`B8: a black hole of 8 s is survived where the ${waits} waits, and only what was under way moves again`, () =>
    inWorkspace(async (workspace) => {
      const { sender, receiver, relay, source, target } = await underWay(workspace, waits);
      await using _relay = relay;
      relay.goDark();
      await sender.event("stalled");
      await receiver.event("stalled");
      relay.comeBack();
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      await assertSameFile(target, source);
      for (const { events } of [sender, receiver]) {
        const lost = numberIn(events, "connection-returned", "lostSeconds");
        // Back within the 2 s between two tries, and what a busy machine adds.
        assert.ok(lost >= 8 && lost <= 8 + 6, `lost for ${lost} s`);
      }
      const again = relay.carried[waits === "receiver" ? "to-listener" : "to-dialer"] - SIZE;
      assert.ok(again < SIZE / 2, `${again} bytes more than the file`);
      const told = sender.events.find(({ type }) => type === "complete")?.["resentBytes"];
      assert.ok(
        Number(told) < SIZE / 2,
        `${told} bytes are said to have gone twice`,
      );
    }));
}

Deno.test("B16: a NAT that changes the dialer's port is survived in the same connection", () =>
  inWorkspace(async (workspace) => {
    const { sender, receiver, relay, source, target } = await underWay(workspace, "receiver");
    await using _relay = relay;
    relay.rebind();
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(target, source);
    assert.deepEqual([typesOf(sender), typesOf(receiver)], [[], []]);
  }));

Deno.test("B10: a network that goes away for good: --retry-for bounds the wait on both sides, exit 5 with one line, the part is kept, and both show the command that goes on", () =>
  inWorkspace(async (workspace) => {
    const { sender, receiver, relay, source, into, target } = await underWay(
      workspace,
      "receiver",
      "--retry-for",
      "21s",
    );
    await using _relay = relay;
    relay.goDark();
    await Promise.all([sender.exits(5), receiver.exits(5)]);
    for (const side of [sender, receiver]) {
      assert.deepEqual(typesOf(side), ["stalled", "connection-lost"]);
      assert.match(side.stderr.text, /^ultra: The connection was lost, and did not come back in time; --retry-for/);
      assert.equal(side.stderr.lines.length, 1, side.transcript());
    }
    assert.deepEqual(namesIn(into).map((name) => name.split(".").at(-1)), ["journal", "part"]);
    await assertOnlyParts(into);
    // The command that each side shows is what it was started with, without the ticket; both go on with what is there.
    const shown = [sender, receiver].map((side) => String(side.events.at(-1)?.["again"]));
    assert.deepEqual(shown, [
      `ultra send --json --retry-for 21s --rate-limit ${RATE} ${source} ultra1...`,
      `ultra recv --listen 127.0.0.1 --json --retry-for 21s --into ${into}`,
    ]);
    const again = workspace.start(wordsOf(shown[1]));
    const there = await again.ticket();
    const next = workspace.start(wordsOf(shown[0]).with(-1, there));
    await Promise.all([next.exits(0), again.exits(0)]);
    assert.ok(Number((await again.event("complete"))["resumedBytes"]) > 0, "what had arrived was sent again");
    await assertSameFile(target, source);
  }));

/** The arguments of a command without quotes. */
function wordsOf(command = ""): string[] {
  return command.split(" ").slice(1);
}
