import assert from "node:assert/strict";
import { meantBy } from "../../src/cli/dropped.ts";

const there = (...paths: readonly string[]) => (path: string) => paths.includes(path);

Deno.test("absolute paths of things that exist, and nothing else, are to be sent", () => {
  assert.deepEqual(meantBy(["/a", "/b c"], there("/a", "/b c")), ["send", "/a", "/b c"]);
});

Deno.test("everything else stays as it was typed", () => {
  const cases = [[], ["/a", "/gone"], ["/a", "b"], ["send", "/a"], ["./a"], ["/a", "--json"], ["--json"], ["version"]];
  for (const args of cases) assert.equal(meantBy(args, there("/a", "./a", "b", "version")), args);
});
