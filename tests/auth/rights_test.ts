/** What a ticket opens, and that none opens more. */

import assert from "node:assert/strict";
import { join, normalize } from "node:path";
import fc from "fast-check";
import { leadsTo, opens, parseUnder, rightsOf } from "../../src/auth/rights.ts";
import { UltraError } from "../../src/base/errors.ts";
import { parseSafePath, type SafePath } from "../../src/protocol/safe_path.ts";

const use = fc.constantFrom("read", "write", undefined);
const act = fc.constantFrom("read", "write");

/** Names that people and attackers use, few enough to meet each other. */
const name = fc.constantFrom(
  "a",
  "b",
  "ab",
  "A",
  "..",
  ".",
  "",
  "...",
  "a ",
  "a\\..\\b",
  "%2e%2e",
  "c:",
  "日本",
  "a\0",
  "~",
);
const text = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join("/"));

function pathOf(text: string): SafePath | undefined {
  try {
    return parseSafePath(text);
  } catch (error) {
    assert.ok(error instanceof UltraError);
    return undefined;
  }
}

Deno.test("scoped tickets: whatever is asked for, what opens lies in the ticket's folder, and is for its use", () => {
  const seen = { opened: 0, refused: 0 };
  fc.assert(
    fc.property(use, fc.option(text, { nil: undefined }), act, text, (use, where, act, asked) => {
      const under = where === undefined ? undefined : pathOf(where);
      if (where !== undefined && under === undefined) return;
      const path = pathOf(asked);
      if (path === undefined || !opens(rightsOf(use, under), act, path)) return void seen.refused++;
      seen.opened++;
      assert.ok(use === undefined || use === act);
      // As the system resolves the text that was asked for, with the folder that is served as its root.
      const root = join("/srv", under?.join("/") ?? "");
      const real = normalize(join("/srv", asked));
      assert.ok(real === root || real.startsWith(`${root}/`), `${asked} leads out of ${root}`);
    }),
    { numRuns: 5000 },
  );
  assert.ok(seen.opened > 100 && seen.refused > 100, JSON.stringify(seen));
});

/** What a look-up that follows no link finds, as whoever serves files does it. */
async function isThere(root: string, path: SafePath): Promise<boolean> {
  for (const [depth] of path.entries()) {
    const found = await Deno.lstat(join(root, ...path.slice(0, depth + 1))).catch(() => undefined);
    if (found === undefined || found.isSymlink) return false;
  }
  return true;
}

Deno.test("scoped tickets: with links of any kind in what is served, what opens is on the disk below the ticket's folder", async () => {
  const places = ["a", "b", "a/a", "a/b", "b/a", "a/a/a", "a/a/b"];
  const node = fc.constantFrom(
    "folder",
    "folder",
    "folder",
    "folder",
    "folder",
    "../b",
    "..",
    ".",
    "/etc",
    "../..",
    "a",
    "../../b/a",
  );
  const tree = fc.tuple(...places.map(() => node));
  let [opened, links] = [0, 0];
  await fc.assert(
    fc.asyncProperty(tree, fc.constantFrom("a", "b", "a/b", "a/a"), async (nodes, under) => {
      const base = await Deno.makeTempDir();
      const root = join(base, "served");
      await Deno.mkdir(root);
      for (const [index, place] of places.entries()) {
        const kind = nodes[index] ?? "folder";
        const path = join(root, place);
        // (What lies below a link or nowhere is not made.)
        if (!await isThere(root, parseSafePath(place).slice(0, -1) as readonly string[] as SafePath)) continue;
        if (kind === "folder") await Deno.mkdir(path);
        else await Deno.symlink(kind, path).then(() => links++);
      }
      for (const place of places) {
        const path = parseSafePath(place);
        if (!opens(rightsOf("read", parseSafePath(under)), "read", path) || !await isThere(root, path)) continue;
        opened++;
        const [real, open] = [await Deno.realPath(join(root, place)), await Deno.realPath(join(root, under))];
        assert.ok(real === open || real.startsWith(`${open}/`), `${place} is ${real}`);
        assert.ok(open.startsWith(`${await Deno.realPath(root)}/`), `${under} is ${open}`);
      }
      await Deno.remove(base, { recursive: true });
    }),
    { numRuns: 400 },
  );
  assert.ok(opened > 50 && links > 100, `${opened} opened, ${links} links`);
});

Deno.test("scoped tickets: the folders on the way are shown, and nothing else that they hold", () => {
  const rights = rightsOf("read", parseSafePath("photos/2026"));
  const shown = ["", "photos", "photos/2026", "photos/2026/x", "photos/2025", "photosx", "docs", "photos/2026x"];
  const leads = (text: string) => leadsTo(rights, "read", text === "" ? [] : text.split("/"));
  assert.deepEqual(shown.filter(leads), ["", "photos", "photos/2026", "photos/2026/x"]);
  assert.deepEqual(shown.slice(1).filter((text) => opens(rights, "read", parseSafePath(text))), [
    "photos/2026",
    "photos/2026/x",
  ]);
  assert.ok(!leadsTo(rights, "write", []));
});

Deno.test("scoped tickets: a folder is named by its path in what is served", () => {
  assert.deepEqual([parseUnder("a"), parseUnder("a/b//")], [["a"], ["a", "b"]]);
  for (const wrong of ["", "/", "/a", "..", "a/../b", "./a", "a//b", "a\0"]) {
    assert.throws(() => parseUnder(wrong), { kind: "usage" }, wrong);
  }
});
