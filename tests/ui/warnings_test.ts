/** Each warning, as its text. @module */

import assert from "node:assert/strict";
import type { Warning } from "../../src/session/events.ts";
import { warningText } from "../../src/ui/messages.ts";

Deno.test("event: each warning names what it is about", () => {
  const warnings = {
    "previous-version": [
      { about: "previous-version", path: "x.swap", name: "a" },
      /x\.swap is the previous version of a,/,
    ],
    "long-lived-ticket-typed": [{ about: "long-lived-ticket-typed" }, /--ticket FILE/],
    "no-place-for-sent": [
      { about: "no-place-for-sent", name: "sent" },
      /^sent is no folder, though what has arrived is moved there: give it another name, and it is sent as well/,
    ],
    "not-sent": [{ about: "not-sent", name: "-pipe" }, /^\.\/-pipe is neither a file nor a folder/],
    "not-put-away": [{ about: "not-put-away", name: "a", why: "It is full" }, /^a has arrived .* It is full/],
    "confirmed-not-kept": [{ about: "confirmed-not-kept" }, /are received again if they are sent again/],
    "nothing-kept": [
      { about: "nothing-kept", why: "unwritable" },
      /cannot be taken up .*: the folder for state cannot be written .XDG_STATE_HOME/,
    ],
    "ticket-file-readable": [{ about: "ticket-file-readable", path: "/t" }, /\/t: chmod 600/],
    "ticket-file-unprotected": [{ about: "ticket-file-unprotected", path: "/t" }, /file \/t keeps no permissions/],
  } as const satisfies Record<Warning["about"], readonly [Warning, RegExp]>;
  for (const [warning, text] of Object.values(warnings)) assert.match(warningText(warning), text);
  assert.match(
    warningText({ about: "nothing-kept", why: "in-use" }),
    /cannot be taken up .*: another ultra .* is running/,
  );
});
