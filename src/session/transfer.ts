/**
 * One transfer and the connections it runs on, whichever way the bytes go: turns, heartbeats, and the states from waiting to finished.
 *
 * A turn delivers a batch of engine events one after the other and then settles once: the machine gets the time, its commands are
 * carried out. Progress is emitted by the clock, however many turns there are.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { ControlLink, LinkEnd } from "../link/control_link.ts";
import type { ExtraConnections, Peer } from "../meet/join.ts";
import { isHandshake } from "../protocol/codes.ts";
import type { Decoded } from "../protocol/decode.ts";
import type { TransferId } from "../protocol/words.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { RunContext } from "./events.ts";
import { ExtraLinks } from "./extra_links.ts";
import type { Side } from "./side.ts";

export type TransferState =
  /** From the start; to `active` with a link. */
  | { readonly at: "waiting" }
  /** From `waiting`; to `disconnected` when the link ends before the transfer does, to `finished` with the outcome. */
  | {
    readonly at: "active";
    readonly link: ControlLink;
    readonly extra: ExtraConnections;
    readonly running: Disposable;
  }
  /** From `active`; to `finished` when the transfer is cancelled. */
  | { readonly at: "disconnected"; readonly end: LinkEnd; readonly running: Disposable }
  /** From all others; final. The link that carried control messages is its owner's again. */
  | { readonly at: "finished" };

/** Acknowledgements that are not urgent leave 20 times a second; the machine's clock needs no finer step. */
const TICK_MS = 50;

/** Shortest time between two progress events: twice the rate at which the fastest output shows them. */
const PROGRESS_MS = 50;

/** So that a peer whose user pressed nothing still knows that this side lives; QUIC's idle time is twenty of them. */
const HEARTBEAT_MS = 1000;

export class Transfer {
  readonly #side: Side;
  readonly #context: RunContext;
  readonly #extraLinks: ExtraLinks;
  readonly #rest = Promise.withResolvers<void>();
  #state: TransferState = { at: "waiting" };
  /** Whether something happened that is not settled. */
  #isChanged = false;
  /** When progress was emitted last. */
  #progressMs = -Infinity;

  constructor(side: Side, context: RunContext) {
    this.#side = side;
    this.#context = context;
    this.#extraLinks = new ExtraLinks(side, (act) => this.#let(act));
  }

  get id(): TransferId {
    return this.#side.id;
  }

  get state(): TransferState {
    return this.#state;
  }

  /** The machine's. After a failure the peer's own words may still arrive until its link is closed, and say more. */
  get outcome(): Outcome {
    return this.#side.machine.outcome;
  }

  /** Resolved when the transfer is disconnected or finished. */
  get rest(): Promise<void> {
    return this.#rest.promise;
  }

  /** Begins over a link whose other end has proved itself. */
  connect(peer: Peer): void {
    const { link, extra } = peer;
    const { timers, hub } = this.#context;
    if (this.#state.at !== "waiting") throw new Error(`A transfer that is ${this.#state.at} cannot begin`);
    const running = new DisposableStack();
    running.use(timers.every(TICK_MS, () => this.#settle()));
    running.use(timers.every(HEARTBEAT_MS, () => {
      if (this.#side.hasBegun) link.send({ type: "heartbeat" });
    }));
    running.use(hub.onTurn(() => {
      if (this.#isChanged) this.#settle();
    }));
    this.#state = { at: "active", link, extra, running };
    this.#side.connect(peer, () => this.#isChanged = true);
    link.handle({
      message: (decoded) => this.#let(() => this.#deliver(decoded)),
      broken: (error) => this.#let(() => this.#fail(error)),
      ended: (end) => this.#let(() => this.#lose(end)),
      laneOpened: () => this.#let(() => this.#side.laneOpened(link)),
      laneClosed: (lane) => this.#let(() => this.#side.laneClosed(lane)),
    });
    extra.begin(this.#side.mostConnections, (further) => {
      this.#extraLinks.take(further);
      this.#settle();
    });
    this.#settle();
  }

  /** Ends the transfer from here, unless it is over. */
  cancel(error: UltraError): void {
    this.#fail(error);
    this.#settle();
  }

  /** Closes all connections but the first; resolved when they are gone. */
  async closeExtra(code: number): Promise<void> {
    await this.#extraLinks.close(code);
  }

  /** Lets something happen in the turn that runs. */
  #let(act: () => void): void {
    act();
    this.#isChanged = true;
  }

  #settle(): void {
    const { machine } = this.#side;
    const nowMs = this.#context.clock.now();
    this.#isChanged = false;
    // Seals and acknowledgements become due with the clock.
    machine.handle({ type: "tick", nowMs });
    this.#side.step();
    this.#side.flush();
    const isOver = machine.outcome.state !== "running";
    const isDue = isOver || nowMs - this.#progressMs >= PROGRESS_MS;
    if (isDue && this.#side.hasStarted) {
      this.#progressMs = nowMs;
      this.#side.tell({ type: "progress", progress: machine.progress });
    }
    if (isOver) this.#finish();
  }

  #finish(): void {
    const state = this.#state;
    if (state.at === "finished") return;
    this.#state = { at: "finished" };
    if (state.at !== "waiting") state.running[Symbol.dispose]();
    if (state.at === "active") {
      state.extra.end();
      // What follows on the link belongs to what follows the transfer.
      if (this.outcome.state === "finished") state.link.release();
    }
    this.#rest.resolve();
  }

  #deliver({ message }: Decoded): void {
    const { machine, hasBegun } = this.#side;
    // Unknown, but not critical: from a later version.
    if (message === undefined) return;
    if (isHandshake(message)) return this.#violated(`The other side sent "${message.type}" after its proof`);
    if (this.#side.message(message)) return;
    if (message.type !== "want-connections") return machine.handle({ type: "message", message });
    if (!hasBegun) return this.#violated("The other side asked for connections before it accepted the offer");
    this.#side.asked(message.connections);
  }

  #violated(what: string): void {
    this.#fail(new UltraError("protocol", what));
  }

  #fail(error: UltraError): void {
    this.#side.machine.handle({ type: "cancel", error });
  }

  #lose(end: LinkEnd): void {
    this.#side.machine.handle({ type: "link-lost" });
    if (this.#state.at !== "active") return;
    this.#state.extra.end();
    this.#state = { at: "disconnected", end, running: this.#state.running };
    this.#rest.resolve();
  }
}
