/** The folder that `ultra test` makes for what it writes, and removes whatever happens. @module */

import { join } from "node:path";
import { UltraError } from "../base/errors.ts";

export interface TestFolder extends AsyncDisposable {
  /** The path of a folder inside, which is not there yet. */
  fresh(name: string): Promise<string>;
  /** The path of something inside. */
  path(...names: readonly string[]): string;
}

/**
 * Makes a folder with a name of its own in `parent`.
 *
 * @throws {UltraError} `disk`
 */
export async function makeTestFolder(parent: string): Promise<TestFolder> {
  let path: string;
  try {
    path = await Deno.makeTempDir({ dir: parent, prefix: ".ultra-test-" });
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such folder" : reasonOf(error);
    throw new UltraError("disk", `Nothing can be written there (${why})`, {
      reason: "test-folder",
      subject: parent,
      cause: error,
    });
  }
  return {
    path: (...names) => join(path, ...names),
    async fresh(name) {
      await remove(join(path, name));
      return join(path, name);
    },
    [Symbol.asyncDispose]: () => remove(path),
  };
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new UltraError("disk", `What the test wrote cannot be removed (${reasonOf(error)})`, {
      subject: path,
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  // Deno keeps programs out of /dev, /proc and /sys, and with it a tmpfs on /dev/shm.
  if (error instanceof Deno.errors.NotCapable) return "ultra may not use /dev, /proc and /sys";
  return error instanceof Error ? error.message : String(error);
}
