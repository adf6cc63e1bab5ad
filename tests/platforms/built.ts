/** What of a release is there to be tested, and what stands in the way of running it. @module */

import { join } from "node:path";
import { DIST } from "../../scripts/paths.ts";
import { print } from "../../scripts/shell.ts";

/** A file of the release. */
export function released(name: string): string {
  return join(DIST, "release", name);
}

/** Declares a test; with a reason, it is skipped and the reason is told. */
export function testOn(missing: string | undefined, name: string, fn: () => Promise<void>): void {
  if (missing !== undefined) print(`skipped: ${name}: ${missing}`);
  Deno.test({ name, ignore: missing !== undefined, fn });
}

/** Undefined when a file of the release is there. */
export async function missingRelease(name: string, platform: string): Promise<string | undefined> {
  const found = await Deno.stat(released(name)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  return found === undefined ? `dist/release/${name} is not there: deno task release ${platform}` : undefined;
}
