/**
 * `ultra`: moves files between two computers. Parse, run, exit; the way goes on in `src/cli/run.ts`.
 *
 * @module
 */

import { SECRET_VARIABLES, VARIABLES } from "./src/cli/permissions.ts";
import { run } from "./src/cli/run.ts";
import { takeHanded } from "./src/base/handed.ts";

if (import.meta.main) {
  const { args, variables, ignored, engine, fault } = takeHanded(import.meta.url, Deno.args, {
    public: VARIABLES,
    secret: SECRET_VARIABLES,
  });
  const code = await run({
    args,
    ticket: variables.get("ULTRA_TICKET"),
    identity: variables.get("ULTRA_IDENTITY"),
    term: variables.get("TERM"),
    places: {
      stateHome: variables.get("XDG_STATE_HOME"),
      home: variables.get("HOME"),
      localAppData: variables.get("LOCALAPPDATA"),
    },
    ignored,
    engine,
    fault,
  }, Deno.exit);
  Deno.exit(code);
}
