import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { LIBRARIES, PROGRAM_VERSION } from "../../src/cli/version.ts";

const read = (...path: string[]) => Deno.readTextFile(join(ROOT, ...path));

Deno.test("the version of src/cli/version.ts is that of Cargo, Deno and the newest change", async () => {
  assert.equal(
    /\[workspace\.package\]\nversion = "(.*)"/.exec(await read("native", "Cargo.toml"))?.[1],
    PROGRAM_VERSION,
  );
  assert.equal((JSON.parse(await read("deno.json")) as { version: string }).version, PROGRAM_VERSION);
  assert.equal(/^## (\d+\.\d+\.\d+)/m.exec(await read("CHANGELOG.md"))?.[1], PROGRAM_VERSION);
});

Deno.test("the libraries that --version names are the locked ones", async () => {
  const lock = await read("native", "Cargo.lock");
  const locked = (name: string) => new RegExp(`name = "${name}"\nversion = "(.*)"`).exec(lock)?.[1];
  assert.equal(locked("msquic-src"), LIBRARIES.msquic);
  assert.equal(locked("openssl-src")?.split("+")[1], LIBRARIES.openssl);
  assert.equal((await read(".deno-version")).trim(), LIBRARIES.deno);
});
