/**
 * Waits for the other side: makes the ticket, and admits peers that prove its secret. Nothing that an unauthenticated peer does ends a listener.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { REQUESTS } from "../auth/features.ts";
import type { ListenerOptions } from "../auth/handshake.ts";
import { secretId } from "../auth/keys.ts";
import { Secret } from "../auth/secret.ts";
import { alpnsOf, type FormatChoice, formatOf, takenAlpns } from "../auth/versions.ts";
import { type Identity, ListenError, type ListenerSettings } from "../engine/engine.ts";
import type { ListenerId } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";
import { formatEndpoint, type ListenEndpoint } from "../base/endpoints.ts";
import { CLOSE_OTHER_FORMAT } from "../protocol/codes.ts";
import { MAX_BYTES_BEFORE_PROOF, PIN_LEN, TOKEN_LEN } from "../protocol/limits.ts";
import type { DialerHello, Purpose, SecretKind } from "../protocol/messages.ts";
import type { TicketRole } from "../protocol/ticket.ts";
import { type Distance, distanceOf } from "../settings/distance.ts";
import { furtherTuning } from "../settings/connections.ts";
import { blazingTuning } from "../settings/blazing.ts";
import { connectionSettings } from "../settings/connection_settings.ts";
import { WindowPool } from "../settings/shared.ts";
import type { Tuning } from "../settings/tuning.ts";
import type { ListenerEvent } from "../link/hub.ts";
import { ControlLink } from "../link/control_link.ts";
import type { Rights } from "../auth/rights.ts";
import { type Admission, OWN_TICKET, proveAsListener, type ProvedLink, sendAbort } from "./prove.ts";
import type { TicketTable } from "./further_tickets.ts";
import type { Context } from "../link/context.ts";
import { directionOf, type Role } from "./direction.ts";
import type { MeetEvent } from "./events.ts";

export interface ListenRequest {
  readonly endpoint: ListenEndpoint;
  readonly role: TicketRole & Role;
  /** Whether the ticket may be used again; otherwise the first proof burns it. */
  readonly longLived: boolean;
  readonly tuning: Tuning;
  /** Whether its ticket is that of later runs as well, each of which it begins once. */
  readonly isLasting?: boolean;
  /** Whether several transfers run at the same time: then all connections share one pool of windows. */
  readonly isShared?: boolean;
  /** Who it was in an earlier process; otherwise all of it is made up. */
  readonly known?: Known | undefined;
}

/** What a listener goes on with. */
export interface Known {
  readonly identity?: Identity | undefined;
  /** The secret of its tickets, if that lasts. */
  readonly token?: Secret | undefined;
  /** The session key of a transfer that an earlier process began. */
  readonly key?: Secret | undefined;
  /** The id of the further ticket with which that transfer began. */
  readonly keyTicket?: Uint8Array | undefined;
  /** Tickets that it takes besides its own. */
  readonly further?: TicketTable | undefined;
}

/** A running transfer that further connections may join. */
export interface Session {
  /** Its first connection. */
  readonly link: ControlLink;
  /** The session key of its first connection. */
  readonly key: Secret;
  /** Connections that it may have in all. */
  readonly most: number;
  readonly path: Distance;
  readonly take: (link: ControlLink) => void;
  /**
   * The dialer came back: with the purpose `replace` for the transfer that runs, with `new` after it was started again. `undefined`: it may not.
   */
  readonly returned: ((met: ProvedLink<DialerHello>) => void) | undefined;
  /** How its dialer was let in at first. */
  readonly admission?: Admission | undefined;
}

/**
 * Dialers in the middle of a handshake that may come from made-up addresses. Beyond, dialers show first that they receive at theirs, which
 * costs a round trip; fewer would put that on small honest crowds.
 */
const MAX_UNVALIDATED = 16;

/** Dialers that have not proved the secret yet, in all and from one address: enough for honest crowds, little for an attack. */
const MAX_UNPROVED = 64;
const MAX_UNPROVED_PER_ADDRESS = 8;

/** Proved dialers that wait for their turn. */
const MAX_WAITING = 16;

/** Wrong guesses that are shown; a flood of them must not flood the terminal. */
const MAX_WARNINGS = 3;

const log = getLogger(["ultra", "peer"]);

export class Listener {
  readonly #context: Context<MeetEvent>;
  readonly #request: ListenRequest;
  readonly #identity: Identity;
  readonly #secret: Secret;
  readonly #started = Promise.withResolvers<ListenEndpoint>();
  readonly #waiting: ProvedLink<DialerHello>[] = [];
  readonly #strangers = new Set<ControlLink>();
  /** By the ids of their keys. */
  readonly #sessions = new Map<string, Session>();
  /** First connections of transfers, and those that replaced them. */
  readonly #firsts = new Set<ControlLink>();
  #wanted: PromiseWithResolvers<ProvedLink<DialerHello>> | undefined;
  #id: ListenerId;
  #isStopped = false;
  #isBurnt = false;
  readonly #pool: WindowPool | undefined;
  #warnings = 0;

