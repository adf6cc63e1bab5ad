/** `ultra recv`. @module */

import { resolve } from "node:path";
import { meetByTicket, nextPeer, startWaiting } from "../meet/meet.ts";
import { openSink, receive, type ReceiveOptions } from "../session/incoming.ts";
import type { Context } from "../link/context.ts";
import { systemAddresses } from "../meet/hints.ts";
import { targetOf } from "./target.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { grantedLanes } from "../settings/budget.ts";
import type { ReceiveInvocation } from "./arguments.ts";
import { finish } from "./finish.ts";
import { showTicket } from "./ticket.ts";

export async function receiveCommand(
  invocation: ReceiveInvocation,
  ticket: Ticket | undefined,
  context: Context,
): Promise<number> {
  const { output } = context;
  const { peer, tuning, stay } = invocation;
  const options: ReceiveOptions = {
    ...await targetOf(invocation.into, invocation.target),
    overwrite: invocation.overwrite,
    hidden: invocation.hidden,
    allowLeftOut: invocation.allowLeftOut,
    lanes: grantedLanes(tuning),
    connections: tuning.connections,
  };
  // Before anybody is let in: a folder that cannot be used is told at once, and a stranger causes no file access at all.
  const sink = openSink(options, context);
  if (peer.type === "dial") {
    if (ticket === undefined) throw new Error("A dialer has a ticket");
    const link = await meetByTicket(ticket, "receive", tuning, context);
    return finish(await receive(sink, link, options, context), options, output);
  }
  const { listener, ticket: text } = await startWaiting({
    role: "receive",
    endpoint: peer.endpoint,
    advertise: peer.advertise,
    machine: systemAddresses(context.hub.engine),
    longLived: stay,
    tuning,
  }, context);
  await showTicket(text, "receive", peer.ticketOut, output);
  output.receivingInto(resolve(options.folder));
  output.phase("waiting");
  let next = sink;
  while (true) {
    const link = await nextPeer(listener, context);
    const code = finish(await receive(next, link, options, context), options, output);
    if (!stay) return code;
    next = openSink(options, context);
    output.phase("waiting");
  }
}
