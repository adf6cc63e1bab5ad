/**
 * Finds the listener that a ticket names: races its addresses, and the first handshake with the pinned certificate wins.
 *
 * @module
 */

import { alpnsOf, type FormatChoice } from "../auth/versions.ts";
import type { ConnectionId } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";
import { addressOf, formatEndpoint } from "../base/endpoints.ts";
import { MAX_BYTES_BEFORE_PROOF } from "../protocol/limits.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { distanceOf } from "../settings/distance.ts";
import { connectionSettings } from "../settings/connection_settings.ts";
import type { Tuning } from "../settings/tuning.ts";
import { Interrupted } from "../base/interrupted.ts";
import type { ConnectionEvent } from "../link/hub.ts";
import { ControlLink } from "../link/control_link.ts";
import type { Context } from "../link/context.ts";

/** A connected listener, certificate checked; nothing is proved yet. */
export interface Dialed {
  readonly link: ControlLink;
  readonly alpn: string;
  readonly certificate: Uint8Array;
}

/** Between the starts of two addresses, as in RFC 8305: a dead first address costs this much and no more. */
const STAGGER_MS = 250;

/** All tries together. Longer than a listener's crowd of strangers lasts, and less than 10 s with the start and the end of a process on a busy machine. */
export const DIAL_MS = 8500;

/** Before an address that refused is tried again: it may be full of strangers for a moment. */
export const RETRY_MS = 500;

/** What keeps packets from coming back; nothing that arrives here tells them apart. msquic begins with IP packets of 1,248 bytes. */
const SILENCE = "a firewall may block it, the path may not carry packets of 1248 bytes (its MTU)";

/** Names of QUIC's statuses, as the engine has them. */
const REFUSED = "connection_refused";
/** The listener closed the connection during its handshake: its place went to another dialer. */
const DISPLACED = "user_canceled";
const NO_ALPN = "alpn_neg_failure";
const BAD_CERTIFICATE = "bad_certificate";
const UNREACHABLE = "unreachable";

/** @throws {UltraError} `network`, or what the listener's TLS said */
export async function dial(
  ticket: Ticket,
  tuning: Tuning,
  context: Context,
  limitMs = DIAL_MS,
): Promise<Dialed> {
  const race = new Race(ticket.pin, tuning, context);
  const { timers, ended } = context;
  const onEnded = () => race.fail(new Interrupted(String(ended.reason)));
  ended.addEventListener("abort", onEnded);
  using _limit = timers.after(limitMs, () => race.giveUp());
  try {
    if (ended.aborted) onEnded();
    else race.enter(ticket.hints);
    return await race.won;
  } finally {
    ended.removeEventListener("abort", onEnded);
    race.closeLosers();
  }
}

/** The tries that run at the same time. */
class Race {
  readonly #pin: Uint8Array;
  readonly #tuning: Tuning;
  readonly #context: Context;
  readonly #running = new Set<ConnectionId>();
  readonly #won = Promise.withResolvers<Dialed>();
  readonly #timers: Disposable[] = [];
  /** Addresses that were tried, as the user is told them. */
  readonly #tried = new Set<string>();
  /** Hints whose addresses are looked up, and addresses that may still answer. */
  #left = 0;
  /** When the next address may start. */
  #nextStartMs = -Infinity;
  #isOver = false;
  #failure: Failure | undefined;

  constructor(pin: Uint8Array, tuning: Tuning, context: Context) {
    this.#pin = pin;
    this.#tuning = tuning;
    this.#context = context;
    // `won` may fail before it is awaited.
    this.#won.promise.catch(() => {});
  }

  get won(): Promise<Dialed> {
    return this.#won.promise;
  }

  /** Starts with the addresses at once; names join when they are found, so that a slow name server holds up nothing else. */
  enter(hints: Ticket["hints"]): void {
    this.#left = hints.length;
    for (const hint of hints) {
      if (hint.type === "address") this.#add([hint.address], hint.port);
      else void this.#context.hub.resolve(hint.name).then((addresses) => this.#add(addresses, hint.port));
    }
  }

  #add(addresses: readonly string[], port: number): void {
    const { clock, timers } = this.#context;
    if (this.#isOver) return;
    for (const address of addresses) {
      this.#left++;
      const endpoint = formatEndpoint(address, port);
      const now = clock.now();
      const waitMs = this.#nextStartMs - now;
      this.#nextStartMs = Math.max(now, this.#nextStartMs) + STAGGER_MS;
      if (waitMs <= 0) this.#start(endpoint);
      else this.#timers.push(timers.after(waitMs, () => this.#start(endpoint)));
    }
    this.#leave();
  }

