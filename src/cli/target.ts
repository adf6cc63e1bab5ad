/**
 * Where `recv` puts what arrives: `--into` and `-o` become a folder and, perhaps, a new name.
 *
 * @module
 */

import { basename, dirname, isAbsolute, join } from "node:path";

export interface Target {
  /** The folder to receive into. */
  readonly folder: string;
  /** Whether it is made when it is missing: it was named as a folder. */
  readonly create: boolean;
  /** Another name for the one thing that comes. */
  readonly rename: string | undefined;
}

/**
 * Reads `-o` as `cp` reads its last argument: a folder that exists, and whatever ends in a slash, takes what arrives inside; anything
 * else is its new name.
 */
export async function targetOf(into: string, output: string | undefined): Promise<Target> {
  if (output === undefined) return { folder: into, create: true, rename: undefined };
  const path = isAbsolute(output) ? output : join(into, output);
  if (output.endsWith("/") || await isFolder(path)) return { folder: path, create: true, rename: undefined };
  return { folder: dirname(path), create: basename(output) === output, rename: basename(path) };
}

/** Links are followed. What cannot be looked at is refused later, with its reason. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    // Deno's refusal of /dev and /proc, and everything that the system says.
    if (error instanceof Error) return false;
    throw error;
  }
}
