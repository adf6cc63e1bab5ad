/** `deno task ok`: format, lint, types, clippy, rustfmt. Runs all of them and names those that failed. @module */

import { join } from "node:path";
import { DIST, NATIVE, ROOT } from "./paths.ts";
import { codeOf, Failure, main, print } from "./shell.ts";
import { requireTools } from "./tools.ts";

type Check = readonly [name: string, program: string, args: readonly string[], cwd: string];

await main(async () => {
  await requireTools();
  const deno = Deno.execPath();
  const cargo = Deno.env.get("CARGO") ?? "cargo";
  // Of the benchmarks alone, and no part of the workspace.
  const zeros = join(ROOT, "bench", "zeros");
  const lints = ["clippy", "--release", "--all-targets", "--locked"];
  const strict = ["--", "-D", "warnings"];
  const checks: readonly Check[] = [
    ["format", deno, ["fmt", "--check"], ROOT],
    ["lint", deno, ["lint"], ROOT],
    ["types", deno, ["check", "--quiet"], ROOT],
    ["rustfmt", cargo, ["fmt", "--all", "--check"], NATIVE],
    ["clippy", cargo, [...lints, ...strict], NATIVE],
    ["rustfmt of bench/zeros", cargo, ["fmt", "--check"], zeros],
    ["clippy of bench/zeros", cargo, [...lints, "--target-dir", join(DIST, "zeros"), ...strict], zeros],
  ];
  const failed: string[] = [];
  for (const [name, program, args, cwd] of checks) {
    print(`--- ${name}`);
    if (await codeOf(program, args, { cwd }) !== 0) failed.push(name);
  }
  if (failed.length > 0) throw new Failure(`not ok: ${failed.join(", ")}`);
  print("ok");
});
