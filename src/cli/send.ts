/** `ultra send`. @module */

import type { Peer } from "../meet/join.ts";
import { meetByTicket, nextPeer, orEnded, startWaiting } from "../meet/meet.ts";
import { Offering, send } from "../session/outgoing.ts";
import type { Context } from "../link/context.ts";
import { systemAddresses } from "../meet/hints.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { distanceOf } from "../settings/distance.ts";
import { addressOf } from "../base/endpoints.ts";
import { senderPlan } from "../settings/connections.ts";
import type { SendInvocation } from "./arguments.ts";
import { finish } from "./finish.ts";
import { showTicket } from "./ticket.ts";

export async function sendCommand(
  invocation: SendInvocation,
  ticket: Ticket | undefined,
  context: Context,
): Promise<number> {
  const { output } = context;
  const offering = Offering.ofPaths(invocation.paths, context);
  await offering.started(context);
  const peer = await offering.orFailed(orEnded(meet(invocation, ticket, offering, context), context));
  const { tuning } = invocation;
  const path = distanceOf(addressOf(peer.link.remote));
  const plan = senderPlan({ path, cores: context.cores, tuning });
  const { chunkBlocks, bytesPerSecond } = tuning;
  const { allowLeftOut } = invocation;
  const outcome = await send(offering, peer, { plan, chunkBlocks, bytesPerSecond, allowLeftOut }, context);
  return finish(outcome, invocation, output);
}

async function meet(
  { peer, tuning }: SendInvocation,
  ticket: Ticket | undefined,
  offering: Offering,
  context: Context,
): Promise<Peer> {
  if (peer.type === "dial") {
    if (ticket === undefined) throw new Error("A dialer has a ticket");
    return await meetByTicket(ticket, "send", tuning, context);
  }
  const { output } = context;
  const { listener, ticket: text } = await startWaiting({
    role: "send",
    endpoint: peer.endpoint,
    advertise: peer.advertise,
    machine: systemAddresses(context.hub.engine),
    longLived: false,
    tuning,
  }, context);
  await showTicket(text, "send", peer.ticketOut, output);
  const showOffer = () => offering.offered === undefined ? undefined : output.offering(offering.offered);
  showOffer();
  output.phase("waiting");
  const met = nextPeer(listener, context);
  // A long walk is told when it ends, if nobody has come by then.
  if (offering.offered === undefined) await Promise.race([offering.known.then(showOffer), met]);
  return await met;
}
