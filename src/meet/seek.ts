/**
 * How a dialer finds its way back to the other side of a transfer: `docs/protocol.md`, "Coming back".
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { Secret } from "../auth/secret.ts";
import { addressOf } from "../base/endpoints.ts";
import { UltraError } from "../base/errors.ts";
import { Interrupted } from "../base/interrupted.ts";
import type { Context } from "../link/context.ts";
import type { Direction, ListenerHello, SecretKind } from "../protocol/messages.ts";
import type { Ticket, TicketHint } from "../protocol/ticket.ts";
import type { Tuning } from "../settings/tuning.ts";
import { dial, type Dialed } from "./dial.ts";
import { proveAsDialer, type ProvedLink } from "./prove.ts";

/** What a dialer knows of the connection that it wants to replace, or that others are to join. */
export interface FirstConnection {
  readonly dialed: Dialed;
  readonly proved: ProvedLink<ListenerHello>["proved"];
  readonly ticket: Ticket;
  readonly direction: Direction;
  readonly tuning: Tuning;
}

/** Another connection to the maker of the ticket. */
export interface WayBack {
  readonly purpose: "replace" | "new";
  readonly dialed: Dialed;
  readonly proved: ProvedLink<ListenerHello>;
}

/** A path that is back is found within this time, and no sooner than a packet sent just before takes. */
const EVERY_MS = 2000;

/** How long one try may take: three of them are under way at most. */
const TRY_MS = 6000;

/** What the other side may know: that the transfer runs; that it ran, in an earlier process; or only its ticket. Each is tried once. */
const STEPS: readonly Step[] = [
  { purpose: "replace", secretKind: "session" },
  { purpose: "new", secretKind: "session" },
  { purpose: "new", secretKind: "token" },
];

interface Step {
  readonly purpose: WayBack["purpose"];
  readonly secretKind: SecretKind;
}

const log = getLogger(["ultra", "peer"]);

/** Seeks from its making until it has found something or is disposed of. */
export class Seeker implements Disposable {
  readonly #first: FirstConnection;
  readonly #context: Context;
  readonly #found: (way: WayBack | undefined) => void;
  readonly #isTakenUp: boolean;
  readonly #stop = new AbortController();
  readonly #timer: Disposable;
  #step = 0;

  /**
   * @param isTakenUp whether the other side has the transfer; if not, that it does not know it may be over in a moment
   * @param found gets what proved itself first; `undefined`: the other side answers, and knows this transfer no longer
   */
  constructor(
    first: FirstConnection,
    isTakenUp: boolean,
    found: (way: WayBack | undefined) => void,
    context: Context,
  ) {
    this.#first = first;
    this.#isTakenUp = isTakenUp;
    this.#found = found;
    this.#context = context;
    this.#timer = context.timers.every(EVERY_MS, () => void this.#try());
    void this.#try();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#stop.abort("stopped");
  }

  async #try(): Promise<void> {
    const dialed = await this.#dial();
    const step = STEPS[this.#step];
    if (dialed === undefined || step === undefined) return;
    const { purpose, secretKind } = step;
    const { ticket, proved: { sessionKey }, direction } = this.#first;
    const { random, timers } = this.#context;
    try {
      const proved = await proveAsDialer(dialed.link, {
        alpn: dialed.alpn,
        certificateHash: dialed.certificate,
        random,
        secret: secretKind === "token" ? new Secret(ticket.token) : sessionKey,
        secretKind,
        purpose,
        direction,
        refuse: () => this.#choose(),
      }, timers);
      this.#found({ purpose, dialed, proved });
    } catch (error) {
      if (!(error instanceof UltraError)) throw error;
      log.debug("{remote}: no way back: {message}", { remote: dialed.link.remote, message: error.message });
      if (error.kind === "authentication") this.#refused(step);
    }
  }

  /**
   * The other side has proved itself, and lets the old connection go when it has this side's proof: there is no way back from here. All tries
   * that were under way while it slept come this far at once; a proof on a second one would make it let go the first.
   *
   * @returns why this one is not the way
   */
  #choose(): UltraError | undefined {
    if (this.#stop.signal.aborted) {
      return new UltraError("network", "Another connection came first, or none is sought any more");
    }
    this[Symbol.dispose]();
    return undefined;
  }

  /** One connection to the first address that answers; `undefined` when none did, or nothing is sought any more. */
  async #dial(): Promise<Dialed | undefined> {
    const { ticket, tuning } = this.#first;
    const context = { ...this.#context, ended: this.#stop.signal };
    try {
      const dialed = await dial({ ...ticket, hints: this.#hints() }, tuning, context, TRY_MS);
      if (!this.#stop.signal.aborted) return dialed;
      void dialed.link.close(0);
    } catch (error) {
      if (!(error instanceof UltraError) && !(error instanceof Interrupted)) throw error;
    }
    return undefined;
  }

  /** The address that answered comes first, then all that the ticket names. */
  #hints(): readonly TicketHint[] {
    const { dialed, ticket } = this.#first;
    const { remote } = dialed.link;
    const last: TicketHint = { type: "address", address: addressOf(remote), port: portOf(remote) };
    const isLast = (hint: TicketHint) =>
      hint.type === "address" && hint.address === last.address && hint.port === last.port;
    return [last, ...ticket.hints.filter((hint) => !isLast(hint))];
  }

  /** Who answers has the right certificate, so it is the other side, and does not know the secret for this purpose. */
  #refused(step: Step): void {
    if (!this.#isTakenUp) return;
    // Another try has said so before.
    if (this.#stop.signal.aborted || step !== STEPS[this.#step]) return;
    this.#step++;
    if (this.#step < STEPS.length) return void this.#try();
    this[Symbol.dispose]();
    this.#found(undefined);
  }
}

function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
}
