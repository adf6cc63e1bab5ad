/** Where the executable unpacks itself, and what it never runs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { assertVersion, Bench, IS_ROOT, namesIn, ORDINARY, ran } from "./support.ts";

/** A program that leaves a mark, in place of one of the unpacked files. */
const TRAP = (mark: string) => `#!/bin/sh\ntouch '${mark}'\n`;

Deno.test("launcher: eight first starts at once all work, and unpack one version", async () => {
  await using bench = await Bench.make();
  const starts = Array.from({ length: 8 }, () => bench.run(["--version"]));
  for (const start of await Promise.all(starts)) assertVersion(start);
  const folder = await bench.keyFolder();
  const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o7777;
  assert.equal(mode(folder), 0o700);
  assert.equal(mode(join(folder, "deno")), 0o500);
  assert.equal(mode(join(folder, "ultra.js")), 0o400);
});

Deno.test("launcher: a changed file in the cache is never executed, though its size and time are the old ones", async () => {
  await using bench = await Bench.make();
  assertVersion(await bench.run(["--version"]));
  const folder = await bench.keyFolder();
  for (const name of ["deno", "ultra.js"]) {
    const path = join(folder, name);
    const mark = join(bench.folder, `ran-${name}`);
    const before = await Deno.stat(path);
    const script = name === "deno" ? TRAP(mark) : `Deno.mkdirSync(${JSON.stringify(mark)});`;
    await Deno.chmod(path, 0o700);
    using file = await Deno.open(path, { write: true });
    await file.write(new TextEncoder().encode(`${script}${name === "deno" ? "exit 0\n" : "//"}`));
    assert.ok(before.mtime && before.atime);
    await Deno.utime(path, before.atime, before.mtime);
    await Deno.chmod(path, (before.mode ?? 0) & 0o777);
    assert.equal((await Deno.stat(path)).size, before.size);

    assertVersion(await bench.run(["--version"]));
    await assert.rejects(Deno.stat(mark), Deno.errors.NotFound);
    assert.equal(await bench.keyFolder(), folder, "what was changed is gone");
  }
});

Deno.test({
  name: "launcher: a cache folder of another user is never executed",
  ignore: !IS_ROOT,
  async fn() {
    await using bench = await Bench.make();
    assertVersion(await bench.run(["--version"]));
    const folder = await bench.keyFolder();
    const mark = join(bench.folder, "ran");
    await Deno.remove(join(folder, "deno"));
    await Deno.writeTextFile(join(folder, "deno"), TRAP(mark), { mode: 0o500 });
    // The version's folder, and then all of it.
    for (const path of [folder, bench.cache]) {
      await Deno.chown(path, ORDINARY, ORDINARY);
      assertVersion(await bench.run(["--version"]));
      await assert.rejects(Deno.stat(mark), Deno.errors.NotFound);
    }
    assert.deepEqual(await namesIn(bench.temporary), [`ultra-${Deno.uid()}`], "the next place was taken");
    assertVersion(await bench.run(["--version"]));
  },
});

Deno.test({
  name: "launcher: a chosen folder below one of another user is refused: its owner could put another in its place",
  ignore: !IS_ROOT,
  async fn() {
    await using bench = await Bench.make();
    const theirs = join(bench.folder, "theirs");
    await Deno.mkdir(join(theirs, "deeper"), { recursive: true });
    await Deno.chown(theirs, ORDINARY, ORDINARY);
    const refused = await bench.run(["--version"], { env: { ULTRA_CACHE_DIR: join(theirs, "deeper") } });
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /^ultra: cannot unpack itself \(\S+: a folder above belongs to another user\)/);
    assert.deepEqual(await namesIn(join(theirs, "deeper")), []);
  },
});

Deno.test("launcher: a chosen folder that holds other things keeps them", async () => {
  await using bench = await Bench.make();
  const chosen = join(bench.folder, "chosen");
  const old = new Date(Date.now() - 99 * 24 * 60 * 60 * 1000);
  for (const name of [".old-photos", ".new-project", "d41d8cd98f00b204e9800998ecf8427e"]) {
    await Deno.mkdir(join(chosen, name), { recursive: true });
    await Deno.writeTextFile(join(chosen, name, "mine"), "mine");
    await Deno.utime(join(chosen, name), old, old);
  }
  const before = await namesIn(chosen);
  assertVersion(await bench.run(["--version"], { env: { ULTRA_CACHE_DIR: chosen } }));
  assert.deepEqual(await namesIn(chosen), [...before, "ultra"].sort());
  for (const name of before) assert.deepEqual(await namesIn(join(chosen, name)), ["mine"]);
});

Deno.test({
  name: "launcher: under sudo the home of the user stays as it was",
  ignore: !IS_ROOT,
  async fn() {
    await using bench = await Bench.make();
    await Deno.chown(bench.home, ORDINARY, ORDINARY);
    assertVersion(await bench.run(["--version"]));
    assert.deepEqual(await namesIn(bench.home), []);
  },
});

