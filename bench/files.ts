/** Files of a load. @module */

import { join } from "node:path";

/** What `map` makes of each file below a folder. */
export async function walkFiles<T>(folder: string, map: (path: string) => T): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) all.push(...await walkFiles(path, map));
    else all.push(map(path));
  }
  return all;
}
