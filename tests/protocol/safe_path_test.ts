import assert from "node:assert/strict";
import fc from "fast-check";
import { checkSafePath, formatSafePath, parseSafePath } from "../../src/protocol/safe_path.ts";
import { isProtocolError } from "./support.ts";

Deno.test("F1 a path never climbs out of the target folder", () => {
  for (const path of ["..", "../x", "a/../../x", "a/.."]) refuses(path);
});

Deno.test("F2 F3 absolute and drive paths are refused on every system", () => {
  for (const path of ["/etc/x", "//x", "C:\\x", "C:x", "a/c:", "a/c:\\x"]) refuses(path);
});

Deno.test("T29: a backslash is a letter, and separates nothing", () => {
  for (const path of ["dev-disk\\x2dby.mount", "a\\..\\x", "\\\\?\\C:\\x", "\\", "a/b\\"]) {
    assert.deepEqual([...parseSafePath(path)], path.split("/"));
  }
  refuses("a\\b/../x");
});

Deno.test("the check of bytes judges as the parser does, and asks for the text only where it must", () => {
  const parts = fc.constantFrom(
    "a",
    "z-9",
    ".",
    "..",
    "",
    "\\",
    "C:",
    ".ultra-",
    "\x1b",
    "\x7f",
    "é",
    "/",
    "x".repeat(200),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.array(parts).map((list) => list.join(""))), (wire) => {
      const passes = (check: () => unknown) => {
        try {
          check();
          return true;
        } catch (error) {
          return isProtocolError(error) ? false : assert.fail(String(error));
        }
      };
      const bytes = new TextEncoder().encode(wire);
      assert.equal(passes(() => checkSafePath(bytes, 0, bytes.length, () => wire)), passes(() => parseSafePath(wire)));
    }),
    { numRuns: 5000 },
  );
  const plain = "photos/2024 (1)/IMG_0001.jpg";
  const bytes = new TextEncoder().encode(`/${plain}/`);
  checkSafePath(bytes, 1, bytes.length - 1, () => assert.fail("the text of a plain path"));
});

Deno.test("F6 paths that are not canonical are refused", () => {
  for (const path of ["", ".", "a//b", "a/./b", "./a", "a/", "a\0b"]) refuses(path);
});

Deno.test("F7 components, depth and length are bounded in bytes", () => {
  const deep = (depth: number) => new Array<string>(depth).fill("d").join("/");
  const long = (last: number) =>
    [...new Array<string>(15).fill("x".repeat(255)), "x".repeat(254), "y".repeat(last)].join("/");
  for (const path of ["x".repeat(255), "é".repeat(127), "日".repeat(85), deep(1024), long(1)]) {
    assert.equal(formatSafePath(parseSafePath(path)), path);
  }
  for (const path of ["x".repeat(256), "é".repeat(128), "日".repeat(86), deep(1025), deep(10_000), long(2)]) {
    refuses(path);
  }
  refuses("x/".repeat(32_768) + "x");
});

Deno.test("F8 control characters never pass", () => {
  for (const control of ["\x00", "\x07", "\b", "\t", "\n", "\r", "\x1b", "\x7f", "\x80", "\x9b", "\x9f"]) {
    refuses(`a${control}b`);
  }
});

Deno.test("F9 a lone surrogate, which has no UTF-8, is refused", () => {
  for (const path of ["\ud800", "a/\udc00", "\udc00\ud800"]) refuses(path);
});

Deno.test("F15 names of part files and journals are reserved in every folder", () => {
  for (const path of [".ultra-", ".ultra-abc.part", "a/.ultra-abc.state", ".ultra-x/y"]) refuses(path);
  assert.deepEqual([...parseSafePath(".ultra/x")], [".ultra", "x"]);
});

Deno.test("F14 names that only look dangerous are kept to the letter", () => {
  for (
    const path of ["~/.ssh/x", "-rf", "--overwrite", "...", "a..b", "$(id)", "日本語/é", "CON", "x.", "aa:b", "\ufeffa"]
  ) {
    assert.equal(formatSafePath(parseSafePath(path)), path);
  }
});

Deno.test("whatever passes is canonical, relative and plain", () => {
  const parts = fc.constantFrom("a", ".", "..", "", "\\", "C:", ".ultra-", "\x1b", "é", "/");
  const paths = fc.oneof(fc.string({ unit: "binary" }), fc.array(parts).map((list) => list.join("")));
  fc.assert(
    fc.property(paths, (wire) => {
      let path;
      try {
        path = parseSafePath(wire);
      } catch (error) {
        return isProtocolError(error);
      }
      return formatSafePath(path) === wire &&
        path.every((part) => part !== "" && part !== "." && part !== ".." && !/[/\p{Cc}]/u.test(part));
    }),
    { numRuns: 5000 },
  );
});

function refuses(path: string): void {
  assert.throws(() => parseSafePath(path), isProtocolError, path.slice(0, 100));
}
