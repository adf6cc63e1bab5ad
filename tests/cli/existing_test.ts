import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { EXISTING_CHOICES } from "../../src/cli/existing.ts";
import { usageRefusal } from "./usage_refusal.ts";

function existing(...args: readonly string[]): string {
  const invocation = parseArguments(args, { ticket: undefined });
  assert.ok(invocation.command === "recv" || invocation.command === "serve");
  return invocation.existing;
}

function refusal(...args: readonly string[]): string {
  return usageRefusal(() => parseArguments(args, { ticket: undefined }));
}

Deno.test("--existing has six values and two short forms", () => {
  for (const value of EXISTING_CHOICES) {
    assert.equal(existing("recv", "--existing", value), value);
    assert.equal(existing("serve", "d", "--accept", "d", "--existing", value), value);
  }
  assert.equal(existing("recv"), "refuse");
  assert.equal(existing("recv", "--skip-existing"), "skip");
  assert.equal(existing("recv", "--overwrite"), "replace");
});

Deno.test("--existing is refused with another value, twice, and on the side that only sends", () => {
  assert.match(refusal("recv", "--existing", "keep"), /--existing takes refuse, skip, .* or backup, not "keep"/);
  assert.match(refusal("recv", "--existing", "skip", "--overwrite"), /--existing and --overwrite both say/);
  assert.match(refusal("recv", "--skip-existing", "--overwrite"), /--overwrite and --skip-existing both say/);
  assert.match(refusal("send", "--existing", "skip", "a"), /--existing is a flag of `ultra recv`.*receiver decides/);
  assert.match(refusal("serve", "--skip-existing", "d"), /without --accept DIR nothing is taken/);
});
