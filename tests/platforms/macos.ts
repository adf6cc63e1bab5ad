/** The macOS files: nothing here can run them, so their formats are looked at, and what would test them is type-checked. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { NATIVE } from "../../scripts/paths.ts";
import { exportsOf, loadsOf, processorOf, signatureOf } from "../../scripts/release/macho.ts";
import { MACOS_VERSION, PLATFORMS } from "../../scripts/release/platforms.ts";
import { toolchainOf } from "../../scripts/release/toolchain.ts";
import { Failure } from "../../scripts/shell.ts";
import { SYMBOLS } from "../../src/engine/symbols.ts";
import { missingRelease, released, testOn } from "./built.ts";

const PAYLOAD_MARK = new TextEncoder().encode("ULTRAPK1");

/** What every macOS has. */
const SYSTEM = /^\/usr\/lib\/lib(System\.B|iconv\.2)\.dylib$/;

for (const platform of PLATFORMS.filter(({ payload }) => payload === "section")) {
  const { name, library } = platform;
  const file = `ultra-${name}`;
  const toolchain = await toolchainOf(platform, "engine").catch((error) => {
    if (error instanceof Failure) return error.message;
    throw error;
  });
  const missing = typeof toolchain === "string" ? toolchain : await missingRelease(file, name);
  const engine = typeof toolchain === "string" ? "" : join(toolchain.built, library);

  for (const [what, path] of [["executable", released(file)], ["engine", engine]] as const) {
    testOn(
      missing,
      `${name}: each page of the ${what} is signed, ad hoc, and one that is changed is seen`,
      async () => {
        const bytes = await Deno.readFile(path);
        const { isAdHoc, pages, wrongPages } = signatureOf(bytes, path);
        assert.ok(isAdHoc);
        assert.equal(wrongPages, 0);
        // All of the file but the signature itself, which has 32 bytes for a page of 4,096.
        assert.ok(pages * 4096 > bytes.length * 0.98, "it covers the file");
        const middle = bytes.length >> 1;
        bytes[middle] = (bytes[middle] ?? 0) ^ 1;
        assert.equal(signatureOf(bytes, path).wrongPages, 1);
      },
    );

    testOn(
      missing,
      `${name}: the ${what} takes what every macOS has, from the version on that Deno takes`,
      async () => {
        const bytes = await Deno.readFile(path);
        const { libraries, oldest } = loadsOf(bytes, path);
        assert.equal(processorOf(bytes, path), name.replace("macos-", ""));
        assert.equal(oldest, MACOS_VERSION);
        assert.ok(libraries.length > 0);
        for (const one of libraries) assert.match(one, SYSTEM);
      },
    );
  }

  testOn(missing, `${name}: the payload is a section of the executable, under its signature`, async () => {
    const bytes = await Deno.readFile(released(file));
    assert.ok(loadsOf(bytes, file).sections.includes("__ULTRA,__payload"));
    // Its end is its mark, and what follows is the signature.
    const payload = new Uint8Array(bytes.buffer).findLastIndex((byte, at) =>
      byte === PAYLOAD_MARK[0] && PAYLOAD_MARK.every((one, index) => bytes[at + index] === one)
    );
    assert.ok(payload > bytes.length * 0.97 && payload < bytes.length - PAYLOAD_MARK.length, `${payload}`);
  });

  testOn(
    missing,
    `${name}: the engine exports the door, and calls itself by no path of the machine that built it`,
    async () => {
      const bytes = await Deno.readFile(engine);
      // blake3's C for arm64 calls Rust by this name, and whatever C may call is exported from a library of macOS.
      const foreign = processorOf(bytes, engine) === "arm64" ? ["blake3_compress_in_place_portable"] : [];
      assert.deepEqual(exportsOf(bytes, engine), [...foreign, ...Object.keys(SYMBOLS)].sort());
      assert.equal(loadsOf(bytes, engine).name, `@rpath/${library}`);
    },
  );

  testOn(
    typeof toolchain === "string" ? toolchain : undefined,
    `${name}: the Rust tests of files, launcher and engine pass the type check without a warning`,
    async () => {
      assert.ok(typeof toolchain !== "string");
      const crates = ["ultra-files", "ultra-launcher", "ultra-engine"].flatMap((crate) => ["-p", crate]);
      const output = await new Deno.Command(toolchain.cargo, {
        args: ["check", ...toolchain.args, "--tests", "--quiet", ...crates],
        cwd: NATIVE,
        env: { ...toolchain.env },
        stdin: "null",
      }).output();
      const said = new TextDecoder().decode(output.stderr);
      assert.ok(output.success, said);
      assert.doesNotMatch(said, /^warning/m);
    },
  );
}
