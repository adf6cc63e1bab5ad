/** Folders that vanish or are closed beneath a process that stays, and tickets that cannot do what they are used for. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "./dropping.ts";
import { namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Ultra } from "./harness.ts";
import { giveToOrdinary, needsOrdinaryUser, ordinary } from "./ordinary_user.ts";

async function terminated(ultra: Ultra): Promise<void> {
  ultra.kill("SIGTERM");
  await ultra.exits(143);
}

Deno.test("serve and recv --stay whose folder was removed tell each sender, with 4, and go on when it is there again", () =>
  inWorkspace(async (workspace) => {
    const shared = await workspace.make("shared");
    const source = await writeFile(workspace.path("source"), 1000);
    for (const command of [["serve", shared, "--accept"], ["recv", "--stay", "--into"]]) {
      const into = await workspace.make("into");
      const receiver = workspace.start([...command, into, "--listen", "127.0.0.1", "--json"]);
      const env = { ULTRA_TICKET: await receiver.ticket() };
      // The folder of the first transfer is held by recv since its start.
      await workspace.start(["send", source], { env }).exits(0);
      await Deno.remove(into, { recursive: true });
      await Deno.writeTextFile(source, command[0] ?? "");
      const refused = workspace.start(["send", source], { env });
      await refused.exits(4);
      assert.match(refused.stderr.text, /The other side: The folder does not exist/);
      await Deno.mkdir(into);
      await workspace.start(["send", source], { env }).exits(0);
      assert.deepEqual(namesIn(into), ["source"]);
      await Deno.remove(into, { recursive: true });
      await terminated(receiver);
    }
  }));

Deno.test({
  name:
    "serve --accept and recv --stay refuse a folder that may not be written to at their start, with 4, before a ticket is shown",
  ...needsOrdinaryUser,
  fn: () =>
    inWorkspace(async (workspace) => {
      const user = await ordinary(workspace);
      const [shared, closed] = [await workspace.make("shared"), await workspace.make("closed")];
      await Deno.chmod(closed, 0o555);
      for (const args of [["serve", shared, "--accept"], ["recv", "--stay", "--into"]]) {
        const refused = workspace.start([...args, closed, "--listen", "127.0.0.1"], user);
        await refused.exits(4);
        assert.match(refused.stderr.text, /^ultra: You may not create files in the folder: .*closed/m);
        assert.equal(refused.stdout.text, "");
      }
    }),
});

Deno.test("watch: a side that takes nothing with this ticket ends it with 2, and the files stay", () =>
  inWorkspace(async (workspace) => {
    const [shared, outbox] = [await workspace.make("shared"), await workspace.make("outbox")];
    const server = workspace.start(["serve", shared, "--listen", "127.0.0.1", "--json"]);
    for (const name of ["a", "b"]) await writeFile(join(outbox, name), 1000);
    const watching = workspace.start(["watch", outbox], { env: { ULTRA_TICKET: await server.ticket() } });
    await watching.exits(2);
    assert.match(watching.stderr.text, /The other side does not take this: This side serves files/);
    assert.deepEqual(namesIn(outbox), [".ultra-watch", "a", "b"]);
    await terminated(server);
  }));

Deno.test({
  name:
    "watch: a folder that may not be read, or has names of other bytes than UTF-8, is told and holds up no other item",
  ...needsOrdinaryUser,
  fn: () =>
    inWorkspace(async (workspace) => {
      const user = await ordinary(workspace);
      const [outbox, into] = [await workspace.make("outbox"), await workspace.make("into")];
      const closed = join(outbox, "part", "closed");
      await Deno.mkdir(closed, { recursive: true });
      await Deno.mkdir(join(outbox, "latin"));
      await writeFile(join(outbox, "ok"), 1000);
      const named = new Deno.Command("sh", {
        args: ["-c", `printf x > "$1/latin/$(printf '\\377')"; printf x > "$1/$(printf '\\377')"`, "sh", outbox],
      });
      assert.ok((await named.output()).success);
      await Deno.chmod(closed, 0);
      for (const path of [outbox, join(outbox, "ok"), join(outbox, "part"), closed]) await giveToOrdinary(path);
      const receiver = workspace.recv(["--stay", "--json", "--into", into]);
      const watching = workspace.start(["watch", outbox, "--json"], {
        ...user,
        env: { ...user.env, ULTRA_TICKET: await receiver.ticket() },
      });
      await watching.event("warning", (event) => JSON.stringify(event).includes("UTF-8"));
      const leftOut = (name: string) => ({ leftOut }: Record<string, unknown>) =>
        JSON.stringify(leftOut).includes(name);
      await watching.event("complete", leftOut("part/closed"));
      await watching.event("complete", leftOut("latin/"));
      await until(outbox, () => !namesIn(outbox).includes("ok"));
      await terminated(watching);
      await terminated(receiver);
      assert.ok(namesIn(into).includes("ok"));
      assert.deepEqual(namesIn(join(outbox, "sent")), ["ok"]);
    }),
});
