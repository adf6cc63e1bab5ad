/**
 * One transfer over a link of its own, as `send`, `recv` and each phase of `test` have it: hangs up behind it. A connection that is lost
 * ends it.
 *
 * @module
 */

import { Interrupted, interruption, isInterruption } from "../base/interrupted.ts";
import { atMost } from "../base/timers.ts";
import type { Context } from "../link/context.ts";
import type { ControlLink } from "../link/control_link.ts";
import type { Peer } from "../meet/join.ts";
import { CLOSE_INTERRUPTED, EXIT_CODES } from "../protocol/codes.ts";
import type { SinkId } from "../protocol/words.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { RunContext } from "./events.ts";
import { Incoming, type ReceiveOptions } from "./incoming.ts";
import type { Offering } from "./offering.ts";
import { Outgoing, type SendOptions } from "./outgoing.ts";
import type { Side } from "./side.ts";
import { Transfer } from "./transfer.ts";

/** How long a finished sender waits for the receiver to hang up, so that `bye` is not lost. */
const HANG_UP_MS = 2000;

/** Sends an offering over a link whose other end has proved itself. */
export async function send(
  offering: Offering,
  peer: Peer,
  options: SendOptions,
  context: RunContext,
): Promise<Outcome> {
  const outgoing = new Outgoing(offering, options, context);
  const outcome = await once(outgoing, peer, context);
  outgoing.report(outcome);
  return outcome;
}

/** Opens the folder to receive into. Done before any peer is admitted, so that a wrong one is reported at once. */
export function openSink(options: ReceiveOptions, { hub }: Context): SinkId {
  const { folder, overwrite, restart, hidden, rename, links, preserve, noSync } = options;
  const decided = { overwrite, restart, hidden, rename, links, preserve, noSync };
  return hub.engine.sink({ folder, create: false, discard: false, ...decided });
}

/** Receives one transfer into `sink` over a link whose other end has proved itself. The sink is disposed of at the end. */
export async function receive(
  sink: SinkId,
  peer: Peer,
  options: ReceiveOptions,
  context: RunContext,
): Promise<Outcome> {
  const incoming = new Incoming(sink, options, context);
  try {
    const outcome = await once(incoming, peer, context);
    incoming.report(outcome);
    return outcome;
  } finally {
    await incoming.dispose();
  }
}

/** @throws {Interrupted} when the user ended the run */
async function once(side: Side, peer: Peer, context: RunContext): Promise<Outcome> {
  const { ended } = context;
  const transfer = new Transfer(side, context);
  let interrupted: Interrupted | undefined;
  const onEnded = () => {
    interrupted = new Interrupted(String(ended.reason));
    transfer.cancel(interruption());
  };
  ended.addEventListener("abort", onEnded);
  try {
    transfer.connect(peer);
    if (ended.aborted) onEnded();
    await transfer.rest;
    // Without reconnection (a later version has it) a lost connection ends a transfer that still runs.
    if (transfer.state.at === "disconnected") transfer.cancel(transfer.state.end.error);
  } finally {
    ended.removeEventListener("abort", onEnded);
  }
  const code = codeOf(transfer.outcome);
  await Promise.all([hangUp(peer.link, transfer.outcome, side.role, context), transfer.closeExtra(code)]);
  if (interrupted !== undefined) throw interrupted;
  return transfer.outcome;
}

async function hangUp(link: ControlLink, outcome: Outcome, role: Side["role"], { timers }: Context): Promise<void> {
  // The receiver hangs up when it has `bye`; the sender waits for that, so that `bye` is not lost.
  if (outcome.state === "finished" && role === "sender") await atMost(HANG_UP_MS, link.over, timers);
  await link.close(codeOf(outcome));
}

function codeOf(outcome: Outcome): number {
  if (outcome.state === "finished") return 0;
  if (outcome.state === "failed" && !outcome.fromPeer && isInterruption(outcome.error)) return CLOSE_INTERRUPTED;
  return outcome.state === "failed" ? EXIT_CODES[outcome.error.kind] : EXIT_CODES.network;
}
