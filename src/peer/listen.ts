/**
 * Waits for the other side: makes the ticket, and lets in whoever proves its secret. Nothing a stranger does ends a listener.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ListenerOptions } from "../auth/handshake.ts";
import { secretId } from "../auth/keys.ts";
import { Secret } from "../auth/secret.ts";
import { ALPNS } from "../auth/versions.ts";
import { type Identity, type ListenerId, ListenError } from "../engine/engine.ts";
import { UltraError } from "../errors.ts";
import { formatEndpoint, type ListenEndpoint } from "../platform/endpoints.ts";
import { MAX_BYTES_BEFORE_PROOF, PIN_LEN, TOKEN_LEN } from "../protocol/limits.ts";
import type { DialerHello, Direction } from "../protocol/messages.ts";
import type { TicketRole } from "../protocol/ticket.ts";
import { connectionSettings } from "../tuning/settings.ts";
import type { Tuning } from "../tuning/tuning.ts";
import { addressClass } from "../tuning/address_class.ts";
import type { ListenerEvent } from "./hub.ts";
import { Link } from "./link.ts";
import { proveAsListener, type ProvedLink } from "./prove.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a side is going to do. */
export type Role = "send" | "receive" | "test";

export interface ListenRequest {
  readonly endpoint: ListenEndpoint;
  readonly role: TicketRole & Role;
  /** Whether the ticket may be used again; otherwise the first proof burns it. */
  readonly longLived: boolean;
  readonly tuning: Tuning;
}

/** What a dialer has to want of a listener of each role. */
const DIRECTIONS: Readonly<Record<Role, Direction>> = {
  send: "dialer-receives",
  receive: "dialer-sends",
  test: "test",
};

/** Dialers that have not proved anything yet, in all and from one address: enough for honest crowds, little for an attack. */
const MAX_UNPROVED = 64;
const MAX_UNPROVED_PER_ADDRESS = 8;

/** Proved dialers that wait for their turn. */
const MAX_WAITING = 16;

/** Wrong guesses that are shown; a flood of them must not flood the terminal. */
const MAX_WARNINGS = 3;

const log = getLogger(["ultra", "peer"]);

export class Listener {
  readonly #surroundings: Surroundings;
  readonly #request: ListenRequest;
  readonly #identity: Identity;
  readonly #secret: Secret;
  readonly #started = Promise.withResolvers<ListenEndpoint>();
  readonly #waiting: ProvedLink<DialerHello>[] = [];
  readonly #strangers = new Set<Link>();
  #wanted: PromiseWithResolvers<ProvedLink<DialerHello>> | undefined;
  #id: ListenerId;
  #isBurnt = false;
  #warnings = 0;

  /** @throws {UltraError} when nothing can be listened on */
  constructor(request: ListenRequest, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#request = request;
    this.#identity = surroundings.hub.engine.identity();
    this.#secret = new Secret(surroundings.random(TOKEN_LEN));
    this.#id = this.#listen(request.endpoint);
    surroundings.hub.onListener(this.#id, (event) => this.#on(event));
  }

  /** Where it really listens. */
  get started(): Promise<ListenEndpoint> {
    return this.#started.promise;
  }

  /** The secret parts of the ticket. */
  get ticketParts(): { readonly pin: Uint8Array; readonly token: Uint8Array; readonly longLived: boolean } {
    const { longLived } = this.#request;
    return { pin: this.#identity.hash.slice(0, PIN_LEN), token: this.#secret.reveal(), longLived };
  }

  /** The next dialer that has proved the secret. One call at a time. */
  next(): Promise<ProvedLink<DialerHello>> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    this.#wanted = Promise.withResolvers();
    return this.#wanted.promise;
  }

  /** Takes no more dialers. Those that were let in stay. */
  stop(): void {
    this.#surroundings.hub.engine.close(this.#id, 0);
    for (const stranger of this.#strangers) void stranger.close(0);
  }

  #listen(endpoint: ListenEndpoint): ListenerId {
    const { hub, output } = this.#surroundings;
    const options = {
      settings: connectionSettings({
        // All addresses are far: a listener does not know where its dialers will come from.
        addressClass: addressClass(endpoint.address),
        side: "listener",
        tuning: this.#request.tuning,
      }),
      identity: this.#identity,
      alpns: ALPNS,
      maxUnproved: MAX_UNPROVED,
      maxUnprovedPerAddress: MAX_UNPROVED_PER_ADDRESS,
      controlLimit: MAX_BYTES_BEFORE_PROOF,
    };
    try {
      return hub.engine.listen({ ...options, address: formatEndpoint(endpoint.address, endpoint.port) });
    } catch (error) {
      const isEverywhere = endpoint.address === "::";
      if (!(error instanceof ListenError) || error.reason !== "no-family" || !isEverywhere) throw error;
      output.note("This system has no IPv6: listening on IPv4 only");
      return hub.engine.listen({ ...options, address: formatEndpoint("0.0.0.0", endpoint.port) });
    }
  }

  #on(event: ListenerEvent): void {
    if (event.type === "listening") {
      const { address } = this.#request.endpoint;
      return this.#started.resolve({ address, port: event.port });
    }
    const { hub, timers } = this.#surroundings;
    const link = new Link(hub, event.connection, event.remote, timers);
    this.#strangers.add(link);
    void this.#letIn(link, event.alpn).finally(() => this.#strangers.delete(link));
  }

  async #letIn(link: Link, alpn: string): Promise<void> {
    const { output, timers } = this.#surroundings;
    try {
      const proved = await proveAsListener(link, this.#options(alpn), timers);
      this.#welcome(proved);
    } catch (error) {
      if (!(error instanceof UltraError)) throw error;
      log.debug("{remote}: {message}", { remote: link.remote, message: error.message });
      if (error.kind === "authentication" && this.#warnings++ < MAX_WARNINGS) output.warning(error.message);
    }
  }

  #options(alpn: string): ListenerOptions {
    const { random } = this.#surroundings;
    const directions = [DIRECTIONS[this.#request.role]];
    const id = secretId(this.#secret);
    return {
      alpn,
      certificateHash: this.#identity.hash,
      random,
      directions,
      secretFor: (wanted, kind) =>
        !this.#isBurnt && kind === "token" && wanted.every((byte, index) => byte === id[index])
          ? this.#secret
          : undefined,
    };
  }

  #welcome(proved: ProvedLink<DialerHello>): void {
    if (this.#isBurnt || this.#waiting.length >= MAX_WAITING) {
      // Two dialers with the same ticket: the first proof burnt it while the second was under way.
      void proved.link.close(this.#isBurnt ? CODE_AUTHENTICATION : CODE_NETWORK);
      return;
    }
    if (!this.#request.longLived) {
      this.#isBurnt = true;
      this.#surroundings.hub.engine.close(this.#id, 0);
    }
    if (this.#wanted === undefined) this.#waiting.push(proved);
    else this.#wanted.resolve(proved);
    this.#wanted = undefined;
  }
}

const CODE_NETWORK = 5;
const CODE_AUTHENTICATION = 6;
