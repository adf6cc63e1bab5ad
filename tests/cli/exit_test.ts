import assert from "node:assert/strict";
import { exitCodeOfError, exitCodeOfKind, exitCodeOfSignal } from "../../src/cli/exit.ts";
import { type ErrorKind, UltraError } from "../../src/base/errors.ts";

Deno.test("every failure has the exit code of docs/design.md 9", () => {
  const codes: Record<ErrorKind, number> = {
    internal: 1,
    usage: 2,
    disk: 4,
    network: 5,
    authentication: 6,
    integrity: 7,
    protocol: 8,
    "source-changed": 9,
  };
  for (const [kind, code] of Object.entries(codes) as [ErrorKind, number][]) {
    assert.equal(exitCodeOfError(new UltraError(kind, "x")), code);
    assert.equal(exitCodeOfKind(kind), code);
  }
  assert.equal(exitCodeOfKind("done"), 0);
  assert.equal(exitCodeOfKind("some-failed"), 3);
  assert.equal(exitCodeOfError(new TypeError("a bug")), 1);
  assert.equal(exitCodeOfError(undefined), 1);
});

Deno.test("signals end with 128 and their number", () => {
  assert.deepEqual((["SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK"] as const).map(exitCodeOfSignal), [129, 130, 143, 149]);
});
