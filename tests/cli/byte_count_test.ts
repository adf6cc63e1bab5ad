import assert from "node:assert/strict";
import fc from "fast-check";
import { parseByteCount, parseByteRate, type Range } from "../../src/cli/byte_count.ts";
import { UltraError } from "../../src/base/errors.ts";
import { usageRefusal } from "./usage_refusal.ts";

const ALL: Range = { least: "0", most: "9000T" };

const size = (text: string, range = ALL) => parseByteCount("--size", text, range);
const rate = (text: string, range = ALL) => parseByteRate("--rate", text, range);

Deno.test("K, M, G and T are decimal, Ki, Mi, Gi and Ti binary; case and a B make no difference", () => {
  const cases: Readonly<Record<string, number>> = {
    "0": 0,
    "7": 7,
    "512B": 512,
    "1K": 1e3,
    "1k": 1e3,
    "10M": 10e6,
    "10MB": 10e6,
    "1.5G": 1.5e9,
    "2T": 2e12,
    "64Ki": 65_536,
    "64KiB": 65_536,
    "1mi": 1_048_576,
    "0.5Gi": 536_870_912,
    "1.0000001K": 1000,
  };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(size(text), bytes, text);
});

Deno.test("rates are bytes a second, or bits where that is said", () => {
  const cases: Readonly<Record<string, number>> = {
    "10M": 10e6,
    "10MB": 10e6,
    "10MB/s": 10e6,
    "10M/s": 10e6,
    "1Mi": 1_048_576,
    "80Mbit": 10e6,
    "80mbit/s": 10e6,
    "80Mbps": 10e6,
    "1Gbit": 125e6,
    "8Kibit": 1024,
    "800": 800,
  };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(rate(text), bytes, text);
});

Deno.test("what is no size, or may be bits or bytes, is refused in one line that names the flag", () => {
  const words = ["", " 1M", "1 M", "M", "1.M", ".5M", "1,5M", "-1M", "1e6", "1P", "0x10", "1MM", "∞", "1Mb", "1b"];
  for (const text of [...words, "1M/s", "8Mbit"]) {
    assert.equal(usageRefusal(() => size(text)), `--size takes a size such as 64M or 1Gi, not "${text}"`);
  }
  for (const text of [...words, "1Mb/s", "1Mbits", "1M/h"]) {
    assert.equal(
      usageRefusal(() => rate(text)),
      `--rate takes bytes a second such as 10M, or bits such as 80Mbit, not "${text}"`,
    );
  }
});

Deno.test("a range takes both of its ends, and says them as they are typed", () => {
  const range = { least: "1M", most: "2Gi" };
  for (const text of ["1M", "1000K", "2Gi", "2097152Ki"]) assert.ok(size(text, range) > 0, text);
  assert.equal(usageRefusal(() => size("999999", range)), '--size takes 1M to 2Gi, not "999999"');
  assert.equal(usageRefusal(() => size("2147483649", range)), '--size takes 1M to 2Gi, not "2147483649"');
  assert.equal(rate("8Mbit", range), 1e6);
  assert.equal(usageRefusal(() => rate("7Mbit", range)), '--rate takes 1M to 2Gi, not "7Mbit"');
});

Deno.test("whatever is typed, the answer is a whole number in the range or one usage error", () => {
  const range = { least: "1K", most: "1Gi" };
  const words = fc.stringMatching(/^[0-9.]{0,25}[kKmMgGtT]?i?[bB]?(it|ps)?(\/s)?$/);
  fc.assert(
    fc.property(fc.oneof(words, fc.string()), (text) => {
      for (const read of [size, rate]) {
        try {
          const value = read(text, range);
          assert.ok(Number.isInteger(value) && value >= 1000 && value <= 2 ** 30);
        } catch (error) {
          assert.ok(error instanceof UltraError && error.kind === "usage");
        }
      }
    }),
    { numRuns: 1000 },
  );
});
