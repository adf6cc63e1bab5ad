/**
 * One transfer and the connections it runs on, whichever way the bytes go: turns, heartbeats, and the states from waiting to finished.
 *
 * A turn delivers a batch of engine events one after the other and then settles once: the machine gets the time, its commands are
 * carried out. Progress is emitted by the clock, however many turns there are.
 *
 * A first connection that is silent or lost is replaced by another one, on which the machines state what they have.
 *
 * @module
 */

import { type Reason, UltraError } from "../base/errors.ts";
import type { LinkEnd, LinkHandler } from "../link/control_link.ts";
import type { Peer, Return } from "../meet/join.ts";
import { CLOSE_REPLACED, EXIT_CODES, isHandshake } from "../protocol/codes.ts";
import type { Decoded } from "../protocol/decode.ts";
import type { TransferId } from "../protocol/words.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { RunContext } from "./events.ts";
import { ExtraLinks } from "./extra_links.ts";
import type { Side } from "./side.ts";
import { Standstill } from "./standstill.ts";
import { MISSING_MS, Silence } from "./silence.ts";

export interface RetryOptions {
  /** How long a lost connection is waited for, in milliseconds; 0: not at all. */
  readonly retryForMs: number;
  /** How long the other side may take part and get nothing done, in milliseconds; absent: for ever. */
  readonly progressMs?: number | undefined;
}

export type TransferState =
  /** From the start; to `active` with a link. */
  | { readonly at: "waiting" }
  /**
   * From `waiting` and `returning`. To `disconnected` when the link is lost before the transfer ends, to `returning` with a link that
   * replaces it, to `finished` with the outcome.
   */
  | {
    readonly at: "active";
    readonly peer: Peer;
    readonly silence: Silence;
    /** While the link is silent: what looks for another one. */
    seeking: Disposable | undefined;
  }
  /** From `active`. To `returning` with another link, to `finished` with the outcome: at the latest when the time for a return is over. */
  | { readonly at: "disconnected"; readonly sinceMs: number; readonly peer: Peer; readonly seeking: Disposable }
  /** From `active` and `disconnected`, until nothing can come of the old connections any more; to `active`, or to `finished`. */
  | { readonly at: "returning"; readonly sinceMs: number; peer: Peer }
  /**
   * From all others; final. The link that carried control messages, if there is one, is its owner's again. A successor is the other side
   * after it was started again: what follows happens on its link, once nothing can come of the old connections any more.
   */
  | { readonly at: "finished"; readonly peer: Peer | undefined; readonly successor: Successor | undefined };

/** The other side after it was started again. */
export interface Successor {
  readonly peer: Peer;
  /** Resolved when the connections of the transfer before are gone. */
  readonly gone: Promise<unknown>;
}

/** Acknowledgements that are not urgent leave 20 times a second; the machine's clock needs no finer step. */
const TICK_MS = 50;

/** Shortest time between two progress events: twice the rate at which the fastest output shows them. */
const PROGRESS_MS = 50;

/** So that a peer whose user pressed nothing still knows that this side lives: what is silent for three of them may be gone. */
const HEARTBEAT_MS = 1000;

/** Silence after which a fresh connection is tried beside the one that is there. */
const SILENT_MS = 3000;

/** The same where an address of this computer is gone: it costs no more than a connection, which a false alarm replaces once. */
const UPROOTED_MS = 600;

/** Silence that the user is told of. */
const STALLED_MS = 8000;

/** Its holder is told. */
function takenBack(): UltraError {
  return new UltraError("authentication", "The ticket of this transfer was taken back");
}

export class Transfer {
  readonly #side: Side;
  readonly #context: RunContext;
  /** How long another connection is waited for, 0: not at all. */
  readonly #retryForMs: number;
  readonly #standstill: Standstill | undefined;
  readonly #unheardSinceMs: number | undefined;
  readonly #extraLinks: ExtraLinks;
  readonly #rest = Promise.withResolvers<void>();
  readonly #running = new DisposableStack();
  #state: TransferState = { at: "waiting" };
  /** Whether something happened that is not settled. */
  #isChanged = false;
  #isHeard = false;
  /** When progress was emitted last. */
  #progressMs = -Infinity;
  /** Since when the user knows that nothing moves: then the end of that is told as well. */
  #stalledSinceMs: number | undefined;

