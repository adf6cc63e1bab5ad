/** What a ticket opens, and that none opens more. */

import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { ROOT } from "../../scripts/paths.ts";
import { ALL_RIGHTS, mayRead, namesOf, NO_RIGHTS, parseUnder, rightsOf } from "../../src/auth/rights.ts";
import type { Scope } from "./scopes.ts";

Deno.test("scoped tickets: one for a place opens that place and what is below, whatever else is asked for", () => {
  const rights = rightsOf("read", parseUnder("photos/2024"));
  for (const path of ["photos/2024", "photos/2024/", "photos/2024/a", "photos/2024/*/b"]) {
    assert.ok(mayRead(rights, path), path);
  }
  const others = [
    "photos",
    "photos/",
    "photos/*",
    "photos/20*/a",
    "photos/2023/a",
    "photos/2024/../2023/a",
    "photos/2024x",
    "*",
    "docs/photos/2024",
    "",
    "/",
    "..",
    "photos/./2024",
  ];
  for (const path of others) assert.ok(!mayRead(rights, path), path);
  assert.equal(namesOf(rights), 2, "and both are looked for as names");
  assert.ok(mayRead(ALL_RIGHTS, "anything"));
  assert.equal(namesOf(ALL_RIGHTS), 0);
  assert.ok(!mayRead(NO_RIGHTS, "anything"));
});

Deno.test("scoped tickets: to read, to bring files or both; one for a place brings none, whatever a table says", () => {
  const acts = (use: "read" | "write" | undefined, under?: string) => {
    const { read, write } = rightsOf(use, under === undefined ? undefined : parseUnder(under));
    return [read, write];
  };
  assert.deepEqual([acts("read"), acts("write"), acts(undefined)], [[true, false], [false, true], [true, true]]);
  assert.deepEqual([acts("read", "a"), acts("write", "a"), acts(undefined, "a")], [
    [true, false],
    [false, false],
    [true, false],
  ]);
});

Deno.test("scoped tickets: a folder is named by its path in what is served, also one whose name looks like a pattern", () => {
  assert.deepEqual([parseUnder("a"), parseUnder("a/b//"), parseUnder("[ab]/*")], [["a"], ["a", "b"], ["[ab]", "*"]]);
  for (const wrong of ["", "/", "/a", "..", "a/../b", "./a", "a//b", "a\0"]) {
    assert.throws(() => parseUnder(wrong), { kind: "usage" }, wrong);
  }
});

Deno.test("scoped tickets: a path that is too long is told as that, and not repeated", () => {
  for (const long of ["a".repeat(256), "a/".repeat(2500), `a/${"\u{1f600}".repeat(64)}`]) {
    assert.throws(() => parseUnder(long), {
      kind: "usage",
      subject: undefined,
      message: /^The path .* is too long: 4096/,
    });
  }
});

/** Names that patterns mean, and patterns that are names; few enough to meet each other. */
const NAMES = ["a", "b", "[ab]", "*", "?", ".h"] as const;
const name = fc.constantFrom(...NAMES);

/** What people and attackers write in place of a name. */
const asked = fc.oneof({ weight: 6, arbitrary: name }, fc.constantFrom("..", ".", "", "[!x]", "a*", "**", "b\\"));

const node = fc.constantFrom("folder", "folder", "folder", "nothing", "nothing", "../b", "..", "../..", "/", "a");

const pathOf = (part: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(part, { minLength: 1, maxLength }).map((parts) => parts.join("/"));

/** A tree of two shared folders: each place is a folder with a file in it, a link, or not there. */
interface Tree {
  readonly folders: readonly string[];
  /** Where each file is, by its size. */
  readonly files: ReadonlyMap<number, string>;
}

async function makeTree(base: string, nodes: readonly string[]): Promise<Tree> {
  const shared = ["a", "[ab]"];
  const files = new Map<number, string>();
  const folders: string[] = [];
  const makeFolder = async (path: string) => {
    await Deno.mkdir(join(base, path));
    folders.push(path);
    const size = files.size + 1;
    await Deno.writeFile(join(base, path, "f"), new Uint8Array(size));
    files.set(size, path);
  };
  for (const path of shared) await makeFolder(path);
  let next = 0;
  // Those that are added meanwhile are gone through as well.
  for (const above of folders) {
    if (above.split("/").length > 2) continue;
    for (const child of NAMES) {
      const kind = nodes[next++ % nodes.length] ?? "nothing";
      if (kind === "folder") await makeFolder(`${above}/${child}`);
      else if (kind !== "nothing") await Deno.symlink(kind, join(base, above, child));
    }
  }
  return { folders: shared.map((path) => join(base, path)), files };
}

async function findAll(scopes: readonly Scope[]): Promise<readonly (readonly (readonly number[])[])[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--config", join(ROOT, "deno.json"), join(ROOT, "tests/auth/scopes.ts")],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(90_000),
  }).spawn();
  await ReadableStream.from([new TextEncoder().encode(JSON.stringify(scopes))]).pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("scoped tickets: in trees of names, patterns that are names and links, the real look-up finds nothing outside the ticket's folder", async () => {
  const base = await Deno.makeTempDir();
  try {
    const trees: Tree[] = [];
    for (const [index, nodes] of fc.sample(fc.array(node, { minLength: 40, maxLength: 60 }), 12).entries()) {
      const root = join(base, String(index));
      await Deno.mkdir(root);
      trees.push(await makeTree(root, nodes));
    }
    const shared = fc.constantFrom("a", "[ab]", "*", "?");
    const under = fc.tuple(shared, fc.array(name, { maxLength: 2 })).map((parts) => parts.flat().join("/"));
    const one = under.chain((under) =>
      fc.record({
        under: fc.constant(under),
        asked: fc.oneof(
          fc.constant(under),
          pathOf(asked, 4),
          pathOf(asked, 2).map((below) => `${under}/${below}`),
        ),
      })
    );
    const scopes = trees.map(({ folders }) => ({ folders, cases: fc.sample(one, 250) }));
    const found = await findAll(scopes);
    const seen = { opened: 0, nothing: 0, names: 0 };
    for (const [index, { cases }] of scopes.entries()) {
      const files = trees[index]?.files ?? assert.fail();
      for (const [number, { under, asked }] of cases.entries()) {
        const paths = (found[index]?.[number] ?? assert.fail()).map((size) => files.get(size) ?? assert.fail());
        const isBelow = (path: string) => path === under || path.startsWith(`${under}/`);
        for (const path of paths) assert.ok(isBelow(path), `${asked} with a ticket for ${under} found ${path}`);
        if (paths.length > 0) seen.opened++;
        else seen.nothing++;
        if (asked !== under) continue;
        // The whole place is there for its ticket, whatever its name looks like.
        assert.deepEqual(paths.toSorted(), [...files.values()].filter(isBelow).sort(), under);
        if (/[*?[]/.test(under) && paths.length > 0) seen.names++;
      }
    }
    // Of 3,000 cases some 330 open something, by chance more or less: a tenth of that would mean that nothing is tested any more.
    assert.ok(seen.opened > 100 && seen.nothing > 300 && seen.names > 10, JSON.stringify(seen));
  } finally {
    await Deno.remove(base, { recursive: true });
  }
});
