import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { UltraError } from "../../src/base/errors.ts";
import { Changes, type Then, WatchedFolder } from "../../src/watch/folder.ts";

async function withFolder(then: Then, act: (folder: WatchedFolder, path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    const folder = await WatchedFolder.open(path, then);
    try {
      await act(folder, path);
    } finally {
      folder[Symbol.dispose]();
    }
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function look(folder: WatchedFolder, name: string): Promise<string> {
  return (await folder.list()).items.get(name) ?? assert.fail(`${name} is not listed`);
}

async function namesIn(...parts: readonly string[]): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(join(...parts)))).map(({ name }) => name).sort();
}

Deno.test("watch: hidden names and sent/ are no items, and what is neither file nor folder is named", () =>
  withFolder("move", async (folder, path) => {
    for (const name of ["a", ".b", "日本語 %#\n"]) await Deno.writeTextFile(join(path, name), "x");
    for (const name of ["sent", "tree", ".ultra-x"]) await Deno.mkdir(join(path, name));
    await Deno.symlink("a", join(path, "link"));
    const { items, others } = await folder.list();
    assert.deepEqual([[...items.keys()].sort(), others], [["a", "tree", "日本語 %#\n"], ["link"]]);
  }));

Deno.test("watch: what has the name of a folder of ours and is none is named, with what to do about it", async () => {
  const path = await Deno.makeTempDir();
  try {
    const refused = async (own: string) => {
      await Deno.writeTextFile(join(path, own), "");
      const opened = WatchedFolder.open(path, "move");
      await assert.rejects(opened, {
        kind: "disk",
        message: /needs a folder of its own there.*move it away/,
        subject: join(path, own),
      });
      await Deno.remove(join(path, own));
    };
    await refused(".ultra-watch");
    await Deno.mkdir(join(path, ".ultra-watch"));
    await refused(".ultra-watch/out");
    (await WatchedFolder.open(path, "move"))[Symbol.dispose]();
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("watch: a look changes with the content, the file behind a name, and anything in a folder", () =>
  withFolder("move", async (folder, path) => {
    await Deno.mkdir(join(path, "tree", "deep"), { recursive: true });
    await Deno.writeTextFile(join(path, "a"), "x");
    const looks = new Set([await look(folder, "a"), await look(folder, "tree")]);
    assert.equal(await look(folder, "a"), [...looks][0]);
    await Deno.writeTextFile(join(path, "a"), "xy");
    looks.add(await look(folder, "a"));
    await Deno.utime(join(path, "a"), 1, 1);
    looks.add(await look(folder, "a"));
    await Deno.writeTextFile(join(path, "tree", "deep", "f"), "x");
    looks.add(await look(folder, "tree"));
    await Deno.utime(join(path, "tree", "deep", "f"), 1, 1);
    looks.add(await look(folder, "tree"));
    assert.equal(looks.size, 6);
  }));

Deno.test("watch: what has arrived moves to sent/ and replaces nothing there", () =>
  withFolder("move", async (folder, path) => {
    for (const content of ["one", "two", "three"]) {
      await Deno.writeTextFile(join(path, "a.txt"), content);
      assert.equal(await folder.putAway("a.txt", await look(folder, "a.txt"), true), "done");
    }
    await Deno.mkdir(join(path, "sent", "tree"));
    await Deno.mkdir(join(path, "tree"));
    assert.equal(await folder.putAway("tree", await look(folder, "tree"), true), "done");
    assert.deepEqual(await namesIn(path), [".ultra-watch", "sent"]);
    assert.deepEqual(await namesIn(path, "sent"), ["a (1).txt", "a (2).txt", "a.txt", "tree", "tree (1)"]);
    const contents = ["a.txt", "a (1).txt", "a (2).txt"].map((name) => Deno.readTextFileSync(join(path, "sent", name)));
    assert.deepEqual(contents, ["one", "two", "three"]);
    assert.equal((await folder.list()).items.size, 0);
  }));

Deno.test("watch: what has arrived is removed, folders with all that is in them", () =>
  withFolder("delete", async (folder, path) => {
    await Deno.mkdir(join(path, "tree", "deep"), { recursive: true });
    await Deno.writeTextFile(join(path, "lock"), "its name is that of ours");
    for (const name of ["tree", "lock"]) {
      assert.equal(await folder.putAway(name, await look(folder, name), true), "done");
    }
    assert.deepEqual(await namesIn(path), [".ultra-watch"]);
    assert.deepEqual(await namesIn(path, ".ultra-watch"), ["lock", "out"]);
  }));

Deno.test("watch: an item of which something was left out goes to sent/ in place of being removed, also after a kill", () =>
  withFolder("delete", async (folder, path) => {
    for (const name of ["a", "b", "c"]) await Deno.mkdir(join(path, name));
    assert.equal(await folder.putAway("a", await look(folder, "a"), false), "done");
    const confirmed = new TextEncoder().encode(await look(folder, "b"));
    const place = join(path, ".ultra-watch", "out", `${sha256(confirmed).slice(0, 16).toHex()}-partial`);
    await Deno.mkdir(place);
    await Deno.rename(join(path, "b"), join(place, "b"));
    assert.deepEqual(await folder.goOn(), []);
    assert.equal(await folder.putAway("c", await look(folder, "c"), true), "done");
    assert.deepEqual(await namesIn(path, "sent"), ["a", "b"]);
    assert.deepEqual(await namesIn(path, ".ultra-watch"), ["lock", "out"]);
  }));

Deno.test("watch: nothing is moved to where a link leads that stands in the place of a folder of its own", () =>
  withFolder("move", async (folder, path) => {
    const outside = await Deno.makeTempDir();
    try {
      await Deno.symlink(outside, join(path, "sent"));
      await Deno.writeTextFile(join(path, "a"), "a");
      assert.deepEqual((await folder.list()).others, ["sent"]);
      const put = folder.putAway("a", await look(folder, "a"), true);
      await assert.rejects(put, /It is a link, and files would be moved where that leads/);
      assert.deepEqual(await namesIn(outside), []);
      const other = join(path, "other");
      await Deno.mkdir(other);
      await Deno.symlink(outside, join(other, ".ultra-watch"));
      await assert.rejects(WatchedFolder.open(other, "move"), /It is a link/);
      assert.deepEqual(await namesIn(outside), []);
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  }));

/** Sets or clears that nothing can remove it; `false`: this user or this file system cannot. */
async function setFixed(path: string, isFixed: boolean): Promise<boolean> {
  const output = await new Deno.Command("chattr", { args: [isFixed ? "+i" : "-i", path], stderr: "null" }).output();
  return output.success;
}

async function canFix(): Promise<boolean> {
  const file = await Deno.makeTempFile();
  try {
    return Deno.build.os === "linux" && await setFixed(file, true) && await setFixed(file, false);
  } catch {
    return false; // there is no such program
  } finally {
    await Deno.remove(file);
  }
}

Deno.test({
  name: "watch: what cannot be removed is told once, and holds no other item up",
  ignore: !await canFix(),
  fn: () =>
    withFolder("delete", async (folder, path) => {
      for (const name of ["other", "tree", "tree/fixed"]) await Deno.mkdir(join(path, name));
      const confirmed = await look(folder, "tree");
      await setFixed(join(path, "tree/fixed"), true);
      try {
        await assert.rejects(folder.putAway("tree", confirmed, true), /What is left of it cannot be removed/);
        assert.equal(await folder.putAway("tree", confirmed, true), "changed");
        assert.deepEqual(await folder.goOn(), []);
        assert.equal(await folder.putAway("other", await look(folder, "other"), true), "done");
        assert.deepEqual(await namesIn(path), [".ultra-watch"]);
      } finally {
        const gone = join(path, ".ultra-watch", "gone");
        for (const name of await namesIn(gone)) await setFixed(join(gone, name, "tree", "fixed"), false);
      }
    }),
});

Deno.test("watch: another item that has come under the same name meanwhile stays", () =>
  withFolder("delete", async (folder, path) => {
    await Deno.writeTextFile(join(path, "a"), "confirmed");
    const confirmed = await look(folder, "a");
    await Deno.writeTextFile(join(path, "a"), "not sent yet");
    assert.equal(await folder.putAway("a", confirmed, true), "changed");
    assert.equal(await Deno.readTextFile(join(path, "a")), "not sent yet");
    await Deno.remove(join(path, "a"));
    assert.equal(await folder.putAway("a", confirmed, true), "changed");
  }));

Deno.test("watch: what a killed process had confirmed goes on its way at the next start, and what it had not goes back", () =>
  withFolder("move", async (folder, path) => {
    for (const name of ["a", "b.txt", "c"]) await Deno.writeTextFile(join(path, name), name);
    await Deno.mkdir(join(path, "tree"));
    // What has been renamed is found as it was, and no longer in the folder.
    const out = async (name: string, confirmed: string) => {
      const look = new TextEncoder().encode(confirmed);
      const place = join(path, ".ultra-watch", "out", sha256(look).slice(0, 16).toHex());
      await Deno.mkdir(place);
      await Deno.rename(join(path, name), join(place, name));
      return join(place, name);
    };
    const claimed = await out("a", await look(folder, "a"));
    await out("tree", await look(folder, "tree"));
    await out("b.txt", "another look");
    await Deno.writeTextFile(join(path, "b.txt"), "dropped meanwhile");
    // Killed in the middle of a move, it has both names.
    await Deno.mkdir(join(path, "sent"));
    await Deno.link(claimed, join(path, "sent", "a"));
    await Deno.mkdir(join(path, ".ultra-watch", "gone"));
    await Deno.writeTextFile(join(path, ".ultra-watch", "gone", "half"), "");
    assert.deepEqual(await folder.goOn(), []);
    assert.equal(await folder.putAway("c", await look(folder, "c"), true), "done");
    assert.deepEqual(await namesIn(path), [".ultra-watch", "b (1).txt", "b.txt", "sent"]);
    assert.deepEqual(await namesIn(path, "sent"), ["a", "c", "tree"]);
    assert.deepEqual(await namesIn(path, ".ultra-watch"), ["lock", "out"]);
    assert.deepEqual(await namesIn(path, ".ultra-watch", "out"), []);
  }));

Deno.test("watch: a file named sent is told, and what has arrived waits for its folder, each item by itself, also after a start", async () => {
  const path = await Deno.makeTempDir();
  const open = () => WatchedFolder.open(path, "move");
  try {
    {
      using folder = await open();
      for (const name of ["sent", "a", "b"]) await Deno.writeTextFile(join(path, name), name);
      const { items, others } = await folder.list();
      assert.deepEqual([[...items.keys()].sort(), others], [["a", "b"], ["sent"]]);
      for (const [name, confirmed] of items) {
        await assert.rejects(folder.putAway(name, confirmed, true), /It cannot be put away \(File exists/);
        assert.equal(await folder.putAway(name, confirmed, true), "changed", "it is on its way");
      }
      assert.deepEqual((await folder.goOn()).map(({ name }) => name).sort(), ["a", "b"]);
    }
    using folder = await open();
    assert.equal((await folder.goOn()).length, 2);
    await Deno.rename(join(path, "sent"), join(path, "other name"));
    assert.deepEqual(await folder.goOn(), []);
    assert.deepEqual(await namesIn(path, "sent"), ["a", "b"]);
    assert.deepEqual([...(await folder.list()).items.keys()], ["other name"]);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("watch: a folder belongs to one process, and has to be one", () =>
  withFolder("move", async (_folder, path) => {
    const refused = (wanted: RegExp) => (error: unknown) =>
      error instanceof UltraError && error.kind === "usage" && wanted.test(error.message);
    await assert.rejects(WatchedFolder.open(path, "move"), refused(/Another ultra watch/));
    await Deno.writeTextFile(join(path, "a"), "");
    await assert.rejects(WatchedFolder.open(join(path, "a"), "move"), refused(/no folder/));
    const missing = WatchedFolder.open(join(path, "none"), "move");
    await assert.rejects(missing, (error) => error instanceof UltraError && error.kind === "disk");
  }));

Deno.test("watch: what happens in the folder is told", () =>
  withFolder("move", async (_folder, path) => {
    const changes = new Changes(path);
    try {
      assert.ok(changes.areTold);
      const next = changes.next;
      await Deno.writeTextFile(join(path, "a"), "");
      await next;
    } finally {
      changes[Symbol.dispose]();
    }
  }));
