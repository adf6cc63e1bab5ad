import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, MIB, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

const SIZE = 192 * MIB + 5;
/** A second for all of it: further connections come in the middle, however slow this machine is at dialing. */
const SLOWLY = ["--rate-limit", "200M"];

for (const waits of ["sender", "receiver"] as const) {
  Deno.test(`connections: three of them carry one file when the ${waits} waits, and both sides say so`, () =>
    inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), SIZE);
      const into = await workspace.make("into");
      const wish = ["--connections", "3", "-v"];
      const send = ["send", source, ...SLOWLY, ...wish];
      const recv = ["recv", "--into", into, ...wish];
      const listen = ["--listen", "127.0.0.1"];
      const first = workspace.start([...(waits === "sender" ? send : recv), ...listen]);
      const second = workspace.start([...(waits === "sender" ? recv : send), await first.ticket()]);
      await Promise.all([first.exits(0), second.exits(0)]);
      await assertSameFile(`${into}/source.bin`, source);
      await assertNoLeftovers(into);
      for (const { stderr } of [first, second]) {
        const added = [...stderr.text.matchAll(/^⚡ Added connection (\d+) \(4 more streams\)$/gm)];
        // Told when its streams are open, which those of the third one may be first.
        assert.deepEqual(added.map(([, number]) => number).sort(), ["2", "3"], stderr.text);
        assert.match(stderr.text, /^ {2}Resent +0 B$/m);
      }
    }));
}

Deno.test("connections: one side that wants only one gets its way", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), SIZE);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into, "--connections", "1"]);
    const sender = workspace.start([
      "send",
      source,
      ...SLOWLY,
      "--connections",
      "4",
      "--json",
      await receiver.ticket(),
    ]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.doesNotMatch(sender.stdout.text, /connection-added/);
    assert.doesNotMatch(receiver.stderr.text, /Added connection/);
    await assertSameFile(`${into}/source.bin`, source);
  }));
