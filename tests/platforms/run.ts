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
import { main } from "../../scripts/shell.ts";
import { judge } from "../results.ts";
import { conclude, denoTest } from "../runner.ts";

const FOLDER = join(ROOT, "tests", "platforms");
const FILES: readonly string[] = ["linux_x64.ts", "linux_arm64.ts", "macos.ts", "windows_x64.ts", "windows_couple.ts"];

await main(async () => {
  await buildAll();
  const files = Deno.args.length > 0 ? Deno.args : FILES.map((name) => join(FOLDER, name));
  const { read, code } = await denoTest(files);
  // On a machine without any of it all is skipped, and that is no failure.
  conclude(code === 0 && read.passed + read.failed === 0 ? read : judge(read, code, "deno test"));
});
