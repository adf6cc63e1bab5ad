/** `ultra send`. @module */

import { orEnded } from "../base/interrupted.ts";
import type { Peer } from "../meet/join.ts";
import { meetByTicket, nextPeer, startWaiting } from "../meet/meet.ts";
import { systemAddresses } from "../meet/hints.ts";
import { Offering } from "../session/offering.ts";
import { send } from "../session/once.ts";
import type { CommandContext } from "./context.ts";
import { finish } from "./finish.ts";
import type { SendTask } from "./resolve.ts";
import { showTicket } from "./ticket.ts";

export async function sendCommand(
  task: SendTask,
  context: CommandContext,
): Promise<number> {
  const { tell } = context;
  const offer = () => Offering.ofPaths(task.paths, task, context);
  const offering = offer();
  await offering.begun(context);
  const [peer] = await Promise.all([
    offering.orFailed(orEnded(meet(task, offering, context), context.ended)),
    offering.sized(context),
  ]);
  const outcome = await send(offering, peer, { ...task, transfer: 1 }, context, offer);
  return finish(outcome, task, tell);
}

async function meet(
  { peer, tuning }: SendTask,
  offering: Offering,
  context: CommandContext,
): Promise<Peer> {
  if (peer.type === "dial") {
    return await meetByTicket(peer.ticket, "send", tuning, context);
  }
  const { tell } = context;
  const { listener, ticket: text } = await startWaiting({
    role: "send",
    endpoint: peer.endpoint,
    advertise: peer.advertise,
    machine: systemAddresses(context.hub.engine),
    longLived: false,
    tuning,
  }, context);
  await showTicket(text, "send", peer.ticketOut, tell);
  const showOffer = () => {
    const { offered } = offering;
    if (offered !== undefined) tell({ type: "offering", offered });
  };
  showOffer();
  tell({ type: "phase", phase: "waiting" });
  const met = nextPeer(listener, context);
  // A long walk is reported when it ends, unless a receiver has come by then.
  if (offering.offered === undefined) await Promise.race([offering.known.then(showOffer), met]);
  return await met;
}
