/** This build and another one, which ULTRA_OTHER names: `run.ts` starts this. */

import assert from "node:assert/strict";
import { ULTRA } from "../../scripts/paths.ts";
import { Failure, outputOf, print } from "../../scripts/shell.ts";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, writeFile } from "../e2e/files.ts";
import { inWorkspace, type StartOptions, type Ultra, type Workspace } from "../e2e/harness.ts";
import { snapshot } from "../e2e/snapshot.ts";
import { makeHardTree } from "../platforms/tree.ts";

const OTHER = Deno.env.get("ULTRA_OTHER");
if (OTHER === undefined) throw new Failure("deno task test:compat starts this");

/** The version of the wire that a build speaks. */
async function protocolOf(program: string): Promise<number> {
  const [, version] = /^protocol (\d+)/m.exec(await outputOf(program, ["--version"]) ?? "") ?? [];
  if (version === undefined) throw new Failure(`${program} does not tell which version it speaks`);
  return Number(version);
}

const [own, others] = [await protocolOf(ULTRA), await protocolOf(OTHER)];
print(`this build speaks version ${own}, the other one ${others}`);

const BUILDS = { this: {}, other: { program: [OTHER] } } as const satisfies Record<string, StartOptions>;
type Build = keyof typeof BUILDS;

/** Both sides of one conversation, whichever of them waits. */
async function meet(
  workspace: Workspace,
  [sending, receiving]: readonly [Build, Build],
  waits: "sender" | "receiver",
  source: string,
  into: string,
): Promise<readonly [sender: Ultra, receiver: Ultra]> {
  if (waits === "receiver") {
    const receiver = workspace.recv(["--into", into], BUILDS[receiving]);
    return [workspace.start(["send", source, await receiver.ticket()], BUILDS[sending]), receiver];
  }
  const sender = workspace.sendWaiting([source], BUILDS[sending]);
  return [sender, workspace.start(["recv", "--into", into, await sender.ticket()], BUILDS[receiving])];
}

for (const pair of [["this", "other"], ["other", "this"]] as const) {
  for (const waits of ["sender", "receiver"] as const) {
    const name = `compat: ${pair[0]} build to ${pair[1]} build, the ${waits} waits`;

    Deno.test({
      name: `${name}: a tree and a file of several blocks arrive identical`,
      ignore: own !== others,
      fn: () =>
        inWorkspace(async (workspace) => {
          const into = await workspace.make("into");
          const tree = await workspace.make("tree");
          await makeHardTree(tree);
          const file = await writeFile(workspace.path("file"), 40 * MIB + 7);
          for (const source of [tree, file]) {
            const sides = await meet(workspace, pair, waits, source, into);
            await Promise.all(sides.map((side) => side.exits(0)));
          }
          assert.deepEqual(snapshot(`${into}/tree`), snapshot(tree));
          await assertSameFile(`${into}/file`, file);
          await assertNoLeftovers(into);
        }),
    });

    Deno.test({
      name: `${name}: who dials ends with 8 and names both versions, who waits goes on`,
      ignore: own === others,
      fn: () =>
        inWorkspace(async (workspace) => {
          const into = await workspace.make("into");
          const file = await writeFile(workspace.path("file"), MIB);
          const [sender, receiver] = await meet(workspace, pair, waits, file, into);
          const [dials, listens] = waits === "receiver" ? [sender, receiver] : [receiver, sender];
          await dials.exits(8);
          assert.match(
            dials.stderr.text,
            new RegExp(`\\b${own}\\b[\\s\\S]*\\b${others}\\b|\\b${others}\\b[\\s\\S]*\\b${own}\\b`),
          );
          // Who waits goes on waiting for somebody who speaks its version, and says who came.
          listens.kill("SIGINT");
          await listens.exits(130);
          assert.deepEqual(namesIn(into), []);
        }),
    });
  }
}
