/**
 * What both machines share: how a transfer ends, and what a lost link does to messages.
 *
 * @module
 */

import { type ErrorKind, UltraError } from "../base/errors.ts";
import type { TransferMessage } from "../protocol/messages.ts";
import { type Outcome, type Summary, violation, wireText } from "./outcome.ts";

export type WireState =
  /** From the start, and from `positioning` when the peer's position has come; to `down`. */
  | "up"
  /** From `up` or `positioning`; to `positioning` with another connection. Nothing can be sent, and nothing is kept: it is repeated. */
  | "down"
  /** From `down`, with the own position sent; to `up`. Both sides stay silent until they know what the other has. */
  | "positioning";

/** Messages that are for a machine's owner. */
const OWNERS: ReadonlySet<TransferMessage["type"]> = new Set(["heartbeat", "want-connections", "report"]);

export interface ExchangeOptions {
  /** How a failure of this side reads on the other one. */
  readonly describe: (error: UltraError) => string;
  /** The number of the transfer on its link. */
  readonly transfer: number;
}

export class Exchange {
  readonly #send: (message: TransferMessage) => void;
  readonly #describe: (error: UltraError) => string;
  readonly #transfer: number;
  #outcome: Outcome = { state: "running" };
  #link: WireState = "up";

  constructor(send: (message: TransferMessage) => void, { describe, transfer }: ExchangeOptions) {
    this.#send = send;
    this.#describe = describe;
    this.#transfer = transfer;
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  get link(): WireState {
    return this.#link;
  }

  get isRunning(): boolean {
    return this.#outcome.state === "running";
  }

  /** Sends while the link is up; otherwise what the message says is said again after the exchange of positions. */
  send(message: TransferMessage): void {
    if (this.#link === "up") this.#send(message);
  }

  finish(summary: Summary): void {
    this.#outcome = { state: "finished", summary };
  }

  /** Ends the transfer from here and tells the peer, now or when the link is back. */
  fail(error: UltraError): void {
    if (!this.isRunning) return;
    this.#outcome = { state: "failed", error, fromPeer: false };
    if (this.#link !== "down") this.#sendAbort(error);
  }

  lose(): void {
    this.#link = "down";
  }

  /** @param position what this side has; the peer waits for it as this side waits for the peer's */
  restore(position: { readonly entries: number; readonly end: boolean }): void {
    if (this.#link !== "down") return;
    this.#link = "positioning";
    if (this.#outcome.state === "running") this.#send({ type: "position", transfer: this.#transfer, ...position });
    else if (this.#outcome.state === "failed" && !this.#outcome.fromPeer) this.#sendAbort(this.#outcome.error);
  }

  /** The peer's position has come: from here on messages flow. */
  positioned(): void {
    this.#link = "up";
  }

  /** Runs a step of the machine while the transfer runs. What the step throws ends it, unless it is a bug. */
  step(act: () => void): void {
    if (!this.isRunning) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof UltraError)) throw error;
      this.fail(error);
    }
  }

  /** Runs a step for a message, unless the message is an `abort`, nothing to a machine, or out of place. */
  receive(message: TransferMessage, act: () => void): void {
    if (message.type === "abort") return this.#aborted(message.kind, message.text);
    if (OWNERS.has(message.type) || this.#link === "down") return;
    this.step(() => {
      if ((message.type === "position") !== (this.#link === "positioning")) {
        throw violation(
          `"${message.type}" ${this.#link === "up" ? "without a new connection" : "before its position"}`,
        );
      }
      if (message.type === "position" && message.transfer !== this.#transfer) {
        throw violation(`a position of transfer ${message.transfer}`);
      }
      act();
    });
  }

  #aborted(kind: ErrorKind, text: string): void {
    // A peer that says why it went away tells more than "the connection was lost".
    const isMoreInformative = this.#outcome.state === "failed" && !this.#outcome.fromPeer &&
      this.#outcome.error.kind === "network" && kind !== "network";
    if (!this.isRunning && !isMoreInformative) return;
    this.#outcome = { state: "failed", error: new UltraError(kind, text), fromPeer: true };
  }

  #sendAbort(error: UltraError): void {
    const said = this.#describe(error);
    const text = error.subject === undefined ? said : `${said}: ${error.subject}`;
    this.#send({ type: "abort", kind: error.kind, text: wireText(text) });
  }
}
