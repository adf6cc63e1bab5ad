/** Where the library is looked for, and that it is the one that the generated layout describes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { LIBRARY, LIBRARY_NAME, ROOT } from "../../scripts/paths.ts";
import { libraryPaths } from "../../src/engine/library.ts";
import { LIMITS } from "../../src/engine/layout.generated.ts";
import { libraryLayout } from "../../src/engine/native.ts";
import * as limits from "../../src/protocol/limits.ts";

// Before any test: it stays loaded until the process ends, which a test would be blamed for.
const layout = libraryLayout();

Deno.test("engine: layout.generated.ts is what the built library says", async () => {
  assert.equal(await Deno.readTextFile(join(ROOT, "src", "engine", "layout.generated.ts")), layout);
});

Deno.test("T3: engine: the limits that the data plane checks are those of the protocol", () => {
  const stated: Readonly<Record<string, unknown>> = limits;
  for (const [name, limit] of Object.entries(LIMITS)) assert.equal(stated[name], limit, name);
  assert.deepEqual(Object.keys(LIMITS).filter((name) => /COMPONENTS|NAME_BYTES|OPEN_GROUPS/.test(name)), [
    "MAX_OPEN_GROUPS",
    "MAX_COMPONENTS",
    "MAX_NAME_BYTES",
  ]);
});

Deno.test("engine: the library is looked for where it was named, else beside the program and where cargo leaves it", () => {
  assert.deepEqual(libraryPaths("/x/src/engine", "/y/z.so"), ["/y/z.so"]);
  for (const named of [undefined, ""]) {
    const beside = join("/x/src/engine", LIBRARY_NAME);
    const built = join("/x/native/target/release", LIBRARY_NAME);
    assert.deepEqual(libraryPaths("/x/src/engine", named), [beside, built]);
  }
  assert.deepEqual(libraryPaths(undefined, undefined), [LIBRARY_NAME]);
  assert.ok(libraryPaths(join(ROOT, "src", "engine"), undefined).includes(LIBRARY));
});
