/**
 * Whether the newest kept results reach what trees have to (gates/list.ts); `task bench --gates` measures it anew.
 *
 *     deno run -A bench/gates.ts [RESULTS...]
 *
 * @module
 */

import { main, print } from "../scripts/shell.ts";
import { gateTable, verdicts } from "./gates/verdicts.ts";
import { readResults } from "./report.ts";

if (import.meta.main) {
  await main(async () => {
    const results = Deno.args.length > 0 ? await readResults(Deno.args) : await readResults();
    for (const line of gateTable(verdicts(results))) print(line);
  });
}
