/** One large file of random bytes. @module */

import { basename, join } from "node:path";
import { codeOf, Failure } from "../../scripts/shell.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "random.bin";

export const oneFile: Scenario = {
  name: "one-file",
  space: (sizeBytes) => 2 * sizeBytes,

  async prepare(folder, sizeBytes) {
    const path = join(folder, NAME);
    using file = await Deno.open(path, { write: true, createNew: true });
    const block = new Uint8Array(1024 * 1024);
    for (let left = sizeBytes; left > 0; left -= block.length) {
      // (At most 64 KiB for each call, says the standard.)
      for (let at = 0; at < block.length; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536));
      for (let rest = block.subarray(0, left); rest.length > 0;) rest = rest.subarray(await file.write(rest));
    }
    return { path, bytes: sizeBytes };
  },

  async check(load, into) {
    const names = Array.from(Deno.readDirSync(into), (entry) => entry.name);
    if (names.length !== 1 || names[0] !== basename(load.path)) {
      throw new Failure(
        `the folder should hold ${basename(load.path)} alone, but holds ${names.join(", ") || "nothing"}`,
      );
    }
    if (await codeOf("cmp", [load.path, join(into, NAME)]) !== 0) {
      throw new Failure("the result differs from the source");
    }
  },
};
