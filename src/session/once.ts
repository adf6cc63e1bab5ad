/**
 * One transfer over a link of its own, as `send`, `recv` and each phase of `test` have it: hangs up behind it.
 *
 * @module
 */

import type { Peer } from "../meet/join.ts";
import type { SinkId } from "../protocol/words.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { RunContext } from "./events.ts";
import type { ReceiveOptions } from "./incoming.ts";
import { LinkTransfers } from "./link_transfers.ts";
import type { Offering } from "./offering.ts";
import type { SendOptions } from "./outgoing.ts";
import type { RetryOptions } from "./transfer.ts";

/** What holds for a run of either direction. */
export interface RunOptions extends RetryOptions {
  /** Whether the machine may go to sleep meanwhile. */
  readonly allowSleep: boolean;
}

/**
 * Sends an offering over a link whose other end has proved itself.
 *
 * @param again makes the same offering anew, for a receiver that was started again
 */
export function send(
  offering: Offering,
  peer: Peer,
  options: SendOptions & RunOptions,
  context: RunContext,
  again: () => Offering,
): Promise<Outcome> {
  return once(peer, options, context, (transfers) => transfers.send(offering, options, again));
}

/** Receives one transfer into `sink` over a link whose other end has proved itself. The sink is disposed of at the end. */
export function receive(
  sink: SinkId,
  peer: Peer,
  options: ReceiveOptions & RunOptions,
  context: RunContext,
): Promise<Outcome> {
  return once(peer, options, context, (transfers) => transfers.receive(sink, options));
}

async function once(
  peer: Peer,
  options: RunOptions,
  context: RunContext,
  act: (transfers: LinkTransfers) => Promise<Outcome>,
): Promise<Outcome> {
  using _awake = options.allowSleep ? undefined : context.hub.engine.stayAwake();
  const transfers = new LinkTransfers(peer, options, context);
  try {
    return await act(transfers);
  } finally {
    await transfers.hangUp();
  }
}
