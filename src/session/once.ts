/**
 * One transfer over a link of its own, as `send`, `recv` and each phase of `test` have it: hangs up behind it. A connection that is lost
 * ends it.
 *
 * @module
 */

import type { Context } from "../link/context.ts";
import type { Peer } from "../meet/join.ts";
import type { SinkId } from "../protocol/words.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { RunContext } from "./events.ts";
import type { ReceiveOptions } from "./incoming.ts";
import { LinkTransfers } from "./link_transfers.ts";
import type { Offering } from "./offering.ts";
import type { SendOptions } from "./outgoing.ts";

/** Sends an offering over a link whose other end has proved itself. */
export function send(
  offering: Offering,
  peer: Peer,
  options: SendOptions,
  context: RunContext,
): Promise<Outcome> {
  return once(peer, options, context, (transfers) => transfers.send(offering, options));
}

/** Opens the folder to receive into. Done before any peer is admitted, so that a wrong one is reported at once. */
export function openSink(options: ReceiveOptions, { hub }: Context): SinkId {
  const { folder, overwrite, hidden, rename, links, preserve, noSync } = options;
  const decided = { overwrite, hidden, rename, links, preserve, noSync };
  return hub.engine.sink({ folder, create: false, discard: false, ...decided });
}

/** Receives one transfer into `sink` over a link whose other end has proved itself. The sink is disposed of at the end. */
export function receive(
  sink: SinkId,
  peer: Peer,
  options: ReceiveOptions,
  context: RunContext,
): Promise<Outcome> {
  return once(peer, options, context, (transfers) => transfers.receive(sink, options));
}

async function once(
  peer: Peer,
  { allowSleep }: { readonly allowSleep: boolean },
  context: RunContext,
  act: (transfers: LinkTransfers) => Promise<Outcome>,
): Promise<Outcome> {
  using _awake = allowSleep ? undefined : context.hub.engine.stayAwake();
  const transfers = new LinkTransfers(peer, context);
  try {
    return await act(transfers);
  } finally {
    await transfers.hangUp();
  }
}