  /** @param unheardSinceMs since when other connections to this peer ended before it had said anything; `undefined`: none did */
  constructor(
    side: Side,
    { retryForMs, progressMs }: RetryOptions,
    context: RunContext,
    unheardSinceMs?: number,
  ) {
    this.#side = side;
    this.#context = context;
    this.#unheardSinceMs = unheardSinceMs;
    this.#retryForMs = retryForMs;
    this.#standstill = progressMs === undefined ? undefined : new Standstill(progressMs);
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

  /** Whether the other side has said anything behind its proof. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** Resolved when the transfer is finished. */
  get rest(): Promise<void> {
    return this.#rest.promise;
  }

  /** Begins over a link whose other end has proved itself. */
  connect(peer: Peer): void {
    const { timers, hub } = this.#context;
    if (this.#state.at !== "waiting") throw new Error(`A transfer that is ${this.#state.at} cannot begin`);
    this.#running.use(timers.every(TICK_MS, () => this.#settle()));
    this.#running.use(timers.every(HEARTBEAT_MS, () => {
      if (this.#state.at === "active" && this.#side.hasBegun) this.#state.peer.link.send({ type: "heartbeat" });
    }));
    this.#running.use(hub.onTurn(() => {
      if (this.#isChanged) this.#settle();
    }));
    this.#run(peer, () => this.#side.connect(peer, () => this.#isChanged = true));
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

  /** Goes on over a link. */
  #run(peer: Peer, begin: () => void): void {
    const { link, extra } = peer;
    const { clock, hub } = this.#context;
    this.#state = { at: "active", peer, silence: new Silence(link.id, hub, clock.now()), seeking: undefined };
    begin();
    link.handle({
      message: (decoded) => this.#let(() => this.#deliver(decoded)),
      broken: (error) => this.#let(() => this.#fail(error)),
      ended: (end) => this.#let(() => this.#lose(end)),
      laneOpened: () => this.#let(() => this.#side.laneOpened(link)),
      laneClosed: (lane) => this.#let(() => this.#side.laneClosed(lane)),
    });
    extra.begin({
      most: this.#side.mostConnections,
      take: (further) => {
        this.#extraLinks.take(further);
        this.#settle();
      },
      returned: this.#retryForMs === 0 ? undefined : (what) => {
        this.#return(what);
        this.#settle();
      },
    });
    this.#settle();
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
    this.#watch(nowMs);
    this.#side.step();
    this.#side.flush();
    const isOver = machine.outcome.state !== "running";
    const isDue = isOver || nowMs - this.#progressMs >= PROGRESS_MS;
    if (isDue && this.#side.hasStarted) {
      this.#progressMs = nowMs;
      this.#side.tell({ type: "progress", progress: machine.progress });
    }
    if (isOver) this.#finish(undefined);
  }

  /** Sees to it that a silent link is replaced, and that nobody waits for ever. */
  #watch(nowMs: number): void {
    const state = this.#state;
    if (state.at === "active") {
      if (state.peer.admission?.isTakenBack() === true) return this.#fail(takenBack());
      if (this.#standstill?.lasts(nowMs, this.#side) === true) {
        return this.#fail(new UltraError("network", "Nothing moved for too long", { reason: "standstill" }));
      }
      const silentMs = state.silence.lasts(nowMs);
      const { extra } = state.peer;
      // A connection whose replacement is sought counts as silent until its messages come on time again.
      const enoughMs = state.seeking === undefined ? SILENT_MS : MISSING_MS;
      if (silentMs < enoughMs && !(silentMs >= UPROOTED_MS && extra.isUprooted)) {
        state.seeking?.[Symbol.dispose]();
        state.seeking = undefined;
        if (this.#stalledSinceMs !== undefined) this.#tellReturn(this.#stalledSinceMs, "same");
        return;
      }
      // A receiver without an offer hears nothing from a sender that looks through its files.
      if (!this.#side.hasStarted) return;
      if (this.#retryForMs > 0) state.seeking ??= extra.seek(this.#side.hasBegun);
      // (A receiver that has not accepted yet may have others to serve: nothing stands still.)
      if (this.#side.hasBegun && silentMs >= STALLED_MS && this.#stalledSinceMs === undefined) {
        this.#stalledSinceMs = state.silence.sinceMs;
        this.#side.tell({ type: "stalled", silentMs });
      }
    } else if (state.at === "disconnected" || state.at === "returning") {
      this.#standstill?.reset();
      if (nowMs - state.sinceMs < this.#retryForMs) return;
      this.#failLost("The connection was lost, and did not come back in time", "lost");
    }
  }

  #tellReturn(sinceMs: number, connection: "same" | "new"): void {
    this.#stalledSinceMs = undefined;
    this.#side.tell({ type: "returned", lostMs: this.#context.clock.now() - sinceMs, connection });
  }

  #finish(successor: Successor | undefined): void {
    const state = this.#state;
    if (state.at === "finished") return;
    const peer = state.at === "active" || state.at === "returning" ? state.peer : undefined;
    this.#state = { at: "finished", peer, successor };
    this.#running.dispose();
    if (state.at !== "waiting") state.peer.extra.end();
    if (state.at === "active" || state.at === "disconnected") state.seeking?.[Symbol.dispose]();
    // What follows on the link belongs to what follows the transfer.
    if (this.outcome.state === "finished") peer?.link.release();
    this.#rest.resolve();
  }

  #deliver({ message }: Decoded): void {
    const { machine, hasBegun } = this.#side;
    this.#isHeard = true;
    if (this.#state.at === "active") this.#state.silence.heard(this.#context.clock.now());
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

  /** Nobody is left to say whether what was sent last has arrived. */
  #failLost(text: string, reason: Reason | undefined): void {
    const unsure = this.#side.isUnconfirmed === true ? " (all was sent, but not confirmed)" : "";
    this.#fail(new UltraError("network", text + unsure, { ...reason !== undefined && { reason } }));
  }

  /** A link that the other side closed, or that broke a rule, was not lost. */
  #lose(end: LinkEnd): void {
    // What ends in this turn needs no connection any more.
    if (this.#state.at !== "active" || this.outcome.state !== "running") return;
    const { peer, silence, seeking } = this.#state;
    const isReplaced = end.cause === "peer" && end.code === CLOSE_REPLACED;
    const isLost = end.cause === "transport" || isReplaced || (!this.#isHeard && peer.extra.isUnmet(end));
    this.#side.lose();
    if (!isLost || this.#retryForMs === 0 || this.#isHopeless()) {
      this.#state = { at: "disconnected", sinceMs: silence.sinceMs, peer, seeking: seeking ?? NOTHING };
      return isLost ? this.#failLost(end.error.message, end.error.reason) : this.#fail(end.error);
    }
    void this.#extraLinks.drop();
    this.#state = { at: "disconnected", sinceMs: silence.sinceMs, peer, seeking: this.#seekOn(peer, seeking) };
    this.#stalledSinceMs = silence.sinceMs;
    this.#side.tell({ type: "connection-lost", error: end.error, retryForMs: this.#retryForMs });
  }

  /** Whether the other side has said nothing, on any connection, for as long as it is waited for. */
  #isHopeless(): boolean {
    if (this.#isHeard || this.#unheardSinceMs === undefined) return false;
    return this.#context.clock.now() - this.#unheardSinceMs >= this.#retryForMs;
  }

  /** Without a connection it is certain that whoever does not know the transfer will not take it up any more. */
  #seekOn(peer: Peer, seeking: Disposable | undefined): Disposable {
    if (seeking !== undefined && this.#side.hasBegun) return seeking;
    seeking?.[Symbol.dispose]();
    return peer.extra.seek(true);
  }

  /** Whoever comes back knows that the old connection is gone, also where it still looks alive from here. */
  #return(what: Return): void {
    const state = this.#state;
    if (what.type === "forgotten") return this.#fail(forgotten());
    const { link } = what.peer;
    if (state.at === "waiting" || state.at === "finished") return void link.close(EXIT_CODES.network);
    const sinceMs = state.at === "active" ? state.silence.sinceMs : state.sinceMs;
    // Where the other side was heard just now, it has only chosen another connection: that is no loss to tell of.
    const isLoss = state.at !== "active" || this.#stalledSinceMs !== undefined ||
      this.#context.clock.now() - sinceMs >= UPROOTED_MS;
    const old = state.peer;
    old.extra.end();
    if (state.at !== "returning") state.seeking?.[Symbol.dispose]();
    old.link.handle(DEAF);
    const gone = Promise.all([old.link.drop(CLOSE_REPLACED), this.#extraLinks.drop()]);
    if (what.type === "restarted") return this.#finish({ peer: what.peer, gone });
    this.#side.lose();
    // (Several connections may come before the old ones are gone: the last one counts.)
    if (state.at === "returning") return void (state.peer = what.peer);
    const returning: TransferState = { at: "returning", sinceMs, peer: what.peer };
    this.#state = returning;
    void gone.then(() => {
      if (this.#state !== returning) return;
      if (isLoss) this.#tellReturn(sinceMs, "new");
      this.#run(returning.peer, () => this.#side.reconnect(returning.peer));
    });
  }
}

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/** Takes what still comes on a link that was replaced. */
const DEAF: LinkHandler = { message: () => {}, broken: () => {}, ended: () => {} };

function forgotten(): UltraError {
  return new UltraError(
    "authentication",
    "The other side was started again and does not know this transfer any more: run the command again with its new ticket",
  );
}
