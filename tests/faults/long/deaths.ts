/**
 * Ways in that last, whose processes are killed at random moments: `serve` and `get`, `recv --stay` and `send`. Either side in turn, and then the
 * same command again: the other side has not ended, and what arrives is what was there.
 *
 *     ULTRA_FAULTS_DEATHS=20 ULTRA_FAULTS_SEED=1 deno task test:faults tests/faults/long/deaths.ts
 *
 * @module
 */

import assert from "node:assert/strict";
import { print } from "../../../scripts/shell.ts";
import { assertNoLeftovers, assertSameFile, MIB, writeFile } from "../../e2e/files.ts";
import type { Ultra, Workspace } from "../../e2e/harness.ts";
import { Moments, seeded } from "../moments.ts";
import { inView } from "../scene.ts";

const DEATHS = Number(Deno.env.get("ULTRA_FAULTS_DEATHS") ?? 20);

const SIZE = 24 * MIB;
/** A transfer takes about two seconds. */
const RATE = ["--rate-limit", "12M"];
const MOST_MS = 2200;

/** A way in: a side that lasts, and one that is started for each transfer. */
interface Way {
  readonly name: string;
  lasting(workspace: Workspace): Ultra;
  once(workspace: Workspace, ticket: string, file: string): Ultra;
}

const WAYS: readonly Way[] = [
  {
    name: "serve and get",
    lasting: (workspace) =>
      workspace.start([
        ...["serve", "--json", "--listen", "127.0.0.1", "--identity", workspace.path("identity")],
        ...[...RATE, workspace.path("from")],
      ]),
    once: (workspace, ticket, file) =>
      workspace.start(["get", "--json", "--wait", "1m", "--into", workspace.path("into"), `from/${file}`], {
        env: { ULTRA_TICKET: ticket },
      }),
  },
  {
    name: "recv --stay and send",
    lasting: (workspace) =>
      workspace.recv(["--json", "--stay", "--identity", workspace.path("identity"), "--into", workspace.path("into")]),
    once: (workspace, ticket, file) =>
      workspace.start(["send", "--json", "--wait", "1m", ...RATE, workspace.path("from", file)], {
        env: { ULTRA_TICKET: ticket },
      }),
  },
];

for (const { name, lasting, once } of WAYS) {
  Deno.test(`C1 C2: ${name}: ${DEATHS} kills -9 at random moments, one side and the other in turn: identical each time`, () =>
    inView(async (view) => {
      const { workspace } = view;
      const moments = new Moments();
      const [from, into] = [await workspace.make("from"), await workspace.make("into")];
      let host = lasting(workspace);
      const ticket = await host.ticket();
      let resumed = 0;
      for (let deaths = 0; deaths < DEATHS; deaths += 2) {
        // (One that is confirmed is not received again, though it is taken away.)
        const file = `file ${deaths}`;
        const source = await writeFile(`${from}/${file}`, SIZE);
        await seeded(`after ${deaths} kills`, async () => {
          const first = once(workspace, ticket, file);
          await moments.pass(MOST_MS);
          first.end("SIGKILL");
          await first.gone;
          const second = once(workspace, ticket, file);
          await moments.pass(MOST_MS);
          host.end("SIGKILL");
          await host.gone;
          host = lasting(workspace);
          assert.equal(await host.ticket(), ticket);
          await second.exits(0);
          await assertSameFile(`${into}/${file}`, source);
          if (Number((await second.event("complete"))["resumedBytes"]) > 0) resumed += 1;
          await Deno.remove(`${into}/${file}`);
          await assertNoLeftovers(into);
        });
      }
      print(`${name}: ${DEATHS} kills, ${resumed} of ${DEATHS / 2} last transfers found something there`);
      assert.ok(resumed >= DEATHS / 8, "hardly any transfer had something to go on with");
      host.end("SIGTERM");
      await view.ends([0, 143, "SIGKILL"]);
    }));
}
