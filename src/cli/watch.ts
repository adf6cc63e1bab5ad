/** `ultra watch`. @module */

import { join, resolve } from "node:path";
import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import { Offering } from "../session/offering.ts";
import { send } from "../session/once.ts";
import type { Summary } from "../transfer/outcome.ts";
import { missingCount } from "../transfer/left_out.ts";
import { Changes, WatchedFolder } from "../watch/folder.ts";
import type { Delivery } from "../watch/queue.ts";
import { QUIET_MS, watch } from "../watch/run.ts";
import type { CommandContext } from "./context.ts";
import { Keeping } from "./keeping.ts";
import type { WatchTask } from "./resolve.ts";
import { dialFor } from "./waiting.ts";

/** Runs until it is ended: by a signal, or by an error that would come again with every try. */
export async function watchCommand(task: WatchTask, context: CommandContext): Promise<number> {
  const path = resolve(task.folder);
  const folder = await WatchedFolder.open(path, task.then);
  const changes = new Changes(path);
  try {
    const keeping = await Keeping.begin({ ...task, paths: [path] }, context);
    context.tell({ type: "watching", folder: path, then: task.then, quietMs: QUIET_MS });
    const deliver = (names: readonly string[]) => delivered(names, path, task, keeping, context);
    return await watch(folder, changes, deliver, { keep: task.then === "keep" }, context);
  } finally {
    changes[Symbol.dispose]();
    folder[Symbol.dispose]();
  }
}

/** Sends items in one transfer. */
async function delivered(
  names: readonly string[],
  folder: string,
  task: WatchTask,
  keeping: Keeping,
  context: CommandContext,
): Promise<Delivery> {
  const offer = () => Offering.ofPaths(names.map((name) => join(folder, name)), task, context);
  let offering = offer();
  let failed: { readonly error: UltraError; readonly fromPeer: boolean };
  try {
    await offering.begun(context);
    const [peer] = await Promise.all([
      offering.orFailed(orEnded(dialFor(task, task.peer, keeping, context), context.ended)),
      offering.sized(context),
    ]);
    const outcome = await send(offering, peer, task, context, () => offering = offer());
    await keeping.over(outcome, peer);
    if (outcome.state === "running") throw new Error("The session ended before the transfer did");
    if (outcome.state === "finished") {
      // The receiver's user is content with another file. What was dropped has not arrived for that.
      if (outcome.summary.leftOut.counts.some(({ reason }) => reason === "kept")) return { type: "refused" };
      const isAll = task.allowLeftOut ? outcome.summary.exitKindIfAccepted : outcome.summary.exitKind;
      const nameOf = (entry: number) => context.hub.engine.name(offering.id, entry);
      return {
        type: "finished",
        missing: isAll === "done" ? new Set() : missingOf(outcome.summary, nameOf),
        // What the receiver had already is that by its size and time: enough to send it no more, and not to remove what may be the only copy.
        isPartial: missingCount(outcome.summary.leftOut) > 0 || outcome.summary.counts.presentFiles > 0,
      };
    }
    failed = outcome;
  } catch (error) {
    if (!(error instanceof UltraError)) throw error;
    failed = { error, fromPeer: false };
  } finally {
    offering.close(context);
  }
  return failure(failed, names.length, context);
}

/** Which names at the top level did not arrive as a whole; `unknown` when not all failures have names. */
function missingOf(summary: Summary, nameOf: (entry: number) => string | undefined): ReadonlySet<string> | "unknown" {
  const { failures, counts, leftOut } = summary;
  const paths = failures.map(({ entry }) => nameOf(entry));
  const hasAll = failures.length === counts.failed && missingCount(leftOut) === 0 && !paths.includes(undefined);
  return hasAll ? new Set(paths.flatMap((path) => path?.split("/")[0] ?? [])) : "unknown";
}

/** @throws {UltraError} what would come again with every try: another ticket, another version, a side that takes nothing, a bug */
function failure(
  { error, fromPeer }: { readonly error: UltraError; readonly fromPeer: boolean },
  items: number,
  { tell }: CommandContext,
): Delivery {
  // Several may be too many for the other side; one alone is all that it could be asked to take.
  if (error.kind === "usage" && fromPeer && items === 1) {
    throw new UltraError("usage", `The other side does not take this: ${error.message}`, { cause: error });
  }
  switch (error.kind) {
    case "authentication":
    case "protocol":
    case "internal":
      throw error;
    case "network":
      tell({ type: "error", error, fromPeer });
      return { type: "lost" };
    case "usage":
    case "disk":
    case "integrity":
    case "source-changed":
      tell({ type: "error", error, fromPeer });
      return { type: "refused" };
  }
}