Deno.test({
  name: "launcher: an ordinary user without a writable home takes the runtime folder, then a temporary one",
  ignore: !IS_ROOT,
  async fn() {
    await using bench = await Bench.make(ORDINARY);
    await Deno.chmod(bench.home, 0o500);
    assertVersion(await bench.run(["--version"], { user: ORDINARY }));
    assert.deepEqual(await namesIn(bench.temporary), [`ultra-${ORDINARY}`]);

    const runtime = join(bench.folder, "run");
    await Deno.mkdir(runtime, { mode: 0o700 });
    await Deno.chown(runtime, ORDINARY, ORDINARY);
    assertVersion(await bench.run(["--version"], { user: ORDINARY, env: { XDG_RUNTIME_DIR: runtime } }));
    assert.deepEqual(await namesIn(runtime), ["ultra"]);
  },
});

/** Each makes the home and the folder for temporary files useless in one way. */
const OBSTACLES = {
  "read-only": `for d in "$HOME" "$TMPDIR"; do mount -t tmpfs -o ro none "$d"; done`,
  "noexec": `for d in "$HOME" "$TMPDIR"; do mount -t tmpfs -o noexec none "$d"; done`,
  "full": `for d in "$HOME" "$TMPDIR"; do mount -t tmpfs -o size=20m none "$d"; done`,
};

for (const [name, mounts] of Object.entries(OBSTACLES)) {
  Deno.test({
    name: `launcher: where home and temporary folder are ${name}, it runs from memory and leaves nothing there`,
    ignore: !IS_ROOT,
    async fn() {
      await using bench = await Bench.make();
      const left = `find "$HOME" "$TMPDIR" -type f -size +0`;
      assertVersion(await bench.inNamespace(`${mounts}; "$ULTRA" --version; ${left}`));
    },
  });

  Deno.test({
    name: `launcher: a chosen folder that is ${name} is named in one line with what to set`,
    ignore: !IS_ROOT,
    async fn() {
      await using bench = await Bench.make();
      const refused = await bench.inNamespace(`${mounts}; "$ULTRA" --version`, { ULTRA_CACHE_DIR: bench.home });
      assert.equal(refused.code, 4);
      assert.equal(refused.stdout, "");
      assert.match(
        refused.stderr,
        /^ultra: cannot unpack itself \(\S+home\/ultra: [^;]+\); set ULTRA_CACHE_DIR to a folder [^\n]+\n$/,
      );
    },
  });
}

Deno.test({
  name: "launcher: a transfer from memory, with the engine there as well",
  ignore: !IS_ROOT,
  async fn() {
    await using bench = await Bench.make();
    const script = `
      ${OBSTACLES["read-only"]}
      cd "$WORK"; mkdir in; mkfifo tickets; echo content >f
      "$ULTRA" recv --listen 127.0.0.1:0 --into in >tickets &
      read ticket <tickets
      "$ULTRA" send f "$ticket"
      wait $!
      cmp f in/f`;
    const { code, stderr } = await bench.inNamespace(script, { WORK: bench.folder });
    assert.equal(code, 0, stderr);
  },
});

/** strace makes calls do nothing and say that they worked, as on disks without modes. */
const hasStrace = await ran("strace", ["-f", "true"]).then(({ code }) => code === 0, () => false);

Deno.test({
  name: "launcher: a disk that keeps no modes is passed over, and nothing is left there",
  ignore: !hasStrace,
  async fn() {
    await using bench = await Bench.make();
    const calls = "chmod,fchmod,fchmodat";
    const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:retval=0`];
    assertVersion(
      await ran("strace", ["-f", "-qq", "-o", "/dev/null", ...inject, bench.ultra, "--version"], {
        env: bench.env,
      }),
    );
    assert.deepEqual(await namesIn(bench.cache), []);
    assert.deepEqual(await namesIn(join(bench.temporary, `ultra-${Deno.uid()}`)), []);
  },
});

Deno.test("launcher: the chosen folder is used, and one that is no absolute path is refused in JSON too", async () => {
  await using bench = await Bench.make();
  const chosen = join(bench.folder, "chosen", "cache");
  assertVersion(await bench.run(["--version"], { env: { ULTRA_CACHE_DIR: chosen } }));
  assert.deepEqual(await namesIn(chosen), ["ultra"]);
  assert.equal((await namesIn(join(chosen, "ultra"))).length, 1);
  assert.deepEqual(await namesIn(bench.home), []);

  const refused = await bench.run(["recv", "--json"], { env: { ULTRA_CACHE_DIR: "here" } });
  assert.equal(refused.code, 4);
  const text = "ULTRA_CACHE_DIR must be an absolute path";
  assert.equal(refused.stderr, `ultra: ${text}\n`);
  const events = refused.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(events, [{ type: "error", kind: "disk", text }, { type: "exit", code: 4, why: text }]);
});

Deno.test("launcher: a copy that was cut off says so", async () => {
  await using bench = await Bench.make();
  await Deno.truncate(bench.ultra, (await Deno.stat(bench.ultra)).size - 1000);
  const refused = await bench.run(["--version"]);
  assert.deepEqual(refused, {
    code: 4,
    stdout: "",
    stderr: "ultra: this executable file is incomplete or was changed; copy it again\n",
  });
});
