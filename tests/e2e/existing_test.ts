/** `--existing` with real processes: each value for files that are there and differ, among others that are not. */

import assert from "node:assert/strict";
import { assertNoLeftovers, namesIn } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";

/** A time before, and one behind that of what is sent. */
const [BEFORE, THEN, AFTER] = [1_600_000_000, 1_700_000_000, 1_800_000_000];

async function write(path: string, text: string, seconds: number): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.utime(path, seconds, seconds);
}

/** `tree` with an older, a newer and a missing file at the receiver. */
async function arrange(workspace: Workspace, name: string) {
  const into = await workspace.make(name, "into");
  const tree = await workspace.make(name, "tree");
  for (const file of ["older.txt", "newer.txt", "none.txt"]) await write(`${tree}/${file}`, "arrives", THEN);
  await workspace.make(name, "into", "tree");
  await write(`${into}/tree/older.txt`, "was there", BEFORE);
  await write(`${into}/tree/newer.txt`, "was there", AFTER);
  return { into, tree };
}

/** What lies in the receiver's folder. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(namesIn(folder).map((name) => [name, Deno.readTextFileSync(`${folder}/${name}`)]));
}

const [NEW, OLD] = ["arrives", "was there"];

const VALUES: Readonly<Record<string, { code: number; missing: number; there: Record<string, string> }>> = {
  refuse: { code: 3, missing: 2, there: { "newer.txt": OLD, "none.txt": NEW, "older.txt": OLD } },
  skip: { code: 0, missing: 0, there: { "newer.txt": OLD, "none.txt": NEW, "older.txt": OLD } },
  update: { code: 0, missing: 0, there: { "newer.txt": OLD, "none.txt": NEW, "older.txt": NEW } },
  replace: { code: 0, missing: 0, there: { "newer.txt": NEW, "none.txt": NEW, "older.txt": NEW } },
  rename: {
    ...{ code: 0, missing: 0 },
    there: { "newer (1).txt": NEW, "newer.txt": OLD, "none.txt": NEW, "older (1).txt": NEW, "older.txt": OLD },
  },
  backup: {
    ...{ code: 0, missing: 0 },
    there: { "newer.txt": NEW, "newer.txt.~1~": OLD, "none.txt": NEW, "older.txt": NEW, "older.txt.~1~": OLD },
  },
};

for (const [value, { code, missing, there }] of Object.entries(VALUES)) {
  Deno.test(`D17: --existing ${value}: what is there and differs, an older and a newer file, among one that is not there`, () =>
    inWorkspace(async (workspace) => {
      const { into, tree } = await arrange(workspace, "first");
      const flags = value === "refuse" ? [] : ["--existing", value];
      const { sender, receiver } = await workspace.pair([tree], ["--into", into, ...flags], "--json");
      await Promise.all([sender.exits(code), receiver.exits(code)]);
      assert.deepEqual(contents(`${into}/tree`), there);
      for (const side of [sender, receiver]) {
        assert.equal((await side.event("complete"))["leftOutCount"], missing);
      }
      await assertNoLeftovers(into);
      // The same again changes nothing, whatever was decided.
      const again = await workspace.pair([tree], ["--into", into, ...flags], "--json");
      await Promise.all([again.sender.exits(code), again.receiver.exits(code)]);
      assert.deepEqual(contents(`${into}/tree`), there);
    }));
}

Deno.test("--existing for get and for uploads, and the name that a single file got", () =>
  inWorkspace(async (workspace) => {
    const { into, tree } = await arrange(workspace, "first");
    const accept = await workspace.make("accept");
    await write(`${accept}/older.txt`, OLD, BEFORE);
    const flags = ["--accept", accept, "--existing", "backup", "--listen", "127.0.0.1", "--json"];
    const server = workspace.start(["serve", tree, ...flags]);
    const env = { ULTRA_TICKET: await server.ticket() };
    await workspace.start(["send", `${tree}/older.txt`], { env }).exits(0);
    assert.deepEqual(contents(accept), { "older.txt": NEW, "older.txt.~1~": OLD });
    const place = `${into}/tree`;
    const get = workspace.start(["get", "tree/older.txt", "--into", place, "--existing=rename", "--json"], { env });
    await get.exits(0);
    assert.equal((await get.event("complete"))["savedTo"], `${place}/older (1).txt`);
    const skipped = workspace.start(["get", "tree/newer.txt", "--into", place, "--skip-existing"], { env });
    await skipped.exits(0);
    assert.equal(Deno.readTextFileSync(`${place}/newer.txt`), OLD);
    server.kill("SIGTERM");
    await server.exits(143);
  }));
