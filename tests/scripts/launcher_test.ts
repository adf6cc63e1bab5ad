import assert from "node:assert/strict";
import { launcher } from "../../scripts/launcher.ts";

/** A `dist/` whose `deno` is a script that prints what it was given, in a folder with awkward characters. */
async function stub(): Promise<{ root: string; ultra: string }> {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "ultra, it's " }));
  await Deno.mkdir(`${root}/dist/lib`, { recursive: true });
  await Deno.writeTextFile(`${root}/dist/ultra`, launcher("libx.so"), { mode: 0o755 });
  await Deno.writeTextFile(
    `${root}/dist/lib/deno`,
    `#!/bin/sh\nfor argument in "$@"; do printf '[%s]\\n' "$argument"; done\nenv\n`,
    { mode: 0o755 },
  );
  return { root, ultra: `${root}/dist/ultra` };
}

async function output(program: string, args: string[], options: Deno.CommandOptions = {}): Promise<string[]> {
  const { stdout, success } = await new Deno.Command(program, { ...options, args }).output();
  assert.ok(success);
  return new TextDecoder().decode(stdout).split("\n");
}

Deno.test("the launcher finds its folder through relative and absolute links and from any folder", async () => {
  const { root, ultra } = await stub();
  try {
    await Deno.mkdir(`${root}/bin`);
    await Deno.symlink("../dist/ultra", `${root}/bin/relative`);
    await Deno.symlink(`${root}/bin/relative`, `${root}/bin/absolute`);
    for (const program of [ultra, `${root}/bin/relative`, `${root}/bin/absolute`]) {
      assert.ok((await output(program, [], { cwd: "/" })).includes(`[${root}/dist/lib/ultra.js]`));
    }
    const byPath = await output("absolute", [], { cwd: "/", env: { PATH: `${root}/bin:${Deno.env.get("PATH")}` } });
    assert.ok(byPath.includes(`[${root}/dist/lib/ultra.js]`));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the launcher allows the one library, also where its path has a comma", async () => {
  const { root, ultra } = await stub();
  try {
    const lines = await output(ultra, []);
    const allowed = lines.filter((line) => line.startsWith("[--allow-ffi"));
    assert.deepEqual(allowed, [`[--allow-ffi=${root.replaceAll(",", ",,")}/dist/lib/libx.so]`]);
    assert.ok(lines.includes(`ULTRA_NATIVE_LIB=${root}/dist/lib/libx.so`));
    assert.ok(!lines.some((line) => /^\[(-A|--allow-(all|run|net|import)\b)/.test(line)));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the launcher hands arguments on untouched", async () => {
  const { root, ultra } = await stub();
  try {
    const given = ["--help", "", "a b", "--", "-A", "'\"$x`*"];
    const lines = await output(ultra, given);
    const start = lines.indexOf(`[${root}/dist/lib/ultra.js]`) + 1;
    assert.deepEqual(lines.slice(start, start + given.length), given.map((argument) => `[${argument}]`));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the launcher takes Deno's and Node's variables out of the environment", async () => {
  const { root, ultra } = await stub();
  try {
    const env = { DENO_V8_FLAGS: "--x", DENO_CERT: "c", NODE_OPTIONS: "n", HOME: "/home/me", XDG_CACHE_HOME: "" };
    const lines = await output(ultra, [], { env });
    const left = lines.filter((line) => /^(DENO_|NODE_OPTIONS)/.test(line)).sort();
    assert.deepEqual(left, ["DENO_DIR=/home/me/.cache/ultra/deno", "DENO_NO_UPDATE_CHECK=1"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
