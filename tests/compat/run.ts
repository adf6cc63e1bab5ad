/**
 * `deno task test:compat [REF]`: this build with that of the last tag, or of REF, both as sender and as receiver.
 *
 * Where both speak one version of the wire, trees and files arrive identical, whoever waits; where not, the side that dials ends with exit code 8 and names
 * both versions. The other build is made from its own sources in `native/target/compat/`, once for each commit.
 *
 * @module
 */

import { join } from "node:path";
import { buildAll } from "../../scripts/build.ts";
import { NATIVE, ROOT } from "../../scripts/paths.ts";
import { Failure, main, outputOf, print, run } from "../../scripts/shell.ts";
import { exists } from "../../scripts/tools.ts";
import { judge } from "../results.ts";
import { conclude, denoTest } from "../runner.ts";

const FOLDER = join(NATIVE, "target", "compat");

/** @throws {Failure} when there is no tag, or no such commit */
async function commitOf(ref: string | undefined): Promise<string> {
  const name = ref ?? await outputOf("git", ["-C", ROOT, "describe", "--tags", "--abbrev=0"]);
  if (name === undefined) throw new Failure("there is no tag yet; name a commit: deno task test:compat REF");
  const commit = await outputOf("git", ["-C", ROOT, "rev-parse", "--verify", "--quiet", `${name}^{commit}`]);
  if (commit === undefined) throw new Failure(`there is no commit ${name} in this clone`);
  return commit;
}

/** The executable that a commit's own build makes. */
async function built(commit: string): Promise<string> {
  const tree = join(FOLDER, commit);
  const program = join(tree, "dist", "ultra");
  if (exists(program)) return program;
  print(`building ${commit.slice(0, 12)}`);
  await Deno.remove(tree, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  // From what is built already, so that OpenSSL is not compiled once more where its version is the same.
  await Deno.mkdir(join(tree, "native", "target"), { recursive: true });
  await run("cp", ["-a", "--reflink=auto", join(NATIVE, "target", "release"), join(tree, "native", "target")]);
  const archive = join(FOLDER, `${commit}.tar`);
  await run("git", ["-C", ROOT, "archive", "--output", archive, commit]);
  // Newer than what was built of this commit, so that Cargo does not take that for it.
  await run("tar", ["-xmf", archive, "-C", tree]);
  await Deno.remove(archive);
  const deno = (await Deno.readTextFile(join(tree, ".deno-version"))).trim();
  await run("npx", ["-y", `deno@${deno}`, "task", "build"], { cwd: tree });
  return program;
}

await main(async () => {
  const [ref, ...more] = Deno.args;
  if (more.length > 0) throw new Failure("name one commit at most");
  const commit = await commitOf(ref);
  await buildAll();
  const other = await built(commit);
  const path = join(ROOT, "tests", "compat", "compat.ts");
  const { read, code } = await denoTest([path], { env: { ULTRA_OTHER: other } });
  conclude(judge(read, code, "tests/compat/compat.ts"));
});
