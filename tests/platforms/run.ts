/**
 * `deno task test:platforms`: what `deno task release` has built for other systems, run here as far as it can be, and `N passed, N failed, N skipped`
 * over all. What cannot be run is named with what is missing. With paths as arguments, those alone.
 *
 * A file here is a file of Deno tests without `_test` in its name, so that `deno task test`, which needs none of this, does not find it.
 *
 * @module
 */

import { join } from "node:path";
import { buildAll } from "../../scripts/build.ts";
import { ROOT } from "../../scripts/paths.ts";
import { main, print } from "../../scripts/shell.ts";
import { judge, readJUnit, summary } from "../results.ts";

const FOLDER = join(ROOT, "tests", "platforms");
const FILES: readonly string[] = ["linux_x64.ts", "linux_arm64.ts", "macos.ts", "windows_x64.ts", "windows_couple.ts"];

await main(async () => {
  await buildAll();
  const report = await Deno.makeTempFile({ prefix: "ultra-platforms-", suffix: ".xml" });
  try {
    const files = Deno.args.length > 0 ? Deno.args : FILES.map((name) => join(FOLDER, name));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", `--junit-path=${report}`, ...files],
      cwd: ROOT,
      stdin: "null",
    }).spawn();
    const { code } = await child.status;
    const read = readJUnit(await Deno.readTextFile(report));
    // On a machine without any of it all is skipped, and that is no failure.
    const results = code === 0 && read.passed + read.failed === 0 ? read : judge(read, code, "deno test");
    print();
    for (const failure of results.failures) print(`failed: ${failure}`);
    print(summary(results));
    if (results.failed > 0) Deno.exitCode = 1;
  } finally {
    await Deno.remove(report);
  }
});
