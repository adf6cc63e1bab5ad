/** `ultra serve`. @module */

import { resolve } from "node:path";
import { answering, type ServeSite } from "../serve/answer.ts";
import { type Conversation, hostClients, PROGRESS_MS } from "../serve/clients.ts";
import { Listings } from "../serve/listings.ts";
import { SharedRate } from "../serve/rate.ts";
import { openShares } from "../serve/shares.ts";
import type { ReceiveOptions } from "../session/incoming.ts";
import { closeSink, openSink } from "../session/sink.ts";
import { USUAL_CHOICES } from "../session/offering.ts";
import { receive, type RunOptions } from "../session/once.ts";
import { grantedLanes } from "../settings/budget.ts";
import type { CommandContext } from "./context.ts";
import { lastingOptions } from "./lasting.ts";
import type { ServeTask } from "./resolve.ts";
import { wait } from "./waiting.ts";

export async function serveCommand(task: ServeTask, context: CommandContext): Promise<number> {
  const { hub, tell, timers } = context;
  const { folders, accept, maxClients, links, preserve, tuning, allowSleep, retryForMs } = task;
  const { bytesPerSecond } = tuning;
  // Before any peer is admitted: a folder that cannot be used is reported at once.
  const shares = await openShares(folders, context);
  const site: ServeSite = {
    shares,
    listings: new Listings(shares.id, { ...USUAL_CHOICES, links, preserve }, context),
    rate: bytesPerSecond === undefined ? undefined : new SharedRate(bytesPerSecond, hub.engine, timers),
    // What a client asks for and is not there is told, and no failure of this side.
    options: { tuning, allowLeftOut: true, allowSleep, retryForMs, progressMs: PROGRESS_MS },
    take: accept === undefined ? undefined : await taking(task, accept, context),
  };
  const waiting = await wait(task, task.peer, undefined, context);
  tell({ type: "serving", served: { names: shares.names, accept: accept && resolve(accept), maxClients } });
  tell({ type: "phase", phase: "waiting" });
  return await hostClients({ next: () => waiting.next(), maxClients, converse: answering(site) }, context);
}

/** Receives what clients send, each into the same folder. */
async function taking(task: ServeTask, folder: string, context: CommandContext): Promise<Conversation> {
  const { tuning, existing, hidden, links, preserve, noSync, allowSleep, retryForMs } = task;
  const options: ReceiveOptions & RunOptions = {
    ...{ folder, create: false, rename: undefined, restart: false, allowLeftOut: false },
    ...{ existing, hidden, links, preserve, noSync, allowSleep, retryForMs },
    lanes: grantedLanes(tuning),
    connections: tuning.connections,
    ...await lastingOptions(folder, context),
  };
  await closeSink(openSink(options, context), context);
  return (peer, own) => receive(openSink(options, own), peer, options, own);
}
