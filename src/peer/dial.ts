/**
 * Finds the listener that a ticket names: races its addresses, and the first handshake with the pinned certificate wins.
 *
 * @module
 */

import { ALPNS } from "../auth/versions.ts";
import type { ConnectionId } from "../engine/engine.ts";
import { UltraError } from "../errors.ts";
import { addressOf, formatEndpoint } from "../platform/endpoints.ts";
import { MAX_BYTES_BEFORE_PROOF } from "../protocol/limits.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { addressClass } from "../tuning/address_class.ts";
import { type CongestionControl, connectionSettings } from "../tuning/settings.ts";
import { Interrupted } from "./ending.ts";
import type { ConnectionEvent } from "./hub.ts";
import { Link } from "./link.ts";
import type { Surroundings } from "./surroundings.ts";

/** A connected listener, certificate checked; nothing is proved yet. */
export interface Dialed {
  readonly link: Link;
  readonly alpn: string;
  readonly certificate: Uint8Array;
}

/** Between the starts of two addresses, as in RFC 8305: a dead first address costs this much and no more. */
const STAGGER_MS = 250;

/** All tries together. Longer than a listener's crowd of strangers lasts, shorter than a user's patience. */
const DIAL_MS = 9500;

/** Before an address that refused is tried again: it may be full of strangers for a moment. */
const RETRY_MS = 500;

/** Names of QUIC's statuses, as the engine has them. */
const REFUSED = "connection_refused";
const NO_ALPN = "alpn_neg_failure";
const BAD_CERTIFICATE = "bad_certificate";
const UNREACHABLE = "unreachable";

/** @throws {UltraError} `network`, or what the listener's TLS said */
export async function dial(
  ticket: Ticket,
  congestionControl: CongestionControl,
  surroundings: Surroundings,
): Promise<Dialed> {
  const race = new Race(ticket.pin, congestionControl, surroundings);
  const { timers, ended } = surroundings;
  const onEnded = () => race.fail(new Interrupted(String(ended.reason)));
  ended.addEventListener("abort", onEnded);
  using _limit = timers.after(DIAL_MS, () => race.giveUp());
  try {
    ended.throwIfAborted();
    await startAll(ticket, race, surroundings);
    return await race.won;
  } catch (error) {
    throw ended.aborted ? new Interrupted(String(ended.reason)) : error;
  } finally {
    ended.removeEventListener("abort", onEnded);
    race.closeLosers();
  }
}

async function startAll(ticket: Ticket, race: Race, { hub, timers }: Surroundings): Promise<void> {
  const endpoints: string[] = [];
  for (const hint of ticket.hints) {
    const addresses = hint.type === "address" ? [hint.address] : await hub.resolve(hint.name);
    for (const address of addresses) endpoints.push(formatEndpoint(address, hint.port));
  }
  if (endpoints.length === 0) {
    throw new UltraError("network", "None of the ticket's host names can be found; check the name server");
  }
  race.expect(endpoints.length);
  endpoints.forEach((endpoint, index) => {
    if (index === 0) race.start(endpoint);
    else race.own(timers.after(index * STAGGER_MS, () => race.start(endpoint)));
  });
}

/** The tries that run at the same time. */
class Race {
  readonly #pin: Uint8Array;
  readonly #congestionControl: CongestionControl;
  readonly #surroundings: Surroundings;
  readonly #running = new Set<ConnectionId>();
  readonly #won = Promise.withResolvers<Dialed>();
  readonly #timers: Disposable[] = [];
  #left = 0;
  #isOver = false;
  /** The most telling failure so far. */
  #failure: UltraError | undefined;

  constructor(pin: Uint8Array, congestionControl: CongestionControl, surroundings: Surroundings) {
    this.#pin = pin;
    this.#congestionControl = congestionControl;
    this.#surroundings = surroundings;
    // Whoever awaits `won` may come later than a failure.
    this.#won.promise.catch(() => {});
  }

  get won(): Promise<Dialed> {
    return this.#won.promise;
  }

  expect(endpoints: number): void {
    this.#left = endpoints;
  }

  own(timer: Disposable): void {
    this.#timers.push(timer);
  }

  start(endpoint: string): void {
    if (this.#isOver) return;
    const { hub } = this.#surroundings;
    const connection = hub.engine.connect({
      settings: connectionSettings({
        addressClass: addressClass(addressOf(endpoint)),
        side: "dialer",
        congestionControl: this.#congestionControl,
      }),
      alpns: ALPNS,
      address: endpoint,
      pin: this.#pin,
      partition: 0,
      controlLimit: MAX_BYTES_BEFORE_PROOF,
    });
    this.#running.add(connection);
    hub.onConnection(connection, (event) => this.#on(connection, endpoint, event));
  }

  fail(error: Error): void {
    this.#isOver = true;
    this.#won.reject(error);
  }

  /** The time is up. */
  giveUp(): void {
    this.fail(
      this.#failure ?? new UltraError(
        "network",
        "No answer from the other side; a firewall may block UDP, or the ticket's addresses cannot be reached from here",
      ),
    );
  }

  closeLosers(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const connection of this.#running) this.#surroundings.hub.engine.close(connection, 0);
  }

  #on(connection: ConnectionId, endpoint: string, event: ConnectionEvent): void {
    const { hub, timers } = this.#surroundings;
    if (event.type === "connected") {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#running.delete(connection);
      const link = new Link(hub, connection, event.remote, timers);
      return this.#won.resolve({ link, alpn: event.alpn, certificate: event.certificate });
    }
    if (event.type !== "closed") return;
    this.#running.delete(connection);
    if (this.#isOver) return;
    const failure = failureOf(endpoint, event.text);
    if (this.#failure === undefined || failure.kind !== "network") this.#failure = failure;
    // Somebody listens, and may have room in a moment.
    if (event.text === REFUSED) return this.own(timers.after(RETRY_MS, () => this.start(endpoint)));
    this.#left--;
    if (this.#left === 0) this.fail(this.#failure);
  }
}

function failureOf(endpoint: string, status: string): UltraError {
  const options = { subject: endpoint };
  switch (status) {
    case REFUSED:
      return new UltraError("network", "The other side takes no more connections at the moment; try again", options);
    case NO_ALPN:
      return new UltraError(
        "protocol",
        `Whatever listens there does not speak ${ALPNS.join(" or ")}; the other side may run another version`,
        options,
      );
    case BAD_CERTIFICATE:
      return new UltraError(
        "authentication",
        "Whatever listens there is not the maker of this ticket (another certificate); ask for a new ticket",
        options,
      );
    case UNREACHABLE:
      return new UltraError("network", "Nothing listens there; the other side has ended or its ticket is old", options);
    default:
      return new UltraError(
        "network",
        "No answer; a firewall may block UDP, or the address cannot be reached from here",
        options,
      );
  }
}
