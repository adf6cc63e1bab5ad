/** `deno task pack`: `dist/ultra` as it is given away, as small as it gets. @module */

import { buildAll, LEVELS } from "./build.ts";
import { ULTRA } from "./paths.ts";
import { Failure, main, print } from "./shell.ts";

/** What users may expect a download to be at most. */
const MOST_BYTES = 37_000_000;

await main(async () => {
  await buildAll(LEVELS.release);
  const { size } = await Deno.stat(ULTRA);
  print(`${(size / 1e6).toFixed(1)} MB`);
  if (size > MOST_BYTES) throw new Failure(`dist/ultra is larger than ${MOST_BYTES / 1e6} MB`);
});
