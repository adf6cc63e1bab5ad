/** `deno task build`: leaves `dist/ultra`, one file that runs anywhere. @module */

import { join } from "node:path";
import { PERMISSIONS, SECRET_VARIABLES, VARIABLES } from "../src/cli/permissions.ts";
import { pinnedDeno } from "./deno.ts";
import { licensesText } from "./licenses.ts";
import { buildNative } from "./native.ts";
import { CACHE, DIST, LAUNCHER, LIBRARY, LIBRARY_NAME, LICENSES, PAYLOAD, ROOT, ULTRA } from "./paths.ts";
import { appendPayload, type Payload } from "./payload.ts";
import { Failure, main, print, run } from "./shell.ts";

/** How hard zstd tries: seconds for every build, a minute for what is given away (only what changed is packed anew). */
export const LEVELS = { build: 3, release: 19 } as const;

/** Builds the data plane and the launcher; of them, the bundled control plane and the pinned Deno makes `dist/ultra`. */
export async function buildAll(level: number = LEVELS.build): Promise<void> {
  await requirePinnedDeno();
  await buildNative();
  const deno = await pinnedDeno();
  await Deno.mkdir(DIST, { recursive: true });
  const bundled = join(PAYLOAD, "ultra.js");
  await bundle(bundled);
  await Deno.writeTextFile(LICENSES, await licensesText());
  const fresh = `${ULTRA}.new-${Deno.pid}`; // a running ultra keeps the file it has
  try {
    await appendPayload(LAUNCHER, payloadOf(deno, bundled), fresh, { level, store: join(PAYLOAD, "packed") });
    await Deno.chmod(fresh, 0o755);
    await Deno.rename(fresh, ULTRA);
  } finally {
    await Deno.remove(fresh).catch(() => {}); // gone, when all went well
  }
  await forgetOtherBuilds();
  print("built dist/ultra");
}

/** What goes into the executable, and what it may do. */
export function payloadOf(deno: string, bundled: string): Payload {
  return {
    files: [
      { name: "deno", path: deno, mode: 0o500 },
      { name: LIBRARY_NAME, path: LIBRARY, mode: 0o400 },
      { name: "ultra.js", path: bundled, mode: 0o400 },
      { name: "licenses", path: LICENSES },
    ],
    permissions: PERMISSIONS,
    variables: VARIABLES,
    secrets: SECRET_VARIABLES,
  };
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
  const main = join(ROOT, "main.ts");
  await run(Deno.execPath(), ["bundle", "--quiet", "--minify", "--config", config, "--output", path, main]);
}

/** Tests and demo unpack below `dist/`, 100 MB for each build. */
async function forgetOtherBuilds(): Promise<void> {
  await Deno.remove(CACHE, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

if (import.meta.main) await main(buildAll);
