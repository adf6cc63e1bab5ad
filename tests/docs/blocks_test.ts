/** Every command block of the pages for users runs. */

import assert from "node:assert/strict";
import { inWorkspace } from "../e2e/harness.ts";
import { blocksOf, jobsOf, stepsOf } from "./blocks.ts";
import { runSection } from "./run_blocks.ts";

const PAGES = ["README.md", "docs/guide.md", "docs/ci.md"];

/** What is there when the blocks of a section have run. */
const ARRIVED: Readonly<Record<string, string>> = {
  "From a job to a host": "incoming/dist/report.tar",
  "Between two jobs that reach each other": "incoming/dist/app.tar",
};

for (const page of PAGES) {
  const markdown = Deno.readTextFileSync(new URL(`../../${page}`, import.meta.url));
  const blocks = blocksOf(markdown).filter(({ notRun }) => notRun === undefined);
  for (const section of new Set(blocks.map((block) => block.section))) {
    Deno.test(`docs: the command blocks of ${page}, "${section}", run as they stand there`, () =>
      inWorkspace(async (workspace) => {
        await runSection(blocks.filter((block) => block.section === section), workspace);
        if (section in ARRIVED) await Deno.stat(workspace.path("here", ARRIVED[section] ?? ""));
      }));
  }
}

Deno.test("docs: each page for users has blocks, and says why one is not run", () => {
  for (const page of PAGES) {
    const blocks = blocksOf(Deno.readTextFileSync(new URL(`../../${page}`, import.meta.url)));
    assert.ok(blocks.some(({ notRun }) => notRun === undefined), page);
    for (const { notRun } of blocks) assert.ok(notRun === undefined || notRun.length > 5, page);
  }
});

Deno.test("docs: blocks are found by fence, prompt and mark, and what is none of them is refused", () => {
  const page = [
    "## One",
    "",
    "    B$ ultra recv   # waits",
    "    A$ ultra send x ultra1...",
    "",
    "- list",
    "",
    "    no block",
    "",
    "<!-- not run: it takes an hour -->",
    "",
    "    npm test",
    "",
    "```sh waits",
    "ultra recv",
    "```",
    "",
    "```text",
    "output",
    "```",
    "## Two",
    "",
    "```yaml",
    "a:",
    "  script:",
    "    - x",
    "```",
  ].join("\n");
  assert.deepEqual(blocksOf(page).map(({ kind, section, text, notRun, line }) => [kind, section, text, notRun, line]), [
    ["session", "One", "B$ ultra recv   # waits\nA$ ultra send x ultra1...", undefined, 3],
    ["script", "One", "npm test", "it takes an hour", 12],
    ["waits", "One", "ultra recv", undefined, 15],
    ["recipe", "Two", "a:\n  script:\n    - x", undefined, 24],
  ]);
  assert.throws(() => blocksOf("text\n\n    npm test\n"), /neither run nor marked: npm test/);
  assert.throws(() => blocksOf("```python\nx\n```\n"), /neither run nor marked/);
  assert.deepEqual(stepsOf("B$ ultra recv   # waits\nshown\n$ a 'b#c'"), [
    { computer: "B", command: "ultra recv" },
    { computer: "", command: "a 'b#c'" },
  ]);
});

Deno.test("docs: the scripts of both CI systems are found, job by job", () => {
  const github =
    "jobs:\n  a:\n    steps:\n      - uses: x\n      - run: one\n      - run: |\n          two\n          three\n        env:\n          X: y\n  b:\n    steps:\n      - run: four\n";
  assert.deepEqual(jobsOf(github), ["one\ntwo\nthree", "four"]);
  const gitlab =
    "a:\n  stage: x\n  script:\n    - one\n    # why\n    - two\n  tags: [y]\nb:\n  script:\n    - three\n";
  assert.deepEqual(jobsOf(gitlab), ["one\ntwo", "three"]);
});
