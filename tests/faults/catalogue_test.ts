/** The catalogue of faults is complete, and what it says is tested is tested. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { EXPECTATIONS } from "./expectations.ts";
import { allIds, escaped, findTests, idsOf, PAGE, readRows, rewritten, testsIn, testsNamed } from "./catalogue.ts";

const UPDATE = "run: deno run -A tests/faults/catalogue.ts";

const page = await Deno.readTextFile(join(ROOT, PAGE));
const tests = await findTests();

Deno.test("faults: the catalogue has each of the 207 ids once, in order", () => {
  assert.equal(allIds().length, 207);
  assert.deepEqual(readRows(page).map(({ id }) => id), allIds());
});

Deno.test("faults: the catalogue names no test that does not exist", () => {
  const known = new Set(tests.map(({ file, name }) => `${file}: ${name}`));
  for (const row of readRows(page)) {
    const named = testsNamed(row);
    assert.equal(named.length > 0, row.testedBy !== "", `${row.id}: the cell cannot be read`);
    for (const { file, name } of named) {
      assert.ok(known.has(`${file}: ${name}`), `${row.id}: there is no test "${name}" in ${file}; ${UPDATE}`);
    }
  }
});

Deno.test("faults: what has no test says when it comes or why it cannot", () => {
  for (const { id, testedBy, rest } of readRows(page)) {
    if (testedBy === "") assert.match(rest, /^(planned|not applicable): ./, id);
    else assert.match(rest, /^((planned|differs): .+)?$/, id);
  }
});

Deno.test("faults: the head of the catalogue says whether anything is planned", () => {
  const planned = readRows(page).filter(({ rest }) => rest.startsWith("planned: ")).map(({ id }) => id);
  assert.equal(page.includes("no row says so now"), planned.length === 0, planned.join(", "));
});

Deno.test("faults: every id that docs/reliability.md names as a proof has a test", async () => {
  const rows = readRows(page);
  const text = await Deno.readTextFile(join(ROOT, "docs", "reliability.md"));
  const promises = text.split("\n").filter((line) => /^\| \d\. /.test(line));
  assert.equal(promises.length, 7);
  for (
    const [, from = "", to = from] of promises.join("\n").matchAll(/\b([A-JT]\d{1,2})\b(?: to ([A-JT]\d{1,2})\b)?/g)
  ) {
    const [first, last] = [from, to].map((id) => rows.findIndex((row) => row.id === id));
    assert.ok(first !== undefined && last !== undefined && first >= 0 && last >= first, `${from} to ${to}`);
    for (const { id, testedBy } of rows.slice(first, last + 1)) assert.notEqual(testedBy, "", id);
  }
});

Deno.test("faults: each fault has an expectation, which stands on the page", () => {
  assert.deepEqual(Object.keys(EXPECTATIONS), allIds());
  for (const { id, expected } of readRows(page)) {
    assert.equal(expected, escaped(EXPECTATIONS[id] ?? ""), `${id}; ${UPDATE}`);
  }
});

Deno.test("faults: no test's name has an id that is not in the catalogue", () => {
  const known = new Set(allIds());
  for (const test of tests) {
    for (const id of idsOf(test)) assert.ok(known.has(id), `${test.file}: ${test.name}`);
  }
});

Deno.test("faults: the script finds the names of tests in both languages", () => {
  const typescript = [
    'Deno.test("A1 one", () => {});',
    'Deno.test({\n  name: "I16 two",\n  fn() {} });',
    'Deno.test(`B2 "${three}" | <x>`, () => {});',
    "Deno.test('D7 it\\'s', () => {});",
    'const latest = best("C1 not a test");',
  ].join("\n");
  const names = testsIn("x_test.ts", typescript).map(({ name }) => name);
  assert.deepEqual(names, ["A1 one", "I16 two", 'B2 "${three}" | <x>', "D7 it's"]);
  assert.deepEqual(idsOf({ file: "x_test.ts", name: "E1 E2 a source (A8, B3), A8 and G" }), ["E1", "E2", "A8", "B3"]);
  assert.deepEqual(idsOf({ file: "x.rs", name: "g1_g5_a_file_a1" }), ["G1", "G5"]);
  const before = "| B2 | reorder | old | planned: network faults |\n| B3 | twice |  |  |";
  const after = rewritten(before, testsIn("x_test.ts", typescript));
  assert.equal(
    after,
    '| B2 | reorder | completes | `x_test.ts`: B2 "${three}" &#124; &lt;x> | planned: network faults |\n| B3 | twice | completes, no double count |  |  |',
  );
  assert.deepEqual(readRows(after).flatMap(testsNamed), [{ file: "x_test.ts", name: 'B2 "${three}" | <x>' }]);
});
