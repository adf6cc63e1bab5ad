/** `ultra send`. @module */

import type { Met } from "../peer/join.ts";
import { meetByTicket, nextPeer, orEnded, startWaiting } from "../peer/meet.ts";
import { Offering, send } from "../peer/send.ts";
import type { Surroundings } from "../peer/surroundings.ts";
import { systemAddresses } from "../platform/addresses.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { addressClass } from "../tuning/address_class.ts";
import { addressOf } from "../platform/endpoints.ts";
import { senderPlan } from "../tuning/connections.ts";
import type { SendInvocation } from "./arguments.ts";
import { finish } from "./finish.ts";
import { showTicket } from "./ticket.ts";

export async function sendCommand(
  invocation: SendInvocation,
  ticket: Ticket | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const offering = Offering.ofPaths(invocation.paths, surroundings);
  await offering.started(surroundings);
  const peer = await offering.orFailed(orEnded(meet(invocation, ticket, offering, surroundings), surroundings));
  const { tuning } = invocation;
  const path = addressClass(addressOf(peer.link.remote));
  const plan = senderPlan({ path, cores: surroundings.cores, tuning });
  const { chunkBlocks, bytesPerSecond } = tuning;
  const { allowLeftOut } = invocation;
  const outcome = await send(offering, peer, { plan, chunkBlocks, bytesPerSecond, allowLeftOut }, surroundings);
  return finish(outcome, invocation, output);
}

async function meet(
  { peer, tuning }: SendInvocation,
  ticket: Ticket | undefined,
  offering: Offering,
  surroundings: Surroundings,
): Promise<Met> {
  if (peer.type === "dial") {
    if (ticket === undefined) throw new Error("A dialer has a ticket");
    return await meetByTicket(ticket, "send", tuning, surroundings);
  }
  const { output } = surroundings;
  const { listener, ticket: text } = await startWaiting({
    role: "send",
    endpoint: peer.endpoint,
    advertise: peer.advertise,
    machine: systemAddresses(surroundings.hub.engine),
    longLived: false,
    tuning,
  }, surroundings);
  await showTicket(text, "send", peer.ticketOut, output);
  const showOffer = () => offering.offered === undefined ? undefined : output.offering(offering.offered);
  showOffer();
  output.phase("waiting");
  const met = nextPeer(listener, surroundings);
  // A long walk is told when it ends, if nobody has come by then.
  if (offering.offered === undefined) await Promise.race([offering.known.then(showOffer), met]);
  return await met;
}
