/** A test in Rust that is not built for Windows is told as skipped there, in the list that stands beside it: no test is missing without a word. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { NATIVE } from "../../scripts/paths.ts";

const LIST = "not_on_windows.rs";

/** The tests of a file that are for other systems alone, as the list names them. */
function forOthersAlone(module: string, text: string): string[] {
  const isWhole = /^#!\[cfg\((unix|target_os = "linux")\)\]$/m.test(text);
  const tests = [...text.matchAll(/((?:^#\[.*\]\n)+)fn (\w+)\(\)/gm)].filter(([, marks = ""]) => {
    return marks.includes("#[test]\n") && (isWhole || /^#\[cfg\((unix|target_os = "linux")\)\]$/m.test(marks));
  });
  return tests.map(([, , name]) => `${module}::${name}`);
}

for (const folder of [join("files", "tests", "all"), join("launcher", "tests")]) {
  Deno.test(`the tests of native/${folder} that do not run on Windows are in its ${LIST}`, async () => {
    const path = join(NATIVE, folder);
    const others: string[] = [];
    for await (const { name } of Deno.readDir(path)) {
      if (!name.endsWith(".rs") || name === LIST) continue;
      others.push(...forOthersAlone(name.replace(/\.rs$/, ""), await Deno.readTextFile(join(path, name))));
    }
    const list = await Deno.readTextFile(join(path, LIST));
    const told = [...list.matchAll(/^ {4}(\w+::\w+),$/gm)].map(([, name]) => name ?? "");
    assert.ok(others.length > 0);
    assert.deepEqual(told.sort(), others.sort());
  });
}

Deno.test("a test for other systems is found by its own mark and by that of its file", () => {
  const marked = "#[cfg(unix)]\n#[test]\nfn a() {}\n#[test]\nfn b() {}\n#[cfg(unix)]\nfn no_test() {}\n";
  assert.deepEqual(forOthersAlone("m", marked), ["m::a"]);
  assert.deepEqual(forOthersAlone("m", `#![cfg(unix)]\n${marked}`), ["m::a", "m::b"]);
});