  /** @throws {UltraError} when nothing can be listened on */
  constructor(request: ListenRequest, context: Context<MeetEvent>) {
    this.#context = context;
    this.#request = request;
    const { known } = request;
    this.#identity = known?.identity ?? context.hub.engine.identity();
    this.#secret = known?.token ?? new Secret(context.random(TOKEN_LEN));
    const { endpoint, isShared } = request;
    this.#pool = isShared === true ? new WindowPool(distanceOf(endpoint.address)) : undefined;
    this.#id = this.#listen(endpoint);
    context.hub.onListener(this.#id, (event) => this.#on(event));
  }

  /** Where it really listens. */
  get started(): Promise<ListenEndpoint> {
    return this.#started.promise;
  }

  /** The secret parts of the ticket. */
  get ticketParts(): { readonly pin: Uint8Array; readonly token: Uint8Array; readonly longLived: boolean } {
    const longLived = this.#request.longLived || this.#request.isLasting === true;
    // (A ticket of a test works for its phases, and no longer.)
    const isWhole = longLived && this.#request.role !== "test";
    const pin = isWhole ? this.#identity.hash : this.#identity.hash.slice(0, PIN_LEN);
    return { pin, token: this.#secret.reveal(), longLived };
  }

  /** What it was told to speak. */
  get format(): FormatChoice {
    return this.#request.tuning.format;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The secret of its tickets. */
  get secret(): Secret {
    return this.#secret;
  }

  /** The next dialer that has proved the secret. One call at a time. */
  next(): Promise<ProvedLink<DialerHello>> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    this.#wanted = Promise.withResolvers();
    return this.#wanted.promise;
  }

  /**
   * Lets further connections join a transfer, and its dialer come back, until the result is disposed of. The port of a burnt ticket stays
   * open as long as a transfer runs or a first connection lasts, and no longer.
   *
   * Until then every dialer gets the window of a further connection, because its settings freeze before anything is known of it.
   */
  open(session: Session): Disposable {
    const id = secretId(session.key).toHex();
    this.#sessions.set(id, session);
    this.#keepOpenFor(session.link);
    const { endpoint, tuning } = this.#request;
    const first = distanceOf(endpoint.address);
    if (this.#pool === undefined) this.#retune(furtherTuning(tuning, first, session.path, session.most));
    return {
      [Symbol.dispose]: () => {
        // Another connection may have taken the transfer over, and let others join it.
        if (this.#sessions.get(id) !== session) return;
        this.#sessions.delete(id);
        // Another transfer may follow on the same link, and have further connections again.
        if (this.#isBurnt) this.#closeIfDone();
        else if (this.#pool === undefined) this.#retune(tuning);
      },
    };
  }

  /** Takes no more dialers. Those that were let in stay. */
  stop(): void {
    this.#isStopped = true;
    this.#context.hub.engine.close(this.#id, 0);
    for (const stranger of this.#strangers) void stranger.close(0);
  }

  #retune(tuning: Tuning, plain?: Tuning): void {
    if (!this.#isStopped) this.#context.hub.engine.retune(this.#id, this.#settings(tuning, plain));
  }

  #listen(endpoint: ListenEndpoint): ListenerId {
    const { hub, tell } = this.#context;
    const options = {
      ...this.#settings(),
      identity: this.#identity,
      alpns: takenAlpns(this.#request.tuning.format),
      maxUnvalidated: MAX_UNVALIDATED,
      maxUnproved: MAX_UNPROVED,
      maxUnprovedPerAddress: MAX_UNPROVED_PER_ADDRESS,
      controlLimit: MAX_BYTES_BEFORE_PROOF,
    };
    try {
      return hub.engine.listen({ ...options, address: formatEndpoint(endpoint.address, endpoint.port) });
    } catch (error) {
      const isEverywhere = endpoint.address === "::";
      if (!(error instanceof ListenError) || error.reason !== "no-family" || !isEverywhere) throw error;
      tell({ type: "ipv4-only" });
      return hub.engine.listen({ ...options, address: formatEndpoint("0.0.0.0", endpoint.port) });
    }
  }

  #settings(tuning = this.#request.tuning, plain = blazingTuning(this.#request.tuning)): ListenerSettings {
    // All addresses are far: a listener does not know where its dialers will come from.
    const distance = distanceOf(this.#request.endpoint.address);
    const of = (tuning: Tuning) => connectionSettings({ distance, side: "listener", tuning });
    return { settings: of(tuning), plainSettings: of(plain) };
  }

  #on(event: ListenerEvent): void {
    if (event.type === "listening") {
      const { address } = this.#request.endpoint;
      return this.#started.resolve({ address, port: event.port });
    }
    const { hub, timers } = this.#context;
    // It finished its handshake while the listener was closed.
    if (this.#isStopped) return hub.engine.close(event.connection, CODE_NETWORK);
    const link = new ControlLink(hub, event.connection, event.remote, timers);
    if (!alpnsOf(this.format).includes(event.alpn)) return this.#turnAway(link, event.alpn);
    this.#strangers.add(link);
    this.#share(link, event.alpn);
    void this.#letIn(link, event.alpn).finally(() => this.#strangers.delete(link));
  }

  /** It speaks nothing that this side was told to speak. */
  #turnAway(link: ControlLink, alpn: string): void {
    void link.close(CLOSE_OTHER_FORMAT);
    if (this.#isBurnt || this.#warnings++ >= MAX_WARNINGS) return;
    const [theirs, own] = formatOf(alpn) === "ultra" ? ["ULTRA", "the older format"] : ["the older format", "ULTRA"];
    const text = `Somebody at ${link.remote} speaks only ${theirs}, and this side was told to speak only ${own}`;
    this.#context.tell({ type: "wrong-proof", error: new UltraError("protocol", text, { reason: "one-format" }) });
  }

  /** What this connection has is not there for the next one, until it is gone. */
  #share(link: ControlLink, alpn: string): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    const { tuning } = this.#request;
    const plain = blazingTuning(tuning);
    const retune = () => this.#retune(pool.next(tuning), pool.next(plain));
    pool.take(link.id, formatOf(alpn) === "blazing" ? plain : tuning);
    retune();
    void link.over.then(() => {
      pool.free(link.id);
      retune();
    });
  }

  async #letIn(link: ControlLink, alpn: string): Promise<void> {
    const { tell, timers } = this.#context;
    // Who comes back, and asks first for what an earlier process had, is no stranger.
    let isGuess = true;
    let named: Uint8Array | undefined;
    const heard = (id: Uint8Array, kind: SecretKind) => {
      isGuess = kind !== "session";
      named = id;
    };
    try {
      const met = await proveAsListener(link, this.#options(alpn, heard), timers);
      if (met.proved.peer.secretKind === "session") this.#join(met);
      else this.#welcome(met);
    } catch (error) {
      if (!(error instanceof UltraError)) throw error;
      log.debug("{remote}: {message}", { remote: link.remote, message: error.message });
      if (error.kind === "authentication" && isGuess && this.#warnings++ < MAX_WARNINGS) {
        const label = named && this.#request.known?.further?.formerLabel(named);
        tell({ type: "wrong-proof", error: label === undefined ? error : outlived(label) });
      }
    }
  }

  /** @param heard gets the id and the kind of the secret that a dialer wants to prove */
  #options(alpn: string, heard: (id: Uint8Array, kind: SecretKind) => void): ListenerOptions {
    const { random } = this.#context;
    const { role } = this.#request;
    const directions = [directionOf(role, "listener")];
    // A server says itself whether it takes anything.
    if (role === "serve") directions.push(directionOf("receive", "listener"));
    const secretFor = (id: Uint8Array, kind: SecretKind, purpose: Purpose) => {
      heard(id, kind);
      return this.#secretFor(id, kind, purpose);
    };
    const features = role === "serve" ? [REQUESTS] : [];
    return { alpn, certificateHash: this.#identity.hash, random, directions, features, secretFor };
  }

  /** A token begins a transfer, a session key joins one, or begins it again; neither does what the other does. */
  #secretFor(name: Uint8Array, kind: SecretKind, purpose: Purpose): Secret | undefined {
    const id = name.toHex();
    if (kind === "session") {
      const session = this.#sessions.get(id);
      if (session !== undefined) {
        // Who begins again does so with the ticket, in a way: one that was taken back meanwhile opens nothing.
        const isValid = purpose !== "new" || this.#rights(session.admission?.ticket) !== undefined;
        return isValid && (purpose === "add" || session.returned !== undefined) ? session.key : undefined;
      }
      return purpose === "new" && this.#isKept(id) && !this.#isBurnt ? this.#request.known?.key : undefined;
    }
    if (kind !== "token" || purpose !== "new") return undefined;
    const further = this.#request.known?.further?.find(name)?.secret;
    const secret = id === secretId(this.#secret).toHex() ? this.#secret : further;
    return this.#isBurnt ? undefined : secret;
  }

  /** What a ticket opens now; `undefined`: nothing any more. */
  #rights(ticket: Uint8Array | undefined): Rights | undefined {
    return ticket === undefined ? OWN_TICKET.rights : this.#request.known?.further?.find(ticket)?.rights;
  }

  /** How a dialer is let in that has proved a token, or the key of the transfer that an earlier process began. */
  #admissionOf({ proved: { peer } }: ProvedLink<DialerHello>): Admission | undefined {
    const isOwn = peer.secretKind === "token" && peer.secretId.toHex() === secretId(this.#secret).toHex();
    const ticket = peer.secretKind === "session" ? this.#request.known?.keyTicket : isOwn ? undefined : peer.secretId;
    const rights = this.#rights(ticket);
    const further = this.#request.known?.further;
    const isTakenBack = () => ticket !== undefined && further?.isTakenBack(ticket) === true;
    const label = ticket && further?.find(ticket)?.label;
    return rights && { rights, ticket, label, isTakenBack };
  }

  /** Whether a key is that of the transfer that an earlier process began. */
  #isKept(id: string): boolean {
    const key = this.#request.known?.key;
    if (key === undefined || id !== secretId(key).toHex()) return false;
    return this.#rights(this.#request.known?.keyTicket) !== undefined;
  }

  #join(met: ProvedLink<DialerHello>): void {
    const { link, proved } = met;
    const id = proved.peer.secretId.toHex();
    const session = this.#sessions.get(id);
    if (session === undefined && proved.peer.purpose === "new" && this.#isKept(id)) return this.#welcome(met);
    // The transfer ended while the proof was under way.
    if (session === undefined) return void link.close(CODE_AUTHENTICATION);
    if (proved.peer.purpose === "add") return session.take(link);
    this.#keepOpenFor(link);
    session.returned?.({ ...met, ...session.admission && { admission: session.admission } });
  }

  /** While a first connection lasts, another transfer may follow on it. */
  #keepOpenFor(link: ControlLink): void {
    if (this.#firsts.has(link)) return;
    this.#firsts.add(link);
    void link.over.then(() => {
      this.#firsts.delete(link);
      if (this.#isBurnt) this.#closeIfDone();
    });
  }

  /** Whoever proved itself while another one was served waits with its connection in hand. */
  #closeIfDone(): void {
    if (this.#sessions.size > 0 || this.#firsts.size > 0) return;
    this.#isStopped = true;
    this.#context.hub.engine.close(this.#id, 0);
  }

  #welcome(met: ProvedLink<DialerHello>): void {
    const admission = this.#admissionOf(met);
    const refusal = admission === undefined ? gone() : refusalOf(admission.rights, this.#request.role);
    if (admission === undefined || refusal !== undefined) {
      sendAbort(met.link, refusal ?? gone());
      return void met.link.close(CODE_AUTHENTICATION);
    }
    const proved = { ...met, admission };
    if (this.#isBurnt || this.#waiting.length >= MAX_WAITING) {
      // Two dialers with the same ticket: the first proof burnt it while the second was under way.
      void proved.link.close(this.#isBurnt ? CODE_AUTHENTICATION : CODE_NETWORK);
      return;
    }
    // The port stays open: the transfer may get further connections.
    this.#isBurnt = !this.#request.longLived;
    if (this.#wanted === undefined) this.#waiting.push(proved);
    else this.#wanted.resolve(proved);
    this.#wanted = undefined;
  }
}

const CODE_NETWORK = 5;
const CODE_AUTHENTICATION = 6;

/** For the owner of a ticket, who knows it by its label. */
function outlived(label: string): UltraError {
  return new UltraError(
    "authentication",
    `The ticket ${label} has expired or was taken back; somebody who has it tried to connect and was refused`,
  );
}

/** It was taken back while it was being proved. */
function gone(): UltraError {
  return new UltraError("authentication", "This ticket has expired or was taken back: ask its owner for another one");
}

/** Why a ticket does not let its holder take part in a transfer of files as a whole, if it does not. */
function refusalOf({ read, write, under }: Rights, role: Role): UltraError | undefined {
  // Whoever serves files looks at each path.
  if (role !== "receive" && role !== "send") return undefined;
  const refuse = (message: string) => new UltraError("authentication", message);
  if (under !== undefined) {
    return refuse("This ticket is for one folder of what is served, and the other side serves no folders");
  }
  if (role === "receive" && !write) {
    return refuse("This ticket is for fetching files, and the other side receives some");
  }
  if (role === "send" && !read) return refuse("This ticket is for bringing files, and the other side sends some");
  return undefined;
}
