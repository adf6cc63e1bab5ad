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
import { combine, judge, type Results, summary } from "../results.ts";
import { conclude, denoTest } from "../runner.ts";

const LONG = join(ROOT, "tests", "faults", "long");

/** A file that hangs fails after this. */
const LIMIT_MS = 45 * 60_000;

async function runFile(path: string): Promise<Results> {
  const start = performance.now();
  // Not quiet: kills and the soak print what they measured.
  const { read, code } = await denoTest([path], { signal: AbortSignal.timeout(LIMIT_MS) });
  const results = judge(read, code, path);
  print(`${path}: ${summary(results)} in ${Math.round((performance.now() - start) / 1000)} s`);
  return results;
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
  conclude(combine(all));
});
