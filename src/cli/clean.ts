/** `ultra clean`. @module */

import { orEnded } from "../base/interrupted.ts";
import type { Hub } from "../link/hub.ts";
import type { CleanInvocation } from "./invocation.ts";
import type { Tell } from "./context.ts";
import { EXIT_DONE, exitCodeOfKind } from "./exit.ts";

/** What `ultra clean` needs of the world. */
export interface CleanContext {
  readonly hub: Hub;
  readonly tell: Tell;
  readonly ended: AbortSignal;
  /** The time of day, in milliseconds since 1970: files have no other. */
  readonly today: () => number;
}

/** @returns 0; 3 when something could not be removed or searched, 4 when nothing that was to go went */
export async function cleanCommand({ folder, remove }: CleanInvocation, context: CleanContext): Promise<number> {
  const { hub, tell, ended, today } = context;
  const { leftovers, unread } = await orEnded(hub.clean({ folder, below: true, remove }), ended);
  const now = today() / 1000;
  for (const leftover of leftovers) {
    tell({ type: "leftover", leftover, ageSeconds: Math.max(0, Math.round(now - leftover.modified)) });
  }
  const gone = leftovers.filter(({ state }) => state === "removed");
  const bytes = (remove ? gone : leftovers).reduce((sum, leftover) => sum + leftover.bytes, 0);
  tell({
    type: "cleaned",
    cleaned: { folder, remove, count: leftovers.length, removed: gone.length, bytes, unread },
  });
  const failed = leftovers.some(({ state }) => state === "failed");
  if (failed && gone.length === 0) return exitCodeOfKind("disk");
  return failed || unread.length > 0 ? exitCodeOfKind("some-failed") : EXIT_DONE;
}
