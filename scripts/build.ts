/** `deno task build`: leaves `dist/ultra`, one file that runs anywhere. @module */

import { basename, join } from "node:path";
import { PERMISSIONS, SECRET_VARIABLES, VARIABLES } from "../src/cli/permissions.ts";
import { pinnedDeno } from "./deno.ts";
import { licensesText } from "./licenses.ts";
import { buildNative } from "./native.ts";
import { CACHE, DIST, LAUNCHER, LIBRARY, LICENSES, PAYLOAD, ROOT, ULTRA } from "./paths.ts";
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
  const bundled = await bundle();
  await Deno.writeTextFile(LICENSES, await licensesText());
  const fresh = `${ULTRA}.new-${Deno.pid}`; // a running ultra keeps the file it has
  try {
    const payload = payloadOf({ deno, engine: LIBRARY, bundle: bundled, licenses: LICENSES, suffix: "" });
    await appendPayload(LAUNCHER, payload, fresh, { level, store: join(PAYLOAD, "packed") });
    await Deno.chmod(fresh, 0o755);
    await Deno.rename(fresh, ULTRA);
  } finally {
    await Deno.remove(fresh).catch(() => {}); // gone, when all went well
  }
  await forgetOtherBuilds();
  print("built dist/ultra");
}

/** Where the parts of an executable are. */
export interface Parts {
  readonly deno: string;
  readonly engine: string;
  readonly bundle: string;
  readonly licenses: string;
  /** What the names of executables end with there. */
  readonly suffix: string;
}

/** What goes into the executable, and what it may do. */
export function payloadOf({ deno, engine, bundle, licenses, suffix }: Parts): Payload {
  return {
    files: [
      { name: `deno${suffix}`, path: deno, mode: 0o500 },
      { name: basename(engine), path: engine, mode: 0o400 },
      { name: "ultra.js", path: bundle, mode: 0o400 },
      { name: "licenses", path: licenses },
    ],
    permissions: PERMISSIONS,
    variables: VARIABLES,
    secrets: SECRET_VARIABLES,
  };
}

/** Results and behaviour are promised for one version, so nothing is built with another. */
export async function requirePinnedDeno(): Promise<void> {
  const pinned = (await Deno.readTextFile(join(ROOT, ".deno-version"))).trim();
  if (Deno.version.deno !== pinned) {
    throw new Failure(
      `this is Deno ${Deno.version.deno}, ultra is built with ${pinned}: npx -y deno@${pinned} task build`,
    );
  }
}

export async function bundle(): Promise<string> {
  const path = join(PAYLOAD, "ultra.js");
  // With the project's own configuration and its frozen lock, wherever the script was started.
  const config = join(ROOT, "deno.json");
  const main = join(ROOT, "main.ts");
  await run(Deno.execPath(), ["bundle", "--quiet", "--minify", "--config", config, "--output", path, main]);
  return path;
}

/** Tests and demo unpack below `dist/`, 100 MB for each build. */
async function forgetOtherBuilds(): Promise<void> {
  await Deno.remove(CACHE, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

if (import.meta.main) await main(buildAll);
