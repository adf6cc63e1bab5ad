/**
 * One transfer over a link of its own, as `send`, `recv` and each phase of `test` have it: hangs up behind it. When the other side was
 * started again meanwhile, another transfer follows over what is there.
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

/** What holds for a run of either direction. */
export interface RetryOptions {
  /** How long a lost connection is waited for, 0: not at all. */
  readonly retryForMs: number;
}

/**
 * Sends an offering over a link whose other end has proved itself.
 *
 * @param again makes the same offering anew, for a receiver that was started again
 */
export async function send(
  offering: Offering,
  peer: Peer,
  options: SendOptions & RetryOptions,
  context: RunContext,
  again: () => Offering,
): Promise<Outcome> {
  for (let [current, met] = [offering, peer];; current = again()) {
    const outgoing = new Outgoing(current, options, context);
    const end = await once(outgoing, met, options, context);
    if (end.type === "over") {
      outgoing.report(end.outcome);
      return end.outcome;
    }
    context.hub.engine.dispose(current.id);
    met = end.successor;
  }
}

/** Opens the folder to receive into. Done before any peer is admitted, so that a wrong one is reported at once. */
export function openSink(options: ReceiveOptions, { hub }: Context): SinkId {
  const { folder, overwrite, hidden, rename, links, preserve, noSync } = options;
  const decided = { overwrite, hidden, rename, links, preserve, noSync };
  return hub.engine.sink({ folder, create: false, discard: false, ...decided });
}

/** Receives one transfer into `sink` over a link whose other end has proved itself. The sink is disposed of at the end. */
export async function receive(
  sink: SinkId,
  peer: Peer,
  options: ReceiveOptions & RetryOptions,
  context: RunContext,
): Promise<Outcome> {
  for (let [current, met] = [sink, peer];; current = openSink(options, context)) {
    const end = await receiveOnce(current, met, options, context);
    if (end.type === "over") return end.outcome;
    met = end.successor;
  }
}

async function receiveOnce(
  sink: SinkId,
  peer: Peer,
  options: ReceiveOptions & RetryOptions,
  context: RunContext,
): Promise<End> {
  const incoming = new Incoming(sink, options, context);
  try {
    const end = await once(incoming, peer, options, context);
    if (end.type === "over") incoming.report(end.outcome);
    return end;
  } finally {
    await incoming.dispose();
  }
}

type End =
  | { readonly type: "over"; readonly outcome: Outcome }
  /** The other side was started again, and waits on this link. */
  | { readonly type: "restarted"; readonly successor: Peer };

/** @throws {Interrupted} when the user ended the run */
async function once(side: Side, peer: Peer, { retryForMs }: RetryOptions, context: RunContext): Promise<End> {
  const { ended } = context;
  const transfer = new Transfer(side, retryForMs, context);
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
  } finally {
    ended.removeEventListener("abort", onEnded);
  }
  const { outcome, state } = transfer;
  if (state.at !== "finished") throw new Error(`A transfer that is ${state.at} is at rest`);
  const { link, successor } = state;
  if (successor !== undefined) {
    side.tell({ type: "peer-restarted" });
    return { type: "restarted", successor };
  }
  const code = codeOf(outcome);
  await Promise.all([link && hangUp(link, outcome, side.role, context), transfer.closeExtra(code)]);
  if (interrupted !== undefined) throw interrupted;
  return { type: "over", outcome: transfer.outcome };
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
