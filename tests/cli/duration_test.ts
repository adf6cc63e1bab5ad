import assert from "node:assert/strict";
import { parseDuration } from "../../src/cli/duration.ts";

Deno.test("durations are numbers with a unit, or 0", () => {
  const cases = {
    "0": 0,
    "90s": 90_000,
    "5m": 300_000,
    "1.5H": 5_400_000,
    "2d": 172_800_000,
    "250ms": 250,
    "30d": 2_592_000_000,
  };
  for (const [text, milliseconds] of Object.entries(cases)) {
    assert.equal(parseDuration("--retry-for", text), milliseconds);
  }
});

Deno.test("what is no duration, or longer than a month, is refused by the flag's name", () => {
  for (const text of ["", "5", "-5m", "5 m", "m", "1h30m", "5minutes", "1e3s", "00000000000000000000000001s"]) {
    assert.throws(() => parseDuration("--retry-for", text), {
      kind: "usage",
      message: /^--retry-for takes a duration/,
    });
  }
  assert.throws(() => parseDuration("--retry-for", "31d"), { kind: "usage", message: /30d at most/ });
});
