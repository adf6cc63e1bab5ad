/** Faults of the system that a process runs on, by `preload.c`: steered by the test while the process runs. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { StartOptions } from "../e2e/harness.ts";

const SOURCE = fileURLToPath(new URL("preload.c", import.meta.url));

/** The order of `struct orders`. */
const FIELDS = [
  ...["clockSeconds", "sendErrno", "writeMicros", "syncMicros", "closeErrno"] as const,
  ...["clockHits", "sendHits", "writeHits", "syncHits", "closeHits"] as const,
] as const;

type Field = typeof FIELDS[number];

/** Tests that need it are skipped where nothing compiles C. */
export const needsPreload = {
  ignore: Deno.build.os !== "linux" ||
    (await new Deno.Command("cc", { args: ["--version"], stdout: "null", stderr: "null" }).output()
        .catch(() => undefined))?.success !== true,
};

export class Preload {
  private constructor(readonly library: string, readonly path: string) {}

  /** Builds it in a folder. */
  static async in(folder: string): Promise<Preload> {
    const library = `${folder}/preload.so`;
    const args = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl"];
    const { success, stderr } = await new Deno.Command("cc", { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const path = `${folder}/orders`;
    await Deno.writeFile(path, new Uint8Array(8 * FIELDS.length));
    // Programs of other users may be steered, too.
    await Deno.chmod(path, 0o666);
    return new Preload(library, path);
  }

  /** Options of a process that it is to stand in front of. */
  get options(): StartOptions {
    return { env: { LD_PRELOAD: this.library, ULTRA_TEST_ORDERS: this.path } };
  }

  set(field: Field, value: number): void {
    using file = Deno.openSync(this.path, { write: true });
    file.seekSync(8 * FIELDS.indexOf(field), Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(new BigInt64Array([BigInt(value)]).buffer));
  }

  /** How often a fault was met: a fault that nobody meets proves nothing. */
  get(field: Field): number {
    const { buffer } = Deno.readFileSync(this.path);
    return Number(new BigInt64Array(buffer)[FIELDS.indexOf(field)]);
  }
}
