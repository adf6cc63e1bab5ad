import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { lineOf, MeasuredLines } from "./measured.ts";

Deno.test("faults: a number above its bound, and no other, is said to be", () => {
  const gone = { bound: 2, unit: "s", what: "until the next block" } as const;
  assert.equal(lineOf("B17", [{ ...gone, value: 2 }]), "B17: 2.00 s until the next block, bound 2 s");
  assert.equal(
    lineOf("B9", [{ ...gone, value: 2.001 }, { value: 3.04, bound: 64, unit: "MiB", what: "sent twice" }]),
    "B9: 2.00 s until the next block, bound 2 s (ABOVE THE BOUND); 3.0 MiB sent twice, bound 64 MiB",
  );
});

Deno.test("faults: what other processes measured is collected, in the order in which it came", async () => {
  using collected = new MeasuredLines();
  assert.deepEqual(collected.lines, []);
  for (const subject of ["one", "two"]) {
    const call = `measured("${subject}", { value: 600, bound: 500, unit: "ms", what: "until the first block" })`;
    const code = `const { measured } = await import(${JSON.stringify(import.meta.resolve("./measured.ts"))}); ${call};`;
    const command = new Deno.Command(Deno.execPath(), { args: ["eval", code], env: collected.env, stdout: "piped" });
    const { success, stdout } = await command.output();
    assert.ok(success);
    assert.equal(new TextDecoder().decode(stdout).trim(), collected.lines.at(-1), "it is printed as well");
  }
  const [one, two] = collected.lines;
  assert.equal(one, "one: 600 ms until the first block, bound 500 ms (ABOVE THE BOUND)");
  assert.match(two ?? "", /^two: /);
});

Deno.test("faults: every file of long tests that has a bound tells what it measured beside it", async () => {
  const folder = join(ROOT, "tests", "faults", "long");
  const files = await Promise.all(
    [...Deno.readDirSync(folder)].map(async ({ name }) => {
      return { name, text: await Deno.readTextFile(join(folder, name)) };
    }),
  );
  const bounded = files.filter(({ text }) => /BOUND|Bound\b|\bboundMs\b/.test(text));
  assert.ok(bounded.length >= 7, bounded.map(({ name }) => name).join(" "));
  for (const { name, text } of bounded) {
    assert.match(text, /^import \{ measured \} from "\.\.\/measured\.ts";$/m, name);
    assert.doesNotMatch(text, /\bprint\([^;]*\bbound\b/, name);
  }
});
