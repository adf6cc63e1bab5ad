/** `ultra ls`. @module */

import { orEnded } from "../base/interrupted.ts";
import { isPattern } from "../base/patterns.ts";
import { pause } from "../base/timers.ts";
import { DIAL_MS, RETRY_MS } from "../meet/dial.ts";
import type { Peer } from "../meet/join.ts";
import { askList } from "../serve/request.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE } from "./exit.ts";
import type { ListTask } from "./resolve.ts";
import { dialFor } from "./waiting.ts";

export async function listCommand(task: ListTask, context: CommandContext): Promise<number> {
  const { clock, timers, ended } = context;
  const endMs = clock.now() + Math.max(DIAL_MS, task.waitMs ?? 0);
  while (true) {
    const peer = await dialFor(task, task.peer, undefined, context);
    const mayAgain = clock.now() + RETRY_MS < endMs;
    if (await list(peer, task.path, context, mayAgain) === "listed") return EXIT_DONE;
    await orEnded(pause(RETRY_MS, timers), ended);
  }
}

/**
 * Asks for the list and tells it.
 *
 * @param mayAgain whether there is time for another connection
 * @returns "unmet": the other side was crowded and let this one go, and nothing was told
 */
async function list(
  { link, extra }: Peer,
  path: string | undefined,
  context: CommandContext,
  mayAgain: boolean,
): Promise<"listed" | "unmet"> {
  let isTold = false;
  const asked = askList(link, path, (entry) => {
    isTold = true;
    const { path: found, kind, size = 0, mtimeSeconds: modifiedSeconds, target } = entry;
    // Of a folder that was asked for by its name the contents are told; it comes first itself.
    if (kind === "folder" && found === path && !isPattern(path)) return;
    context.tell({ type: "listed", listed: { path: found, kind, bytes: size, modifiedSeconds, target } });
  }, context.timers);
  try {
    await orEnded(asked, context.ended);
    return "listed";
  } catch (error) {
    const end = link.isOver ? await link.over : undefined;
    if (isTold || !mayAgain || end === undefined || end.error !== error || !extra.isUnmet(end)) throw error;
    return "unmet";
  }
}
