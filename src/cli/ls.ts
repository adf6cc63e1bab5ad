/** `ultra ls`. @module */

import { orEnded } from "../base/interrupted.ts";
import { isPattern } from "../base/patterns.ts";
import { askList } from "../serve/request.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE } from "./exit.ts";
import type { ListTask } from "./resolve.ts";
import { dialFor } from "./waiting.ts";

export async function listCommand(task: ListTask, context: CommandContext): Promise<number> {
  const { path } = task;
  const { link } = await dialFor(task, task.peer, undefined, context);
  const asked = askList(link, path, (entry) => {
    const { path: found, kind, size = 0, mtimeSeconds: modifiedSeconds, target } = entry;
    // Of a folder that was asked for by its name the contents are told; it comes first itself.
    if (kind === "folder" && found === path && !isPattern(path)) return;
    context.tell({ type: "listed", listed: { path: found, kind, bytes: size, modifiedSeconds, target } });
  }, context.timers);
  await orEnded(asked, context.ended);
  return EXIT_DONE;
}
