/**
 * The transfers of one proved link, strictly one after the other: `docs/protocol.md`, "Several transfers on a link".
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { Interrupted, interruption, isInterruption } from "../base/interrupted.ts";
import { atMost, pause } from "../base/timers.ts";
import { RETRY_MS } from "../meet/dial.ts";
import type { Peer } from "../meet/join.ts";
import { CLOSE_INTERRUPTED, EXIT_CODES } from "../protocol/codes.ts";
import type { SinkId } from "../protocol/words.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { RunContext } from "./events.ts";
import { Incoming, type ReceiveOptions } from "./incoming.ts";
import { openSink } from "./sink.ts";
import type { Offering } from "./offering.ts";
import { Outgoing, type SendOptions } from "./outgoing.ts";
import type { Side } from "./side.ts";
import { type RetryOptions, Transfer } from "./transfer.ts";

/** How long a finished sender waits for the receiver to hang up, so that `bye` is not lost. */
const HANG_UP_MS = 2000;

type LinkState =
  /** From the start, and from itself with each transfer that ends well. */
  | { readonly at: "free"; /** What this side was in the last one. */ readonly last: Side["role"] | undefined }
  /** From `free`, when a transfer failed, or lost its link behind its end: it has closed the link. Final. */
  | { readonly at: "ended" };

/**
 * Numbers the transfers, as the other side does, and lets the next one begin when nothing of the one before is left. A transfer that fails as a
 * whole ends its link; one in which files failed does not.
 */
export class LinkTransfers {
  readonly #context: RunContext;
  readonly #options: RetryOptions;
  /** Whoever is at the other end, on the link that carries what follows: another one after each lost connection. */
  #peer: Peer;
  /** Transfers that have begun: the number of the last one. */
  #begun = 0;
  #isRunning = false;
  #state: LinkState = { at: "free", last: undefined };
  /** Resolved when what the last transfer leaves behind is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  /** Since when the other side proves itself on one connection after the other, and says nothing behind that. */
  #unheardSinceMs: number | undefined;

  constructor(peer: Peer, options: RetryOptions, context: RunContext) {
    this.#peer = peer;
    this.#options = options;
    this.#context = context;
  }

  /**
   * Sends an offering. Its source stays its owner's.
   *
   * @param again makes the same offering anew: a receiver that was started again has forgotten the first one, not the files
   */
  async send(offering: Offering, options: SendOptions, again: () => Offering): Promise<Outcome> {
    for (let current = offering;; current = again()) {
      const outgoing = new Outgoing(current, this.#begin(), options, this.#context, this.#peer.format);
      const outcome = await this.#run(outgoing);
      if (outcome !== undefined) {
        outgoing.report(outcome);
        return outcome;
      }
      this.#context.hub.engine.dispose(current.id, "nothing");
    }
  }

  /** Receives what the other side offers next. The sink is disposed of behind it. */
  async receive(sink: SinkId, options: ReceiveOptions): Promise<Outcome> {
    for (let current = sink;; current = openSink(options, this.#context)) {
      const incoming = new Incoming(current, this.#begin(), options, this.#context, this.#peer.format);
      try {
        const outcome = await this.#run(incoming);
        if (outcome !== undefined) {
          incoming.report(outcome);
          return outcome;
        }
      } finally {
        // Behind the connections, so that nothing is written any more when the parts are left in good order.
        this.#gone = this.#gone.then(() => incoming.dispose());
      }
      // The next sink takes up what this one leaves.
      await incoming.disposed;
    }
  }

  /** Ends the link behind the last transfer; resolved when it is gone, and all that belonged to its transfers. */
  async hangUp(): Promise<void> {
    await Promise.all([this.#gone, this.#close()]);
  }

  async #close(): Promise<void> {
    const { link } = this.#peer;
    if (this.#state.at === "ended") return;
    // The receiver hangs up when it has `bye`; the sender waits for that, so that `bye` is not lost.
    if (this.#state.last === "sender") await atMost(HANG_UP_MS, link.over, this.#context.timers);
    await link.close(0);
  }

  #begin(): number {
    if (this.#isRunning) throw new Error("A link carries one transfer at a time");
    this.#isRunning = true;
    return ++this.#begun;
  }

  /**
   * Runs a transfer to its end; `undefined`: the other side was started again, and transfers are numbered anew on its link.
   *
   * @throws {Interrupted} when the user ended the run
   * @throws {UltraError} when the link ended before the transfer began
   */
  async #run(side: Side): Promise<Outcome | undefined> {
    try {
      await this.#gone;
      return await this.#runOn(this.#peer, side);
    } finally {
      this.#isRunning = false;
    }
  }

  async #runOn(peer: Peer, side: Side): Promise<Outcome | undefined> {
    // (Behind the proof the other side may have said why it left; the transfer gets to hear it.)
    if (this.#begun > 1 && peer.link.isOver) throw (await peer.link.over).error;
    const { ended } = this.#context;
    // In the older format nothing could go on after a lost connection.
    const options = peer.format === "blazing" ? { ...this.#options, retryForMs: 0 } : this.#options;
    const transfer = new Transfer(side, options, this.#context, this.#unheardSinceMs);
    let interrupted: Interrupted | undefined;
    const onEnded = () => {
      interrupted = new Interrupted(String(ended.reason));
      if (ended.reason instanceof UltraError) return transfer.cancel(ended.reason);
      // Everything is there, and the sender may know it already: its `bye` comes in a moment. The command bounds how long an end may take.
      const isConfirming = side.role === "receiver" && side.machine.phase === "confirming";
      if (!isConfirming || transfer.state.at !== "active") transfer.cancel(interruption());
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
    if (state.successor !== undefined) {
      side.tell({ type: "peer-restarted" });
      this.#peer = state.successor.peer;
      this.#begun = 0;
      const { clock, timers } = this.#context;
      // What says nothing on one connection after the other is not asked without a pause, nor for ever.
      this.#unheardSinceMs = transfer.isHeard ? undefined : this.#unheardSinceMs ?? clock.now();
      this.#gone = Promise.all([state.successor.gone, transfer.isHeard ? undefined : pause(RETRY_MS, timers)]);
      return undefined;
    }
    const code = codeOf(outcome);
    const last = state.peer;
    const isFree = outcome.state === "finished" && side.isLinkFree && last !== undefined;
    if (last !== undefined) this.#peer = last;
    this.#state = isFree ? { at: "free", last: side.role } : { at: "ended" };
    this.#gone = Promise.all([isFree ? undefined : last?.link.close(code), transfer.closeExtra(code)]);
    // What both sides had agreed on by then is complete.
    if (interrupted !== undefined && outcome.state !== "finished") throw interrupted;
    return outcome;
  }
}

function codeOf(outcome: Outcome): number {
  if (outcome.state === "finished") return 0;
  if (outcome.state === "failed" && !outcome.fromPeer && isInterruption(outcome.error)) return CLOSE_INTERRUPTED;
  return outcome.state === "failed" ? EXIT_CODES[outcome.error.kind] : EXIT_CODES.network;
}
