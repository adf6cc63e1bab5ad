/** Linux on arm64 under qemu's user mode, with the native build at the other end. */

import assert from "node:assert/strict";
import { inWorkspace } from "../e2e/harness.ts";
import { released, testOn } from "./built.ts";
import { testCouple } from "./couple.ts";
import { ARM64, emulator } from "./qemu.ts";

const PREFIX = "linux-arm64";
const { missing, unregistered, start } = await emulator();

testOn(
  missing ?? unregistered,
  `${PREFIX}: it unpacks itself, becomes Deno, and tells its version`,
  () =>
    inWorkspace(async (workspace) => {
      const env = { ...start.env, ULTRA_CACHE_DIR: await workspace.make("cache") };
      const ultra = workspace.start(["--version"], { program: [released(ARM64)], env });
      await ultra.exits(0);
      assert.match(ultra.stdout.text, /^ultra \d[\s\S]*msquic 2/);
    }),
);

testCouple(missing, PREFIX, { name: "x64 to arm64", sends: {}, receives: start });
testCouple(missing, PREFIX, { name: "arm64 to x64", sends: start, receives: {} });
