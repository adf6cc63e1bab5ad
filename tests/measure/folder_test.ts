import { describe } from "../../src/ui/advice.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { UltraError } from "../../src/base/errors.ts";
import { makeTestFolder } from "../../src/measure/folder.ts";

Deno.test("a test's folder has a name of its own, and nothing of it stays", async () => {
  const parent = await Deno.makeTempDir();
  try {
    {
      await using one = await makeTestFolder(parent);
      await using other = await makeTestFolder(parent);
      assert.notEqual(one.path(), other.path());
      assert.match(one.path("kept", "memory"), /\/\.ultra-test-\w+\/kept\/memory$/);
      await Deno.mkdir(await one.fresh("kept"));
      await Deno.writeTextFile(one.path("kept", "memory"), "x");
      await Deno.mkdir(await one.fresh("kept"));
      assert.deepEqual([...Deno.readDirSync(one.path("kept"))], [], "what was there before is gone");
      await Deno.remove(other.path());
    }
    assert.deepEqual([...Deno.readDirSync(parent)], [], "also one that somebody else has removed is no error");
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("a folder in which nothing can be made is a failure of the disk, and --dir is named", async () => {
  const isDisk = (error: unknown) =>
    error instanceof UltraError && error.kind === "disk" && /--dir/.test(describe(error));
  await assert.rejects(makeTestFolder("/nowhere/at/all"), isDisk);
  await assert.rejects(makeTestFolder(join("/proc", "self")), isDisk);
});
