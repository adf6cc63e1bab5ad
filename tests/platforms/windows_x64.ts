/** The Windows file, as far as it can be looked at. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { CROSS } from "../../scripts/release/toolchain.ts";
import { exists } from "../../scripts/tools.ts";
import { missingRelease, released, testOn } from "./built.ts";

const NAME = "ultra-windows-x64.exe";
const OBJDUMP = "x86_64-w64-mingw32-objdump";
const missing = await missingRelease(NAME, "windows-x64") ??
  (exists(OBJDUMP) ? undefined : `${OBJDUMP} is missing: scripts/prepare-cross.sh`);

/** What every Windows 10 has. */
const SYSTEM =
  /^(advapi32|api-ms-win-[\w-]+|bcrypt|bcryptprimitives|crypt32|gdi32|iphlpapi|kernel32|msvcrt|ntdll|ole32|powrprof|shell32|user32|userenv|winmm|ws2_32)\.dll$/i;

for (
  const [what, path] of [
    ["the executable", released(NAME)],
    ["the engine", join(CROSS, "build", "x86_64-pc-windows-gnu", "release", "ultra_engine.dll")],
  ] as const
) {
  testOn(missing, `windows-x64: ${what} takes what every Windows has`, async () => {
    const output = await new Deno.Command(OBJDUMP, { args: ["-p", path] }).output();
    const names = [...new TextDecoder().decode(output.stdout).matchAll(/DLL Name: (\S+)/g)].map(([, name]) =>
      name ?? ""
    );
    assert.ok(names.length > 0);
    for (const name of names) assert.match(name, SYSTEM);
  });
}
