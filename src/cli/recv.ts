/** `ultra recv`. @module */

import { resolve } from "node:path";
import type { Peer } from "../meet/join.ts";
import { hostClients, MOST_CLIENTS } from "../serve/clients.ts";
import { lastingOptions } from "./lasting.ts";
import type { Arrived } from "../session/arrived.ts";
import type { RunContext } from "../session/events.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { closeSink, openSink } from "../session/sink.ts";
import type { SinkId } from "../protocol/words.ts";
import { receive } from "../session/once.ts";
import { keepArrived, openClipboard } from "./clipboard.ts";
import type { CommandContext } from "./context.ts";
import { finish } from "./finish.ts";
import { Keeping } from "./keeping.ts";
import { receiveOptions } from "./receiving.ts";
import type { ReceiveTask } from "./resolve.ts";
import { dialFor, wait } from "./waiting.ts";

export async function receiveCommand(
  task: ReceiveTask,
  context: CommandContext,
): Promise<number> {
  const { tell } = context;
  const { peer, stay } = task;
  const options = receiveOptions(task);
  if (task.clipboard) await openClipboard(context);
  // Before any peer is admitted: a folder that cannot be used is reported at once, and a stranger causes no file access at all.
  // A receiver that stays keeps this one, for the folder that it may have made: no single transfer may take that back.
  let ready: SinkId | undefined = openSink(options, context);
  void tellPreviousVersions(options.folder, context);
  const take = (): SinkId => {
    if (stay || ready === undefined) return openSink({ ...options, create: false }, context);
    const sink = ready;
    ready = undefined;
    return sink;
  };
  try {
    const keeping = await Keeping.begin(task, context);
    const one = async (met: Peer, chosen: typeof options, own: RunContext): Promise<Outcome> => {
      let arrived: Arrived | undefined;
      const onArrived = task.clipboard ? (it: Arrived) => void (arrived = it) : undefined;
      const outcome = await receive(take(), met, { ...chosen, onArrived }, own);
      await keeping.over(outcome, met);
      if (arrived !== undefined) await keepArrived(arrived, task.raw, context);
      return outcome;
    };
    const serve = async (met: Peer): Promise<number> => {
      return finish(await keeping.during(context, (own) => one(met, options, own)), options, tell);
    };
    if (peer.type === "dial") return await serve(await dialFor(task, peer, keeping, context));
    const waiting = await wait(task, peer, keeping, context);
    tell({ type: "receiving-into", folder: resolve(options.folder), existing: task.existing });
    tell({ type: "phase", phase: "waiting" });
    if (!stay) return await serve(await waiting.next());
    const lasting = { ...options, ...await lastingOptions(options.folder, context) };
    return await hostClients({
      next: () => waiting.next(),
      maxClients: MOST_CLIENTS,
      converse: (met, own) => one(met, lasting, own),
    }, context);
  } finally {
    // No transfer took it.
    if (ready !== undefined) await closeSink(ready, context);
  }
}

/** Beside what happens: nothing waits for it. */
async function tellPreviousVersions(folder: string, { hub, tell }: CommandContext): Promise<void> {
  // What cannot be listed is found out by who looks for it.
  const cleaned = await hub.clean({ folder, below: false, remove: false }).catch(() => undefined);
  for (const { kind, state, path, name } of cleaned?.leftovers ?? []) {
    if (kind !== "previous-version" || state === "in-use") continue;
    tell({ type: "warning", warning: { about: "previous-version", path, name } });
  }
}
