/** `ultra recv`. @module */

import { resolve } from "node:path";
import { meetByTicket, nextPeer, startWaiting } from "../meet/meet.ts";
import type { ReceiveOptions } from "../session/incoming.ts";
import { systemAddresses } from "../meet/hints.ts";
import type { SinkId } from "../protocol/words.ts";
import { openSink, receive } from "../session/once.ts";
import { grantedLanes } from "../settings/budget.ts";
import type { CommandContext } from "./context.ts";
import { finish } from "./finish.ts";
import type { ReceiveTask } from "./resolve.ts";
import { showTicket } from "./ticket.ts";

export async function receiveCommand(
  task: ReceiveTask,
  context: CommandContext,
): Promise<number> {
  const { tell } = context;
  const { peer, tuning, stay } = task;
  const options: ReceiveOptions = {
    ...task.target,
    transfer: 1,
    overwrite: task.overwrite,
    restart: task.restart,
    hidden: task.hidden,
    links: task.links,
    preserve: task.preserve,
    noSync: task.noSync,
    allowLeftOut: task.allowLeftOut,
    lanes: grantedLanes(tuning),
    connections: tuning.connections,
  };
  // Before any peer is admitted: a folder that cannot be used is reported at once, and a stranger causes no file access at all.
  let ready: SinkId | undefined = openSink(options, context);
  const take = (): SinkId => {
    const sink = ready ?? openSink(options, context);
    ready = undefined;
    return sink;
  };
  try {
    if (peer.type === "dial") {
      const link = await meetByTicket(peer.ticket, "receive", tuning, context);
      return finish(await receive(take(), link, options, context), options, tell);
    }
    const { listener, ticket: text } = await startWaiting({
      role: "receive",
      endpoint: peer.endpoint,
      advertise: peer.advertise,
      machine: systemAddresses(context.hub.engine),
      longLived: stay,
      tuning,
    }, context);
    await showTicket(text, "receive", peer.ticketOut, tell);
    tell({ type: "receiving-into", folder: resolve(options.folder) });
    while (true) {
      tell({ type: "phase", phase: "waiting" });
      const link = await nextPeer(listener, context);
      const code = finish(await receive(take(), link, options, context), options, tell);
      if (!stay) return code;
      ready = openSink(options, context);
    }
  } finally {
    // No transfer took it.
    if (ready !== undefined) context.hub.engine.dispose(ready, "nothing");
  }
}
