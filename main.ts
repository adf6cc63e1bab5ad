/**
 * `ultra`: moves files between two computers. Parse, run, exit; the way goes on in `src/cli/run.ts`.
 *
 * @module
 */

import { run } from "./src/cli/run.ts";

/** The ticket is a secret: nothing that this process starts may inherit it. */
function takeTicket(): string | undefined {
  const ticket = Deno.env.get("ULTRA_TICKET");
  Deno.env.delete("ULTRA_TICKET");
  return ticket;
}

if (import.meta.main) {
  const code = await run({
    args: Deno.args,
    ticket: takeTicket(),
    noColor: Deno.env.get("NO_COLOR"),
    term: Deno.env.get("TERM"),
  }, Deno.exit);
  Deno.exit(code);
}
