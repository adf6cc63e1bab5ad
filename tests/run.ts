/**
 * `deno task test`: builds everything, runs the tests of both languages and closes with `N passed, N failed` over both.
 * Arguments go to `deno test` (`deno task test tests/protocol` runs those alone, without the Rust tests).
 *
 * What takes longer than minutes stands in `tests/faults/long/` and is a task of its own.
 *
 * @module
 */

import { join } from "node:path";
import { buildAll } from "../scripts/build.ts";
import { NATIVE, ROOT } from "../scripts/paths.ts";
import { Failure, main } from "../scripts/shell.ts";
import { combine, judge, readCargo, type Results } from "./results.ts";
import { conclude, denoTest } from "./runner.ts";

async function cargoTests(): Promise<Results> {
  const command = new Deno.Command(Deno.env.get("CARGO") ?? "cargo", {
    // All but doc tests, which would be compiled one by one: the examples in comments are for reading.
    args: ["test", "--release", "--locked", "--workspace", "--tests", "--no-fail-fast"],
    cwd: NATIVE,
    stdin: "null",
    stdout: "piped",
  });
  const child = command.spawn();
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    Deno.stdout.writeSync(new TextEncoder().encode(text)); // long runs show what they are at
  }
  return judge(readCargo(output), (await child.status).code, "cargo test");
}

/** Folders whose tests start processes and mostly wait for deadlines and networks: a few files at a time, or they would take twelve minutes. */
const WAITING: ReadonlySet<string> = new Set(["e2e", "faults", "hostile"]);

/** As many files of those at a time, whatever the number of cores: more would be more than two cores carry. */
const WAITING_JOBS = 3;

/** Folders whose tests measure, build, or load the data plane, which exists once in a process: one file after the other. */
const ALONE: ReadonlySet<string> = new Set(["bench", "engine", "launcher", "scripts"]);

/** Files of folders that wait, which count or measure what another load would change. */
const QUIET: readonly string[] = ["e2e/measure_test.ts", "e2e/syncs_test.ts", "e2e/verdict_test.ts"];

/** What stands beside tests and holds none, or has a task of its own. */
const NO_TESTS: ReadonlySet<string> = new Set(["compat", "long", "platforms", "vectors"]);

/** All TypeScript tests: those in memory on all cores at once, then those that wait, then the others. */
async function allDenoTests(): Promise<Results[]> {
  const tests = join(ROOT, "tests");
  const [together, waiting, alone]: [string[], string[], string[]] = [[], [], []];
  const quiet = QUIET.map((file) => join(tests, file));
  for await (const { name, isFile } of Deno.readDir(tests)) {
    if (NO_TESTS.has(name) || (isFile && !name.endsWith("_test.ts"))) continue;
    (WAITING.has(name) ? waiting : ALONE.has(name) ? alone : together).push(join(tests, name));
  }
  // What passing tests print is shown for those in memory alone: the simulations say at which seed they saw each planted flaw.
  return [
    await denoTests(["--parallel", ...together.sort()]),
    await denoTests(["--quiet", "--parallel", `--ignore=${quiet.join(",")}`, ...waiting.sort()], WAITING_JOBS),
    await denoTests(["--quiet", ...alone.sort(), ...quiet]),
  ];
}

async function denoTests(args: readonly string[], jobs?: number): Promise<Results> {
  const { read, code } = await denoTest(args, jobs === undefined ? {} : { env: { DENO_JOBS: String(jobs) } });
  return judge(read, code, "deno test");
}

await main(async () => {
  for (const argument of Deno.args.filter((one) => !one.startsWith("-"))) {
    await Deno.stat(argument).catch(() => {
      throw new Failure(`there is no "${argument}" to test`);
    });
  }
  await buildAll();
  conclude(combine(
    Deno.args.length > 0 ? [await denoTests(["--quiet", ...Deno.args])] : [await cargoTests(), ...await allDenoTests()],
  ));
});
