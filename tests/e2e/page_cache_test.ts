/** What a large transfer leaves in the system's memory: nothing, so that it does not drive out what others need. */

import assert from "node:assert/strict";
import { assertSameFile, MIB, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

/** From this size on a file is not kept (`native/files/src/part.rs`). */
const LARGE = 256 * MIB;

/** Bytes of a file that the system holds in memory; undefined where there is no `fincore`, or the disk is memory itself. */
async function cached(path: string): Promise<number | undefined> {
  try {
    const fincore = new Deno.Command("fincore", { args: ["-b", "-n", "-o", "RES", path], stderr: "null" });
    const stat = new Deno.Command("stat", { args: ["-f", "-c", "%T", path] });
    const [resident, kind] = await Promise.all([fincore.output(), stat.output()]);
    const text = ({ stdout }: Deno.CommandOutput) => new TextDecoder().decode(stdout).trim();
    return !resident.success || text(kind) === "tmpfs" ? undefined : Number(text(resident));
  } catch {
    return undefined;
  }
}

async function canTell(): Promise<boolean> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, new Uint8Array(MIB));
    return await cached(path) === MIB;
  } finally {
    await Deno.remove(path);
  }
}

for (const { size, keeps } of [{ size: LARGE, keeps: false }, { size: 16 * MIB, keeps: true }]) {
  Deno.test({
    name: `a file of ${size / MIB} MiB ${
      keeps ? "stays in the system's memory" : "leaves the system's memory behind itself"
    }`,
    ignore: !await canTell(),
    fn: () =>
      inWorkspace(async (workspace) => {
        const source = await writeFile(workspace.path("source"), size);
        {
          // What is not on the disk yet stays in memory in any case.
          using file = await Deno.open(source, { write: true });
          await file.sync();
        }
        const into = await workspace.make("into");
        const { sender, receiver } = await workspace.pair([source], ["--into", into]);
        await Promise.all([sender.exits(0), receiver.exits(0)]);
        for (const path of [source, `${into}/source`]) {
          const resident = await cached(path) ?? assert.fail();
          // Some pages may be held by whoever looks at them just then.
          if (keeps) assert.ok(resident >= size / 2, `${resident} bytes of ${path}`);
          else assert.ok(resident <= size / 16, `${resident} bytes of ${path}`);
        }
        await assertSameFile(`${into}/source`, source);
      }),
  });
}
