/** `--links` and `--preserve` of `ultra serve`, for what is fetched and for uploads: they are decided on both sides. */

import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { namesIn, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

const MORE = ["--links", "all", ...Deno.uid() === 0 ? ["--preserve", "owner"] : []];

for (const [serves, client] of [[MORE, MORE], [[], MORE], [MORE, []]] as const) {
  const who = [...serves.length > 0 ? ["serve"] : [], ...client.length > 0 ? ["the client"] : []].join(" and ");
  Deno.test(`T42: T31: with --links all and --preserve on ${who}, get and uploads bring outside links and owners only where both say so`, () =>
    inWorkspace(async (workspace) => {
      const folder = await workspace.make("tree");
      await writeFile(`${folder}/file`, 1000);
      await Deno.symlink("/nowhere", `${folder}/outside`);
      if (Deno.uid() === 0) await Deno.chown(`${folder}/file`, 54_321, 54_321);
      const incoming = await workspace.make("incoming");
      const server = workspace.start(["serve", "--listen", "127.0.0.1", "--accept", incoming, ...serves, folder]);
      const ticket = workspace.path("ticket");
      await Deno.writeTextFile(ticket, await server.ticket(), { mode: 0o600 });
      const into = await workspace.make("into");
      const isBoth = serves === client;
      const code = isBoth ? 0 : 3;
      await workspace.start(["get", "--ticket", ticket, "--into", into, ...client, "tree"]).exits(code);
      await workspace.start(["send", "--ticket", ticket, ...client, folder]).exits(code);
      for (const arrived of [into, incoming]) {
        assert.deepEqual(namesIn(`${arrived}/tree`), isBoth ? ["file", "outside"] : ["file"]);
        if (Deno.uid() === 0) assert.equal(lstatSync(`${arrived}/tree/file`).uid, isBoth ? 54_321 : 0);
      }
      server.kill("SIGINT");
      await server.exits(130);
    }));
}
