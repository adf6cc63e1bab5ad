/** The control stream between both machines, through the real encoder and decoder, and the loss and return of the link. @module */

import type { Message, TransferMessage } from "../../src/protocol/messages.ts";
import { encode } from "../../src/protocol/encode.ts";
import { MessageReader } from "../../src/protocol/decode.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

export type Side = "sender" | "receiver";

/** A message may arrive this much later than the latency, so that both directions and the lanes interleave differently. */
const JITTER_MS = 2;

export class ControlStream {
  #epoch = 0;
  #isUp = true;
  readonly #arrivesMs: Record<Side, number> = { sender: 0, receiver: 0 };
  /** Messages for a side that has not taken the new connection yet. */
  readonly #waiting: Record<Side, TransferMessage[] | undefined> = { sender: undefined, receiver: undefined };
  /** Acknowledgements that arrived on the last connection, to be repeated on the next. */
  #old: TransferMessage[] = [];

  constructor(
    readonly clock: Clock,
    readonly random: Random,
    readonly latencyMs: number,
    readonly arrive: (side: Side, message: TransferMessage) => void,
  ) {}

  get isUp(): boolean {
    return this.#isUp;
  }

  send(from: Side, message: TransferMessage): void {
    const bytes = encode(message);
    if (!this.#isUp) return;
    const to = from === "sender" ? "receiver" : "sender";
    const { nowMs } = this.clock;
    this.#arrivesMs[to] = Math.max(this.#arrivesMs[to], nowMs + this.latencyMs + this.random.time(0, JITTER_MS));
    const epoch = this.#epoch;
    this.clock.at(this.#arrivesMs[to], () => {
      if (epoch !== this.#epoch) return;
      const decoded = decode(bytes);
      if (decoded.type === "verified" || decoded.type === "committed") this.#old.push(decoded);
      const waiting = this.#waiting[to];
      if (waiting !== undefined) waiting.push(decoded);
      else this.arrive(to, decoded);
    });
  }

  /** Loses what is under way. */
  lose(): void {
    this.#isUp = false;
    this.#epoch++;
  }

  restore(): void {
    this.#isUp = true;
    this.#waiting.sender = [];
    this.#waiting.receiver = [];
  }

  /** A side has taken the new connection. */
  join(side: Side): void {
    const waiting = this.#waiting[side] ?? [];
    this.#waiting[side] = undefined;
    for (const message of waiting) {
      this.arrive(side, message);
      if (side === "sender" && message.type === "position") this.#repeatOld();
    }
  }

  /** Old acknowledgements come once more: they must do no harm. */
  #repeatOld(): void {
    const old = this.#old.splice(0);
    if (this.random.chance(0.5)) { for (const message of old) this.arrive("sender", message); }
  }
}

function decode(bytes: Uint8Array): TransferMessage {
  const reader = new MessageReader();
  reader.push(bytes);
  const message: Message | undefined = reader.next()?.message;
  if (message === undefined || isHandshake(message)) throw new Error("a message was lost in its decoder");
  return message;
}

function isHandshake(message: Message): message is Exclude<Message, TransferMessage> {
  return message.type === "dialer-hello" || message.type === "listener-hello" || message.type === "proof";
}
