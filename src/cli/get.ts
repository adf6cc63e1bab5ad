/** `ultra get`. @module */

import { answersRequests } from "../auth/features.ts";
import type { Peer } from "../meet/join.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { Selection } from "../serve/selection.ts";
import type { ReceiveOptions } from "../session/incoming.ts";
import { closeSink, openSink } from "../session/sink.ts";
import { receive, type RunOptions } from "../session/once.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, exitCodeOfKind } from "./exit.ts";
import { finish } from "./finish.ts";
import { Keeping } from "./keeping.ts";
import { receiveOptions } from "./receiving.ts";
import type { GetTask } from "./resolve.ts";
import { dialFor } from "./waiting.ts";

export async function getCommand(task: GetTask, context: CommandContext): Promise<number> {
  const { paths, peer } = task;
  const usual = receiveOptions(task);
  const sink = openSink(usual, context);
  let isTaken = false;
  try {
    const keeping = await Keeping.begin(task, context);
    const met = await dialFor(task, peer, keeping, context);
    isTaken = true;
    const selection = isAsked(peer.ticket, met) ? undefined : new Selection(paths);
    const options: ReceiveOptions & RunOptions = selection === undefined ? { ...usual, paths } : {
      ...usual,
      isWanted: (path, kind) => selection.takes(path, kind),
    };
    const outcome = await keeping.during(context, (own) => receive(sink, met, options, own));
    await keeping.over(outcome, met);
    const code = finish(outcome, options, context.tell);
    return selection === undefined ? code : missed(selection, code, outcome, sink, context);
  } finally {
    if (!isTaken) await closeSink(sink, context);
  }
}

/** Whether the other side waits to be asked. A sender offers what it wants to, and what was not asked for is not taken. */
function isAsked({ role }: Ticket, { proved }: Peer): boolean {
  return role === "identity" ? answersRequests(proved.peer) : role === "serve";
}

/** What was asked for and not offered counts as missing here; the sender has sent all that was wanted of it. */
function missed(
  { missing }: Selection,
  code: number,
  outcome: Outcome,
  transfer: number,
  { tell }: CommandContext,
): number {
  if (outcome.state !== "finished" || missing.length === 0) return code;
  for (const path of missing) {
    tell({ type: "file-failed", failure: { path, kind: "disk", text: "not found" }, transfer });
  }
  if (code !== EXIT_DONE) return code;
  const { committed, present } = outcome.summary.counts;
  return exitCodeOfKind(committed + present === 0 && missing.length === 1 ? "disk" : "some-failed");
}
