/** What the tasks that run tests have in common. @module */

import { ROOT } from "../scripts/paths.ts";
import { print } from "../scripts/shell.ts";
import { readJUnit, type Results, summary } from "./results.ts";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** When all of it is ended. */
  readonly signal?: AbortSignal;
}

/** Runs `deno test` with these arguments. What its report says, and its exit code: see `judge`. */
export async function denoTest(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly read: Results; readonly code: number }> {
  const report = await Deno.makeTempFile({ prefix: "ultra-tests-", suffix: ".xml" });
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", `--junit-path=${report}`, ...args],
      cwd: ROOT,
      stdin: "null",
      ...options,
    });
    const { code } = await command.spawn().status;
    return { read: readJUnit(await Deno.readTextFile(report)), code };
  } finally {
    await Deno.remove(report);
  }
}

/** Names what failed and closes with the line that CI reads. */
export function conclude(results: Results): void {
  print();
  for (const failure of results.failures) print(`failed: ${failure}`);
  print(summary(results));
  if (results.failed > 0) Deno.exitCode = 1;
}
