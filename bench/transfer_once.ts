/** One transfer in fresh folders, and whether it came to what it should. @module */

import { join } from "node:path";
import { run as runProgram } from "../scripts/shell.ts";
import { settle } from "./disk.ts";
import { unlessInterrupted } from "./interruption.ts";
import { type BoxReport, openPath, type Path } from "./paths/netpath.ts";
import type { PathName } from "./paths/table.ts";
import type { Places } from "./places.ts";
import type { Load, Peer, Run } from "./peers/peer.ts";
import { check, type TransferScenario } from "./scenarios/scenario.ts";

export interface Task {
  readonly peer: Peer;
  readonly scenario: TransferScenario;
  readonly load: Load;
  readonly pathName: PathName;
  /** Of the path: the same seed loses the same packets. */
  readonly seed: number;
}

/** Its folders are gone afterwards, also when it fails. */
export async function transferOnce(
  { peer, scenario, load, pathName, seed }: Task,
  { folder, results, disk }: Places,
): Promise<{ readonly run: Run; readonly box: BoxReport | undefined }> {
  const [own, other] = [join(folder, "run"), join(results, "run")];
  const into = join(other, "result");
  const transfer = async (path: Path, name: string) => {
    const scratch = join(own, name);
    await Deno.mkdir(scratch, { recursive: true });
    return await peer.transfer({ load, into, path, pathName, scratch });
  };
  await unlessInterrupted();
  await Deno.mkdir(into, { recursive: true });
  if (disk) await settle(disk.path);
  try {
    await using path = await openPath(pathName, { seed });
    if (scenario.again) await transfer(path, "scratch-before");
    const run = await transfer(path, "scratch");
    const box = await path.stop();
    if (peer.kind === "files") await (scenario.check ?? check)(load, into);
    return { run, box };
  } finally {
    await runProgram("rm", ["-rf", own, other]); // of a hundred thousand files faster than Deno.remove
  }
}
