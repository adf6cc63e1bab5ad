/** The pure parts of serving: fair parts of a rate, what is taken of an offer, patterns. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { fits } from "../../src/base/patterns.ts";
import { fairParts } from "../../src/serve/rate.ts";
import { Selection } from "../../src/serve/selection.ts";

Deno.test("rate: equal parts for those who can use them, and what others do not use is theirs as well", () => {
  assert.deepEqual(fairParts(100, [Infinity, Infinity]), [50, 50]);
  assert.deepEqual(fairParts(100, [10, Infinity, Infinity]), [10, 45, 45]);
  assert.deepEqual(fairParts(90, [Infinity, 40, 20]), [35, 35, 20].map((part, index) => index === 1 ? 35 : part));
  assert.deepEqual(fairParts(100, [10, 10]), [50, 50], "nobody uses all of it: there is room for whoever grows");
  assert.deepEqual(fairParts(100, []), []);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(Infinity)), { minLength: 1 }),
      (wanted) => {
        const parts = fairParts(1e6, wanted);
        const sum = parts.reduce((total, part) => total + part, 0);
        assert.ok(Math.abs(sum - 1e6) < 1, `${sum}`);
        const equal = 1e6 / wanted.length;
        wanted.forEach((want, index) => {
          const part = parts[index] ?? 0;
          assert.ok(part > 0);
          if (want === Infinity) {
            assert.ok(part >= equal - 1e-6, "nobody gets less than an equal part of what it can use");
          }
        });
      },
    ),
  );
});

Deno.test("selection: what a path means is taken, with folders on the way to it, and what met nothing is known", () => {
  const selection = new Selection(["tree/sub", "tree/*.txt", "tree/nothing"]);
  const taken = ["tree", "tree/sub", "tree/sub/c", "tree/a.txt", "tree/b.bin", "tree/subway", "other"]
    .filter((path) => selection.takes(path, path.includes(".") || path.endsWith("c") ? "file" : "folder"));
  assert.deepEqual(taken, ["tree", "tree/sub", "tree/sub/c", "tree/a.txt"]);
  assert.deepEqual(selection.missing, ["tree/nothing"]);
});

Deno.test("patterns: as in a shell, and as the data plane reads them", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*.jpg", "a.jpg", true],
    ["*.jpg", ".jpg", false],
    [".*", ".jpg", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-b-c-d", false],
    ["?", "é", true],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[]a]", "]", true],
    ["[a-]", "-", true],
    ["[", "[", true],
    ["[a", "a", false],
    ["日*", "日本語", true],
  ];
  for (const [pattern, name, isFit] of cases) assert.equal(fits(pattern, name), isFit, `${pattern} ${name}`);
  assert.ok(!fits("*a".repeat(500) + "b", "a".repeat(1000)));
});
