/**
 * `deno task test:faults`: the tests of faults that take their time, and `N passed, N failed` over all of them. With paths as arguments, those alone.
 *
 * A file of `long/` is a file of Deno tests without `_test` in its name, so that `deno task test` does not find it.
 *
 * @module
 */

import { join } from "node:path";
import { buildAll } from "../../scripts/build.ts";
import { ROOT } from "../../scripts/paths.ts";
import { Failure, main, print } from "../../scripts/shell.ts";
import { combine, judge, readJUnit, type Results, summary } from "../results.ts";

const LONG = join(ROOT, "tests", "faults", "long");

/** A file that hangs fails after this. */
const LIMIT_MS = 45 * 60_000;

async function runFile(path: string): Promise<Results> {
  const report = await Deno.makeTempFile({ prefix: "ultra-faults-", suffix: ".xml" });
  const start = performance.now();
  try {
    const child = new Deno.Command(Deno.execPath(), {
      // Not quiet: kills and the soak print what they measured.
      args: ["test", "-A", `--junit-path=${report}`, path],
      cwd: ROOT,
      stdin: "null",
      signal: AbortSignal.timeout(LIMIT_MS),
    }).spawn();
    const { code } = await child.status;
    const results = judge(readJUnit(await Deno.readTextFile(report)), code, path);
    print(`${path}: ${summary(results)} in ${Math.round((performance.now() - start) / 1000)} s`);
    return results;
  } finally {
    await Deno.remove(report);
  }
}

await main(async () => {
  const files = Deno.args.length > 0
    ? Deno.args
    : [...Deno.readDirSync(LONG)].map(({ name }) => join(LONG, name)).sort();
  for (const file of files) {
    await Deno.stat(file).catch(() => {
      throw new Failure(`there is no "${file}" to test`);
    });
  }
  await buildAll();
  const all: Results[] = [];
  for (const file of files) all.push(await runFile(file));
  const results = combine(all);
  print();
  for (const failure of results.failures) print(`failed: ${failure}`);
  print(summary(results));
  if (results.failed > 0) Deno.exitCode = 1;
});
