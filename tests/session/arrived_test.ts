import assert from "node:assert/strict";
import fc from "fast-check";
import { contentOf, topNames } from "../../src/session/arrived.ts";

Deno.test("the names at the top level are found, each once, whatever lies below them", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 30 });
  fc.assert(fc.property(sizes, (sizes) => {
    const paths = sizes.flatMap((size, top) =>
      Array.from({ length: size }, (_, index) => index === 0 ? `t${top}` : `t${top}/x${index}/y`)
    );
    assert.deepEqual(topNames(paths.length, (entry) => paths[entry]), sizes.map((_, top) => `t${top}`));
  }));
});

Deno.test("few entries of a large tree are looked at", () => {
  let looks = 0;
  const nameOf = (entry: number) => {
    looks++;
    return entry === 0 ? "a" : entry < 1_000_000 ? `a/${entry}` : "b";
  };
  assert.deepEqual(topNames(1_000_001, nameOf), ["a", "b"]);
  assert.ok(looks < 100, `${looks} looks`);
});

Deno.test("names that a sender mixes up, or that are not known, do no harm", () => {
  const paths = ["a", "b/x", undefined, "a/y", "c"];
  assert.deepEqual(new Set(topNames(5, (entry) => paths[entry])).has("a"), true);
});

Deno.test("a text is one file that has come now: a sender cannot have anything removed that was there before", () => {
  const none = { files: 1, presentFiles: 0, present: 0, skipped: 0, failed: 0 };
  const arrived = { ...none, entries: 1, committedFiles: 1, committed: 1 };
  assert.equal(contentOf({ content: "text" }, arrived), "text");
  assert.equal(contentOf({}, arrived), "files");
  const there = { ...arrived, committedFiles: 0, committed: 0, presentFiles: 1, present: 1 };
  assert.equal(contentOf({ content: "text" }, there), "files");
  assert.equal(contentOf({ content: "text" }, { ...arrived, entries: 2, files: 2 }), "files");
  assert.equal(contentOf({ content: "text" }, { ...arrived, committedFiles: 0 }), "files");
});
