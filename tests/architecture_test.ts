/** Holds the sources to the rules of docs/design.md 5, and each rule to snippets that it must refuse and accept. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../scripts/paths.ts";
import { circles } from "./architecture/circles.ts";
import { importsOf, RULES, type Source } from "./architecture/rules.ts";

const FOLDERS = ["src", "native", "tests", "bench", "scripts"];

/** All TypeScript and Rust of the project. */
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
    else if (isFile && /\.(ts|rs)$/.test(name)) yield path;
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
