import assert from "node:assert/strict";
import { join } from "node:path";
import { textOf } from "../../scripts/licenses.ts";
import { ROOT } from "../../scripts/paths.ts";
import { PLATFORMS } from "../../scripts/release/platforms.ts";
import { runtimeItems, runtimes } from "../../scripts/release/runtimes.ts";
import { CROSS } from "../../scripts/release/toolchain.ts";
import { exists } from "../../scripts/tools.ts";

const namesOf = (platform: string) =>
  PLATFORMS.filter(({ name }) => name === platform).flatMap((one) => runtimes(one)).map(({ name }) => name);

Deno.test("licences: what the compilers of a release link is known for each platform", async () => {
  const linux = ["musl", "LLVM libunwind", "Zig compiler runtime"];
  assert.deepEqual([namesOf("linux-x64"), namesOf("linux-arm64")], [linux, linux]);
  assert.deepEqual(namesOf("windows-x64"), ["MinGW-w64 runtime", "GCC runtime library"]);
  assert.deepEqual([namesOf("macos-arm64"), namesOf("macos-x64")], [[], []]);
  // What the compilers are told to link.
  const compiler = await Deno.readTextFile(join(ROOT, "scripts", "release", "compiler.sh"));
  assert.match(compiler, /-lunwind/);
  assert.match(compiler, /-linux-musl/);
});

for (const platform of PLATFORMS) {
  const needed = platform.suffix === ".exe" ? "x86_64-w64-mingw32-gcc-posix" : join(CROSS, "zig", "zig");
  const isMissing = runtimes(platform).length > 0 && !exists(needed);
  Deno.test({
    name: `licences: ${platform.name}: each of them has its version and its text${
      isMissing ? ": skipped, scripts/prepare-cross.sh was not run" : ""
    }`,
    ignore: isMissing,
    async fn() {
      const items = await runtimeItems(platform);
      for (const { version, texts } of items) {
        assert.match(version, /\d/);
        assert.ok(texts.every((text) => text.length > 200));
      }
      if (items.length > 0) assert.match(textOf(items), /Permission is hereby granted|Redistribution and use/);
    },
  });
}
