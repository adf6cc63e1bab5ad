/** The licences, for an ultra that runs from its sources; the executable carries them. @module */

import { join } from "node:path";
import { UltraError } from "./errors.ts";

/** Where a build leaves them, from here. */
const PLACE = ["..", "..", "native", "target", "payload", "licenses.txt"];

/** @throws {UltraError} `disk` before the first build */
export async function readLicenses(): Promise<string> {
  try {
    return await Deno.readTextFile(join(import.meta.dirname ?? ".", ...PLACE));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UltraError("disk", "The licences are collected by `deno task build`; run it first", { cause: error });
  }
}
