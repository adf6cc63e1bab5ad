/** Where the library is looked for, and that what was generated is what the built one says of its door. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describeLibrary, MODULES, TABLES, withTables } from "../../scripts/generate.ts";
import { LIBRARY, LIBRARY_NAME, ROOT } from "../../scripts/paths.ts";
import { DIALECTS } from "../../src/auth/versions.ts";
import { LANE_ALPNS, LIMITS } from "../../src/engine/door.generated.ts";
import { libraryPaths } from "../../src/engine/library.ts";
import { SYMBOLS } from "../../src/engine/symbols.ts";
import * as limits from "../../src/protocol/limits.ts";
import { runChild } from "./child.ts";

// Before any test: it stays loaded until the process ends, which a test would be blamed for.
const { modules, tables } = describeLibrary();

Deno.test("engine: the generated files and the tables of docs/engine.md are what the built library says", async () => {
  assert.ok(modules.has("door.generated.ts") && modules.size > 1);
  for (const [name, text] of modules) assert.equal(await Deno.readTextFile(join(MODULES, name)), text, name);
  const files = await Array.fromAsync(Deno.readDir(join(MODULES, "generated")), ({ name }) => `generated/${name}`);
  assert.deepEqual(files.toSorted(), [...modules.keys()].filter((name) => name.includes("/")).toSorted());
  const page = await Deno.readTextFile(TABLES);
  assert.equal(withTables(page, tables), page);
  assert.throws(() => withTables("a page without markers", tables), /no markers/);
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

Deno.test("engine: the dialects with lanes are those for which the data plane has a codec", () => {
  assert.deepEqual(DIALECTS.filter(({ lanes }) => lanes).map(({ alpn }) => alpn), [...LANE_ALPNS]);
});

Deno.test("engine: docs/engine.md names every function of the door, which are 14 at most", async () => {
  const page = await Deno.readTextFile(TABLES);
  const documented = [...page.matchAll(/^\| `(ultra_\w+)\(/gm)].map(([, name]) => name);
  assert.deepEqual(documented.toSorted(), Object.keys(SYMBOLS).toSorted());
  assert.ok(documented.length <= 14, `${documented.length} functions`);
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

Deno.test("engine: a library of another version is one line that names both versions and the way out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const sources = join(folder, "src");
    await copyFolder(join(ROOT, "src"), sources);
    const path = join(sources, "engine", "generated", "words.ts");
    const text = await Deno.readTextFile(path);
    const other = text.replace(/(export const ABI_VERSION = )\d+;/, "$1 12;");
    assert.notEqual(other, text);
    await Deno.writeTextFile(path, other);
    const script = join(folder, "start.ts");
    await Deno.writeTextFile(
      script,
      `import { loadLibrary } from "./src/engine/library.ts";
try { loadLibrary(); } catch (error) { console.log(error.kind + ": " + error.message); }`,
    );
    const exit = await runChild(script, { flags: ["-A"], env: { ULTRA_NATIVE_LIB: LIBRARY } });
    assert.match(
      exit.stdout,
      /^internal: The data plane beside this program has version [0-9a-f]{8}, this program needs 0000000c; build both: deno task build\n$/,
      exit.stderr,
    );
    // A library from before the versions: it lacks functions.
    await Deno.writeTextFile(path, text);
    const symbols = join(sources, "engine", "symbols.ts");
    await Deno.writeTextFile(
      symbols,
      (await Deno.readTextFile(symbols)).replace(
        "ultra_describe:",
        `ultra_new: { parameters: [], result: "i32" },\n  ultra_describe:`,
      ),
    );
    const older = await runChild(script, { flags: ["-A"], env: { ULTRA_NATIVE_LIB: LIBRARY } });
    assert.match(
      older.stdout,
      /^internal: .* has version an older one, this program needs [0-9a-f]{8}; /,
      older.stderr,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}
