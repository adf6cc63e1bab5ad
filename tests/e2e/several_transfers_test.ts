/** Transfers one after the other on one QUIC link, over the real engine. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { assertSameFile, MIB, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

interface Told {
  readonly wire: readonly (readonly [what: string, transfer: number, lane?: number])[];
  readonly results: readonly (readonly [sent: unknown, received: unknown])[];
}

async function transfers(into: string, paths: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--config", join(ROOT, "deno.json"), join(ROOT, "tests/e2e/several_transfers.ts"), into]
      .concat(paths),
    stdin: "null",
    signal: AbortSignal.timeout(90_000),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as Told;
}

Deno.test("e2e: three transfers run on one link, each with its number in offer, accept and lanes, and one of them brings only a part", async () => {
  await inWorkspace(async (workspace) => {
    const into = await workspace.make("in");
    await workspace.make("tree");
    for (let i = 0; i < 300; i++) await Deno.writeTextFile(workspace.path("tree", `file ${i}`), `number ${i}`);
    // Left out by both sides alike: it leads outside.
    await Deno.symlink("/somewhere", workspace.path("tree", "outside"));
    await writeFile(workspace.path("large"), 40 * MIB + 5);
    await writeFile(workspace.path("last"), 3 * MIB);
    const paths = ["tree", "large", "last"].map((name) => workspace.path(name));
    const { wire, results } = await transfers(into, paths);
    for (const [index, counts] of [[301, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]].entries()) {
      const [sent, received] = results[index] ?? [];
      assert.deepEqual(sent, received, "both sides have the same counts and root");
      assert.deepEqual((sent as unknown[]).slice(0, 4), counts);
    }
    const numbers = (wanted: string) => wire.filter(([what]) => what === wanted).map(([, transfer]) => transfer);
    assert.deepEqual(numbers("offer"), [1, 2, 3]);
    // A transfer that is over soon may have no further connection.
    for (const what of ["accept", "lanes"]) assert.deepEqual([...new Set(numbers(what))], [1, 2, 3]);
    assert.deepEqual(numbers("accept"), numbers("accept").toSorted());
    for (const transfer of [1, 2, 3]) {
      const [first] = wire.filter(([what, number]) => what === "lanes" && number === transfer);
      assert.deepEqual(first, ["lanes", transfer, 0], "lanes are numbered from 0 on in each");
    }
    for (const name of ["large", "last"]) await assertSameFile(join(into, name), workspace.path(name));
    for (let i = 0; i < 300; i++) {
      assert.equal(await Deno.readTextFile(join(into, "tree", `file ${i}`)), `number ${i}`);
    }
    assert.deepEqual([...Deno.readDirSync(into)].map(({ name }) => name).sort(), ["large", "last", "tree"]);
  });
});
