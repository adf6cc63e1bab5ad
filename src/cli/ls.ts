/** `ultra ls`. @module */

import { orEnded } from "../base/interrupted.ts";
import { askList } from "../serve/request.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE } from "./exit.ts";
import type { ListTask } from "./resolve.ts";
import { dialFor } from "./waiting.ts";

export async function listCommand(task: ListTask, context: CommandContext): Promise<number> {
  const { path } = task;
  const { link } = await dialFor(task, task.peer, undefined, context);
  // Of a folder its contents are told; it comes first itself.
  let folder: string | undefined;
  const asked = askList(link, path, (entry) => {
    const { path: name, kind, size = 0, mtimeSeconds: modifiedSeconds, target } = entry;
    const own = folder === undefined || !name.startsWith(`${folder}/`) ? name : name.slice(folder.length + 1);
    if (folder === undefined && isFolderItself(path, name, kind)) return void (folder = name);
    context.tell({ type: "listed", listed: { name: own, kind, bytes: size, modifiedSeconds, target } });
  }, context.timers);
  await orEnded(asked, context.ended);
  return EXIT_DONE;
}

function isFolderItself(asked: string | undefined, name: string, kind: string): boolean {
  return asked !== undefined && kind === "folder" && asked.split("/").at(-1) === name;
}