  #start(endpoint: string): void {
    if (this.#isOver) return;
    try {
      this.#connect(endpoint);
    } catch (error) {
      // An address of a family that this system does not speak is one that fails, and others may not.
      if (!(error instanceof UltraError)) throw error;
      this.#failed({ rank: 0, error });
      this.#leave();
    }
  }

  #connect(endpoint: string): void {
    const { hub } = this.#context;
    const connection = hub.engine.connect({
      settings: connectionSettings({
        distance: distanceOf(addressOf(endpoint)),
        side: "dialer",
        tuning: this.#tuning,
      }),
      alpns: alpnsOf(this.#tuning.format),
      address: endpoint,
      pin: this.#pin,
      partition: 0,
      controlLimit: MAX_BYTES_BEFORE_PROOF,
    });
    this.#tried.add(endpoint);
    this.#running.add(connection);
    hub.onConnection(connection, (event) => this.#on(connection, endpoint, event));
  }

  fail(error: Error): void {
    this.#isOver = true;
    this.#won.reject(error);
  }

  /** The time is up. */
  giveUp(): void {
    this.fail(this.#reason("The ticket's host names were not found in time; check the name server"));
  }

  /** What tells the user most. `withoutAddress` is said where there was none to try. */
  #reason(withoutAddress: string): UltraError {
    const tried = [...this.#tried];
    if (this.#failure !== undefined && (this.#failure.rank > 0 || tried.length === 0)) return this.#failure.error;
    if (tried.length === 0) return new UltraError("network", withoutAddress);
    const message = `No answer on UDP; ${SILENCE}, or the address cannot be reached from here`;
    return new UltraError("network", message, { subject: tried.join(", ") });
  }

  closeLosers(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const connection of this.#running) this.#context.hub.engine.close(connection, 0);
  }

  #on(connection: ConnectionId, endpoint: string, event: ConnectionEvent): void {
    const { hub, timers } = this.#context;
    if (event.type === "connected") {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#running.delete(connection);
      const link = new ControlLink(hub, connection, event.remote, timers);
      return this.#won.resolve({ link, alpn: event.alpn, certificate: event.certificate });
    }
    if (event.type !== "closed") return;
    this.#running.delete(connection);
    if (this.#isOver) return;
    const failure = failureOf(endpoint, event.text, this.#tuning.format);
    if (failure !== undefined) this.#failed(failure);
    // A listener is there, and may have room in a moment.
    if (event.text === REFUSED || event.text === DISPLACED) {
      this.#timers.push(timers.after(RETRY_MS, () => this.#start(endpoint)));
    } else this.#leave();
  }

  #failed(failure: Failure): void {
    if (this.#failure === undefined || failure.rank > this.#failure.rank) this.#failure = failure;
  }

  /** One less that may still answer. */
  #leave(): void {
    this.#left--;
    if (this.#left > 0 || this.#isOver) return;
    this.fail(this.#reason("None of the ticket's host names can be found; check the name server"));
  }
}

/** Why an address failed; of several, the one with the highest rank tells the user most. */
interface Failure {
  readonly rank: number;
  readonly error: UltraError;
}

/** `undefined`: it was silent. */
function failureOf(endpoint: string, status: string, format: FormatChoice): Failure | undefined {
  const failure = (rank: number, kind: UltraError["kind"], message: string): Failure => {
    return { rank, error: new UltraError(kind, message, { subject: endpoint }) };
  };
  switch (status) {
    case BAD_CERTIFICATE:
      return failure(
        4,
        "authentication",
        "Whatever listens there is not the maker of this ticket (another certificate); ask for a new ticket",
      );
    case NO_ALPN:
      return {
        rank: 3,
        error: new UltraError(
          "protocol",
          `Whatever listens there does not speak ${spoken(format)}; the other side may run another version`,
          { subject: endpoint, ...format !== "auto" && { reason: "one-format" } },
        ),
      };
    case REFUSED:
    case DISPLACED:
      return failure(2, "network", "The other side takes no more connections at the moment; try again");
    case UNREACHABLE:
      return failure(1, "network", "Nothing listens there; the other side has ended or its ticket is old");
    default:
      return undefined;
  }
}

/** What this side offers, for a sentence. */
function spoken(format: FormatChoice): string {
  const ultra = alpnsOf("ultra").join(" or ");
  const blazing = alpnsOf("blazing").join(" or ");
  switch (format) {
    case "ultra":
      return ultra;
    case "blazing":
      return `the older format (${blazing})`;
    case "auto":
      return `${ultra}, nor the older format (${blazing})`;
  }
}
