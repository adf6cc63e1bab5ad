/** The older format has no resume: what an end in its middle leaves, and says. */

import assert from "node:assert/strict";
import { assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";

/** A transfer in the older format, under way. */
async function underWay(workspace: Workspace, name = "into") {
  const source = await writeFile(workspace.path(`${name}.bin`), 24 * MIB);
  const into = await workspace.make(name);
  const receiver = workspace.recv(["--json", "--format", "blazing", "--into", into]);
  const ticket = await receiver.ticket();
  const sender = workspace.start(["send", "--json", "--rate-limit", "4M", source, ticket]);
  await receiver.midway();
  return { sender, receiver, source, into };
}

const KILLED = ["sender", "receiver"] as const;

Deno.test("formats: where a side is killed in the older format no name appears, and the other side ends with 5 and nothing to go on with", () =>
  inWorkspace(async (workspace) => {
    // (QUIC notices it after 16 s: both at once.)
    await Promise.all(KILLED.map(async (killed) => {
      const { sender, receiver, into } = await underWay(workspace, killed);
      const [gone, other] = killed === "sender" ? [sender, receiver] : [receiver, sender];
      gone.kill("SIGKILL");
      await other.exits(5);
      const exit = other.events.at(-1);
      assert.ok(exit?.["why"] !== undefined && exit["again"] === undefined, other.transcript());
      // What a killed receiver leaves is for `ultra clean`: a part under a name that no later run takes up, and no journal.
      const names = namesIn(into);
      if (killed === "sender") assert.deepEqual(names, []);
      else assert.ok(names.length === 1 && /^\.ultra-[0-9a-f]{32}\.part$/.test(names[0] ?? ""), names.join());
    }));
  }));

Deno.test("formats: Ctrl-C in the older format ends both sides at once and removes what had arrived; the next transfer moves all of it", () =>
  inWorkspace(async (workspace) => {
    const { sender, receiver, source, into } = await underWay(workspace);
    receiver.kill("SIGINT");
    await Promise.all([receiver.exits(130), sender.exits(5)]);
    assert.deepEqual(namesIn(into), []);
    for (const { events } of [sender, receiver]) assert.equal(events.at(-1)?.["again"], undefined);
    const again = await workspace.pair([source], ["--into", into], "--json", "--format", "blazing");
    await Promise.all([again.sender.exits(0), again.receiver.exits(0)]);
    await assertSameFile(`${into}/into.bin`, source);
    const complete = again.receiver.events.find(({ type }) => type === "complete");
    assert.deepEqual([complete?.["resumedBytes"], complete?.["bytes"]], [0, 24 * MIB]);
  }));
