/**
 * `deno task test:faults`: the tests of faults that take their time, then all that they measured beside its bounds, and `N passed, N failed` over all of
 * them. With paths as arguments, those alone.
 *
 * A file of `long/` is a file of Deno tests without `_test` in its name, so that `deno task test` does not find it.
 *
 * @module
 */

import { basename, join } from "node:path";
import { buildAll } from "../../scripts/build.ts";
import { ROOT } from "../../scripts/paths.ts";
import { Failure, main, print } from "../../scripts/shell.ts";
import { MeasuredLines } from "./measured.ts";
import { combine, judge, type Results, summary } from "../results.ts";
import { conclude, denoTest } from "../runner.ts";

const LONG = join(ROOT, "tests", "faults", "long");

/** Takes its time and little of the processors, and bounds what its own receiver holds: others may run beside it. */
const LEISURELY = "soak.ts";

/** Mostly wait, and measure no time. */
const BESIDE = ["deaths.ts", "drops.ts", "jobs.ts"];

/** A file that hangs fails after this. */
const LIMIT_MS = 45 * 60_000;

type Env = Readonly<Record<string, string>>;

async function runFile(path: string, env: Env): Promise<Results> {
  const start = performance.now();
  // Not quiet: kills and the soak print what they measured.
  const { read, code } = await denoTest([path], { env, signal: AbortSignal.timeout(LIMIT_MS) });
  const results = judge(read, code, path);
  print(`${path}: ${summary(results)} in ${Math.round((performance.now() - start) / 1000)} s`);
  return results;
}

async function runFiles(paths: readonly string[], env: Env): Promise<Results> {
  const all: Results[] = [];
  for (const path of paths) all.push(await runFile(path, env));
  return combine(all);
}

/** The leisurely file with those that may run beside it, and each of the others by itself. */
async function runAll(files: readonly string[], env: Env): Promise<Results> {
  const beside = files.filter((file) => BESIDE.includes(basename(file)));
  const leisurely = files.filter((file) => basename(file) === LEISURELY);
  const alone = files.filter((file) => !beside.includes(file) && !leisurely.includes(file));
  const first = await runFiles(alone, env);
  return combine([first, ...await Promise.all([runFiles(leisurely, env), runFiles(beside, env)])]);
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
  using measurements = new MeasuredLines();
  const results = await runAll(files, measurements.env);
  print();
  for (const line of measurements.lines) print(line);
  conclude(results);
});
