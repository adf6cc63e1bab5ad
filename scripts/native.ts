/** `deno task native`: builds the data plane. @module */

import { LIBRARY, LIBRARY_NAME, NATIVE } from "./paths.ts";
import { Failure, main, print, run } from "./shell.ts";
import { requireTools } from "./tools.ts";

/**
 * Builds `native/target/release/`, the only place where the loader and the launcher look for the library. There is no debug
 * build anywhere in the project: each profile would compile msquic and OpenSSL once more.
 */
export async function buildNative(): Promise<void> {
  await requireTools();
  print("building the data plane (the first time takes minutes: OpenSSL and msquic)");
  await run(Deno.env.get("CARGO") ?? "cargo", ["build", "--release", "--locked"], { cwd: NATIVE });
  const built = await Deno.stat(LIBRARY).catch(() => undefined);
  if (!built?.isFile) throw new Failure(`cargo built everything but left no native/target/release/${LIBRARY_NAME}`);
}

if (import.meta.main) await main(buildNative);
