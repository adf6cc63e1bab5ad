import assert from "node:assert/strict";
import { formatChoices, parsePreserve } from "../../src/cli/preserve.ts";
import { PRESERVE_NOTHING_MORE } from "../../src/protocol/words.ts";
import { usageRefusal } from "./usage_refusal.ts";

const ALL = { owner: true, xattrs: true, acl: true };

Deno.test("T31 --preserve: nothing more is kept unless the list says so", () => {
  assert.deepEqual(parsePreserve(undefined), PRESERVE_NOTHING_MORE);
  for (const always of ["mode", "times", "hardlinks", "mode,times,hardlinks"]) {
    assert.deepEqual(parsePreserve(always), PRESERVE_NOTHING_MORE, always);
  }
});

Deno.test("T31 --preserve: each word means itself, with a plus and blanks or without", () => {
  for (const word of ["owner", "xattrs", "acl"] as const) {
    for (const list of [word, `+${word}`, ` ${word} `, `mode,${word}`, `${word},${word}`]) {
      assert.deepEqual(parsePreserve(list), { ...PRESERVE_NOTHING_MORE, [word]: true }, list);
    }
  }
  for (
    const list of [
      "owner,xattrs,acl",
      "+owner,xattrs,acl",
      "acl, +xattrs, owner",
      "mode,times,hardlinks,+owner,+xattrs,+acl",
    ]
  ) {
    assert.deepEqual(parsePreserve(list), ALL, list);
  }
});

Deno.test("--preserve: a word that is none is refused by name", () => {
  for (
    const [list, word] of [
      ["", ""],
      ["ownr", "ownr"],
      ["owner,,acl", ""],
      ["owner;acl", "owner;acl"],
      ["-acl", "-acl"],
      ["all", "all"],
    ]
  ) {
    const told = usageRefusal(() => parsePreserve(list));
    assert.equal(
      told,
      `--preserve takes owner, xattrs and acl, joined by commas, beside mode, times and hardlinks, which are always kept; not "${word}"`,
    );
  }
});

Deno.test("choices in a sentence are joined by commas and a last or", () => {
  assert.equal(formatChoices(["a", "b"]), "a or b");
  assert.equal(formatChoices(["a", "b", "c"]), "a, b or c");
});

Deno.test("T31 --preserve: what the system has no way for is refused and the system named", () => {
  for (const word of ["owner", "xattrs", "acl", "times,acl"]) {
    const name = word.split(",").at(-1);
    const why = { kind: "usage", message: `--preserve ${name}: on Windows ultra has no way to keep that` };
    assert.throws(() => parsePreserve(word, "windows"), why);
  }
  const why = { kind: "usage", message: "--preserve acl: on macOS ultra has no way to keep that" };
  assert.throws(() => parsePreserve("owner,xattrs,acl", "darwin"), why);
  assert.deepEqual(parsePreserve("owner,xattrs", "darwin"), { owner: true, xattrs: true, acl: false });
  // What is always kept may be named everywhere.
  for (const system of ["windows", "darwin", "linux"]) {
    assert.deepEqual(parsePreserve("mode,times,hardlinks", system), PRESERVE_NOTHING_MORE);
    assert.deepEqual(parsePreserve(undefined, system), PRESERVE_NOTHING_MORE);
  }
});
