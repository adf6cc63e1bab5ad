/** Where things lie in the repository; everything else asks here. @module */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const NATIVE = join(ROOT, "native");
export const DIST = join(ROOT, "dist");

/** What Cargo names the cdylib `ultra_engine` on this system. */
export const LIBRARY_NAME = Deno.build.os === "windows"
  ? "ultra_engine.dll"
  : Deno.build.os === "darwin"
  ? "libultra_engine.dylib"
  : "libultra_engine.so";

/** Cargo leaves the library here, and the loader in `src/engine/` finds it here when ultra runs from its sources. */
export const LIBRARY = join(NATIVE, "target", "release", LIBRARY_NAME);

/** The launcher without its payload. */
export const LAUNCHER = join(NATIVE, "target", "release", "ultra-launcher");

/** What goes into the executable, and its packed pieces, kept from build to build. */
export const PAYLOAD = join(NATIVE, "target", "payload");

/** The licences of all that goes in; from its sources ultra prints this file. */
export const LICENSES = join(PAYLOAD, "licenses.txt");

/** The path in a box, for benchmarks (Linux). */
export const NETPATH = join(NATIVE, "target", "release", "netpath");

/** The executable that `deno task build` leaves; tests, demo and bench run it as a user would. */
export const ULTRA = join(DIST, "ultra");

/** Where tests, demo and bench have it unpack (as XDG_CACHE_HOME), so that the user's own cache stays as it is. */
export const CACHE = join(DIST, "cache");

/** Where they have it keep what outlasts a process (as XDG_STATE_HOME), likewise. */
export const STATE = join(DIST, "state");
