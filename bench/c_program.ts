/** Small programs in C that a benchmark builds for itself. @module */

import { basename, join } from "node:path";
import { Failure } from "../scripts/shell.ts";
import { exists } from "../scripts/tools.ts";

/** Builds it in a temporary folder, which goes with it. */
export interface CProgram extends Disposable {
  readonly path: string;
}

/** Optimised, as a user's programs are. `command`: the compiler, with flags if it wants some. */
export async function buildC(source: string, command = Deno.env.get("CC") || "cc"): Promise<CProgram> {
  const [compiler = "cc", ...flags] = command.trim().split(/\s+/);
  if (!exists(compiler)) {
    throw new Failure(
      `${basename(source)} takes a C compiler, and ${compiler} is not there (Debian package gcc; or set CC)`,
    );
  }
  const folder = await Deno.makeTempDir({ prefix: "ultra-bench-" });
  const remove = () => Deno.removeSync(folder, { recursive: true });
  const path = join(folder, basename(source, ".c"));
  const args = [...flags, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path, source];
  const { success, stderr } = await new Deno.Command(compiler, { args, stdin: "null" }).output();
  if (!success) {
    remove();
    throw new Failure(`${basename(source)} cannot be built:\n${new TextDecoder().decode(stderr).trim()}`);
  }
  return { path, [Symbol.dispose]: remove };
}
