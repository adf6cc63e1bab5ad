import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";

/** The one line that wrong usage gets. */
export function usageRefusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof UltraError && error.kind === "usage", String(error));
    assert.ok(!error.message.includes("\n"));
    return error.message;
  }
  assert.fail("accepted");
}
