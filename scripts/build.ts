/** `deno task build`: leaves `dist/ultra`, an executable that works from any folder. @module */

import { join } from "node:path";
import { launcher } from "./launcher.ts";
import { buildNative } from "./native.ts";
import { DIST, LIBRARY, LIBRARY_NAME, ROOT, ULTRA } from "./paths.ts";
import { Failure, main, print, run } from "./shell.ts";

/** Builds the data plane, and of it, the bundled control plane and this very Deno makes `dist/`. */
export async function buildAll(): Promise<void> {
  await requirePinnedDeno();
  await buildNative();
  const lib = join(DIST, "lib");
  await Deno.mkdir(lib, { recursive: true });
  await replace(join(lib, "ultra.js"), bundle);
  await replace(join(lib, LIBRARY_NAME), (path) => Deno.copyFile(LIBRARY, path));
  await replace(join(lib, "deno"), (path) => linkOrCopy(Deno.execPath(), path));
  await replace(ULTRA, (path) => Deno.writeTextFile(path, launcher(LIBRARY_NAME), { mode: 0o755 }));
  print("built dist/ultra");
}

/** Results and behaviour are promised for one version, so nothing is built with another. */
async function requirePinnedDeno(): Promise<void> {
  const pinned = (await Deno.readTextFile(join(ROOT, ".deno-version"))).trim();
  if (Deno.version.deno !== pinned) {
    throw new Failure(
      `this is Deno ${Deno.version.deno}, ultra is built with ${pinned}: npx -y deno@${pinned} task build`,
    );
  }
}

async function bundle(path: string): Promise<void> {
  // With the project's own configuration and its frozen lock, wherever the script was started.
  const config = join(ROOT, "deno.json");
  await run(Deno.execPath(), ["bundle", "-q", "--config", config, "--output", path, join(ROOT, "main.ts")]);
}

/** A hard link costs no space; the Deno from npm may lie on another file system. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await Deno.link(from, to);
  } catch {
    await Deno.copyFile(from, to);
  }
}

/** Makes a file under another name first: a running ultra keeps the one it has, and a failed build spoils nothing. */
async function replace(path: string, make: (path: string) => Promise<void>): Promise<void> {
  // (The ending decides how `deno bundle` reads the name, so the mark stands in front.)
  const fresh = join(path, "..", `.new-${Deno.pid}-${path.split("/").at(-1)}`);
  try {
    await make(fresh);
    await Deno.rename(fresh, path);
  } finally {
    // Also when renaming did nothing, as it does between two links to the same file.
    await Deno.remove(fresh).catch(() => {});
  }
}

if (import.meta.main) await main(buildAll);
