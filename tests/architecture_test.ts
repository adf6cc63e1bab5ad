/** Holds the sources to the rules of docs/design.md 5, and each rule to snippets that it must refuse and accept. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../scripts/paths.ts";
import { circles } from "./architecture/circles.ts";
import { importsOf, RULES, type Source } from "./architecture/rules.ts";
import { moduleUses, type RustFile } from "./architecture/rust_modules.ts";
import {
  circleFindings,
  declaredTwice,
  doorFindings,
  exportedFunctions,
  layerFindings,
  LAYERS,
} from "./architecture/rust_rules.ts";

const FOLDERS = ["src", "native", "tests", "bench", "scripts"];

/** All TypeScript, Rust and C of the project. */
async function readSources(): Promise<Source[]> {
  const sources: Source[] = [["main.ts", await Deno.readTextFile(join(ROOT, "main.ts"))]];
  for (const folder of FOLDERS) {
    for await (const path of walk(folder)) sources.push([path, await Deno.readTextFile(join(ROOT, path))]);
  }
  return sources;
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory && path !== "native/target") yield* walk(path);
    else if (isFile && /\.(ts|rs|c|h)$/.test(name)) yield path;
  }
}

const sources = await readSources();

for (const rule of RULES) {
  Deno.test(`architecture: ${rule.sentence}`, () => {
    const governed = sources.filter(([path]) => rule.applies(path));
    assert.notEqual(governed.length, 0, "the rule governs no file: has the layout changed?");
    const findings = governed.flatMap(([path, text]) =>
      rule.check(path, text).map(({ line, what }) => `${path}:${line}: ${what}`)
    );
    assert.deepEqual(findings, []);
  });

  Deno.test(`architecture: "${rule.sentence}" refuses what breaks it, and nothing else`, () => {
    for (const [path, text] of rule.refuses) {
      assert.ok(rule.applies(path) && rule.check(path, text).length > 0, `must be refused in ${path}: ${text}`);
    }
    for (const [path, text] of rule.accepts) {
      assert.ok(rule.applies(path), `the rule must look at ${path}`);
      assert.deepEqual(rule.check(path, text), [], `must be accepted in ${path}: ${text}`);
    }
  });
}

Deno.test("architecture: no files of src import each other in a circle", () => {
  const files = sources.filter(([path]) => path.startsWith("src/"));
  assert.notEqual(files.length, 0);
  assert.deepEqual(circles(new Map(files.map(([path, text]) => [path, importsOf(path, text)]))), []);
});

Deno.test("architecture: circles are found, and only circles", () => {
  const house = (...imports: [string, string[]][]) => circles(new Map(imports));
  assert.deepEqual(house(["a", ["b"]], ["b", ["c"]], ["c", ["b"]]), [["b", "c"]]);
  assert.deepEqual(house(["a", ["a"]]), [["a"]]);
  assert.deepEqual(house(["a", ["b", "c"]], ["b", ["d"]], ["c", ["d"]], ["d", ["node:path"]]), []);
});

/** The files of a crate below its `src/`. */
function crate(name: string): readonly RustFile[] {
  const root = `native/${name}/src/`;
  const files = sources.filter(([path]) => path.startsWith(root));
  assert.notEqual(files.length, 0, `the crate ${name} has no files: has the layout changed?`);
  return files.map(([path, text]) => ({ path: path.slice(root.length), text }));
}

for (const [name, layers] of Object.entries(LAYERS)) {
  Deno.test(`architecture: the files of native/${name} use what is in layers below them`, () => {
    const uses = moduleUses(crate(name));
    assert.ok(uses.length > 50, "the uses are not seen");
    assert.deepEqual(layerFindings(layers, uses), []);
  });
}

for (const name of ["msquic-sys", "files", "engine", "netpath", "launcher"]) {
  Deno.test(`architecture: no circle among the files of native/${name}`, () => {
    assert.deepEqual(circleFindings(crate(name)), []);
  });
}

Deno.test("architecture: the engine exports at most 14 functions, all of them in its door", () => {
  assert.ok(exportedFunctions(crate("engine")).length > 10, "the functions are not seen");
  assert.deepEqual(doorFindings(crate("engine")), []);
});

Deno.test("architecture: every event and command is declared once", () => {
  const declaring = crate("engine").filter(({ path }) => /^core\/(event|command)\.rs$/.test(path));
  assert.equal(declaring.length, 2);
  assert.deepEqual(declaredTwice(declaring), []);
  assert.deepEqual(
    declaredTwice(declaring.map(({ path, text }) => ({ path, text: text.replace("Abandon = 10", "Close = 10") }))),
    [
      "core/command.rs: Command::Close",
    ],
  );
});

Deno.test("architecture: the rules for crates refuse what breaks them, and nothing else", () => {
  const file = (path: string, text: string): RustFile => ({ path, text });
  const layers = [["core"], ["net", "os"], ["door"]];
  const uses = (...files: readonly RustFile[]) =>
    layerFindings(layers, moduleUses([file("core/mod.rs", ""), file("net/mod.rs", ""), file("os.rs", ""), ...files]));
  assert.deepEqual(uses(file("net/a.rs", "use crate::core::{x, y::Z};\nuse super::b;"), file("net/b.rs", "")), []);
  assert.deepEqual(uses(file("core/a.rs", "use crate::net::A;")), [
    "core/a.rs:1: uses net/mod.rs, which is not below it",
  ]);
  assert.deepEqual(uses(file("net/a.rs", "fn f() {\n    crate::os::load();\n}")), [
    "net/a.rs:2: uses os.rs, which is not below it",
  ]);
  assert.deepEqual(
    uses(file("core/a.rs", "// use crate::net::A;\n#[cfg(test)]\nmod tests {\n    use crate::net::A;\n}")),
    [],
  );
  assert.deepEqual(uses(file("new.rs", "use crate::core::A;")), ["new.rs:1: new is in no layer"]);
  const pair = [file("a.rs", "use crate::b::B;"), file("b.rs", "use super::a::{A};")];
  assert.deepEqual(circleFindings(pair), ["a.rs > b.rs > a.rs"]);
  assert.deepEqual(circleFindings([file("a.rs", "mod b;\nuse b::B;"), file("a/b.rs", "use super::A;")]), []);
  const exported = `#[unsafe(no_mangle)]\npub unsafe extern "C" fn ultra_x() {}\n`;
  assert.deepEqual(doorFindings([file("door/ffi.rs", exported.repeat(14))]), []);
  assert.deepEqual(doorFindings([file("door/ffi.rs", exported.repeat(15))]), ["15 functions, at most 14"]);
  assert.deepEqual(doorFindings([file("net/mod.rs", exported)]), ["net/mod.rs: ultra_x"]);
});
