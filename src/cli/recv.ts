/** `ultra recv`. @module */

import { resolve } from "node:path";
import { meetByTicket, nextPeer, startWaiting } from "../peer/meet.ts";
import { openSink, receive, type ReceiveOptions } from "../peer/receive.ts";
import type { Surroundings } from "../peer/surroundings.ts";
import { systemAddresses } from "../platform/addresses.ts";
import { targetOf } from "../platform/target.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { grantedLanes } from "../tuning/budget.ts";
import type { ReceiveInvocation } from "./arguments.ts";
import { finish } from "./finish.ts";
import { showTicket } from "./ticket.ts";

export async function receiveCommand(
  invocation: ReceiveInvocation,
  ticket: Ticket | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
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
  const sink = openSink(options, surroundings);
  if (peer.type === "dial") {
    if (ticket === undefined) throw new Error("A dialer has a ticket");
    const link = await meetByTicket(ticket, "receive", tuning, surroundings);
    return finish(await receive(sink, link, options, surroundings), options, output);
  }
  const { listener, ticket: text } = await startWaiting({
    role: "receive",
    endpoint: peer.endpoint,
    advertise: peer.advertise,
    machine: systemAddresses(surroundings.hub.engine),
    longLived: stay,
    tuning,
  }, surroundings);
  await showTicket(text, "receive", peer.ticketOut, output);
  output.receivingInto(resolve(options.folder));
  output.phase("waiting");
  let next = sink;
  while (true) {
    const link = await nextPeer(listener, surroundings);
    const code = finish(await receive(next, link, options, surroundings), options, output);
    if (!stay) return code;
    next = openSink(options, surroundings);
    output.phase("waiting");
  }
}
