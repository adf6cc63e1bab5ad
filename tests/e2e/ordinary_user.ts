/** An ordinary user, for whom permissions count: root reads and writes everything. @module */

import { ULTRA } from "../../scripts/paths.ts";
import type { StartOptions, Workspace } from "./harness.ts";

const NOBODY = 65_534;
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];

/** Whether this process may start others as another user. */
async function canBeNobody(): Promise<boolean> {
  if (Deno.uid() !== 0) return false;
  const [program = "", ...args] = [...AS_NOBODY, "true"];
  return (await new Deno.Command(program, { args, stderr: "null" }).output().catch(() => undefined))?.success === true;
}

const isRoot = Deno.uid() === 0;

/** Root's tests need another user; an ordinary user is one. */
export const needsOrdinaryUser = { ignore: isRoot && !await canBeNobody() };

/** Options with which a process is an ordinary user's. It gets a copy of the program: the clone may lie in a folder that only root may enter. */
export async function ordinary(workspace: Workspace): Promise<StartOptions> {
  if (!isRoot) return {};
  await Deno.chmod(workspace.folder, 0o755);
  const home = await workspace.make("home");
  await giveToOrdinary(home);
  const program = workspace.path("ultra");
  await Deno.copyFile(ULTRA, program);
  return {
    program: [program],
    before: AS_NOBODY.join(" "),
    env: { HOME: home, XDG_CACHE_HOME: "", XDG_RUNTIME_DIR: "" },
  };
}

/** Makes something the ordinary user's own. */
export async function giveToOrdinary(path: string): Promise<void> {
  if (isRoot) await Deno.chown(path, NOBODY, NOBODY);
}
