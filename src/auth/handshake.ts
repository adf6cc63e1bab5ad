/**
 * The flights before proof as two state machines: `docs/protocol.md`, "Before proof". Nothing here has effects: messages go in with
 * their exact bytes, bytes to send and the outcome come out.
 *
 *     (1) dialer:   dialer-hello
 *     (2) listener: listener-hello, proof
 *     (3) dialer:   proof
 *
 * The listener proves first, so a dialer reveals nothing about its files to a peer that merely answers at the right address. A listener
 * treats an unknown secret like a wrong proof, so that it cannot be probed for the secrets it knows.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { RandomBytes } from "../base/random.ts";
import { encode } from "../protocol/encode.ts";
import { HASH_LEN, MAX_BODY, MAX_LANES } from "../protocol/limits.ts";
import type {
  DialerHello,
  Direction,
  HandshakeMessage,
  ListenerHello,
  Message,
  Purpose,
  SecretKind,
} from "../protocol/messages.ts";
import { deriveKeys, type HandshakeKeys, proofsEqual, prove, secretId, type Transcript, transcript } from "./keys.ts";
import { Secret } from "./secret.ts";
import { chooseVersion, noCommonVersion, VERSIONS } from "./versions.ts";

/** A message as the control stream gave it; `undefined` stands for one of a later version. */
export interface Received {
  readonly message: Message | undefined;
  /** The whole message, header included. The handshake keeps no reference to it. */
  readonly bytes: Uint8Array;
}

/** What both sides state about themselves. */
export interface HandshakeOptions {
  /** The ALPN that TLS agreed on. */
  readonly alpn: string;
  /** SHA-256 of the listener's certificate, 32 bytes: the listener's own, the dialer's as TLS showed it. */
  readonly certificateHash: Uint8Array;
  readonly random: RandomBytes;
  /** Versions to speak, most preferred first; {@linkcode VERSIONS} unless a test plays another version. */
  readonly versions?: readonly number[];
  readonly features?: readonly string[];
  readonly maxBody?: number;
  readonly maxLanes?: number;
}

export interface DialerOptions extends HandshakeOptions {
  readonly secret: Secret;
  readonly secretKind: SecretKind;
  readonly purpose: Purpose;
  readonly direction: Direction;
  /** Whether the secret is that of a ticket which works for long: then others may have taken it back. */
  readonly isLasting?: boolean;
  /** Why this side wants nothing of a listener that has proved itself; it does not prove itself then, and uses nothing up. */
  readonly refuse?: ((listener: ListenerHello) => UltraError | undefined) | undefined;
}

export interface ListenerOptions extends HandshakeOptions {
  /** The secret that an id names. One that is used up or expired, or that is not for this purpose, is unknown. */
  readonly secretFor: (id: Uint8Array, kind: SecretKind, purpose: Purpose) => Secret | undefined;
  /** Which ways a transfer may go: one for `send` and `recv`. */
  readonly directions: readonly Direction[];
}

/** Both sides have proved that they know the secret. */
export interface Proved<PeerHello> {
  /** The secret of further connections of this transfer: that of the first proof, also after proofs with it. */
  readonly sessionKey: Secret;
  readonly peer: PeerHello;
  readonly version: number;
  /** Features that both sides have. */
  readonly features: readonly string[];
}

/** What to do after a message. `send` comes first in every case, and may be empty. */
export type Step<PeerHello> =
  | { readonly type: "wait"; readonly send: Uint8Array }
  | { readonly type: "proved"; readonly send: Uint8Array; readonly result: Proved<PeerHello> }
  /** The connection is to be closed with the error's exit code. */
  | {
    readonly type: "failed";
    readonly send: Uint8Array;
    readonly error: UltraError;
    /** Whether the peer had proved the secret before: only then may it be told more than a close code. */
    readonly peerProved: boolean;
  };

/** From `hello`: the listener's hello is awaited; to `proof`: then its proof; to `over`: nothing is, after success or failure. */
type DialerState =
  | { readonly type: "hello" }
  | { readonly type: "proof"; readonly peer: ListenerHello; readonly transcript: Transcript }
  | { readonly type: "over" };

/** The side with the ticket. */
export class DialerHandshake {
  /** The first flight: to be sent at once. */
  readonly hello: Uint8Array;
  readonly #options: DialerOptions;
  #state: DialerState = { type: "hello" };

  constructor(options: DialerOptions) {
    this.#options = options;
    this.hello = encode({
      type: "dialer-hello",
      ...ownHello(options),
      purpose: options.purpose,
      direction: options.direction,
      secretKind: options.secretKind,
      secretId: secretId(options.secret),
      secretData: NOTHING,
    });
  }

  receive(received: Received): Step<ListenerHello> {
    const state = this.#state;
    this.#state = { type: "over" };
    switch (state.type) {
      case "hello":
        return this.#onHello(received);
      case "proof":
        return this.#onProof(received, state.peer, state.transcript);
      case "over":
        throw new Error("A handshake that is over was given a message");
    }
  }

  #onHello({ message, bytes }: Received): Step<ListenerHello> {
    if (message?.type !== "listener-hello") return failed(unexpected(message, "listener-hello"));
    const { alpn, certificateHash } = this.#options;
    const own = versionsOf(this.#options);
    const chosen = chooseVersion(alpn, own, message.versions);
    if (message.chosen === 0 || chosen === 0) return failed(noCommonVersion(own, message.versions));
    if (message.chosen !== chosen) {
      return failed(
        new UltraError("protocol", `The other side chose version ${message.chosen}, where ${chosen} was to be chosen`),
      );
    }
    this.#state = { type: "proof", peer: message, transcript: transcript(alpn, certificateHash, this.hello, bytes) };
    return { type: "wait", send: NOTHING };
  }

  #onProof({ message }: Received, peer: ListenerHello, over: Transcript): Step<ListenerHello> {
    if (message?.type !== "proof") return failed(unexpected(message, "proof"));
    const keys = deriveKeys(this.#options.secret, over);
    if (!proofsEqual(prove(keys.listener, over), message.proof)) {
      return failed(wrongListenerProof(this.#options.isLasting === true));
    }
    const refusal = this.#options.refuse?.(peer);
    if (refusal !== undefined) return failed(refusal);
    const send = encode({ type: "proof", proof: prove(keys.dialer, over) });
    const key = sessionKeyOf(this.#options.secretKind, this.#options.secret, keys);
    return { type: "proved", send, result: provedWith(key, this.#options, peer, peer.chosen) };
  }
}

/** From `hello`: the dialer's hello is awaited; to `proof`: then its proof; to `over`: nothing is, after success or failure. */
type ListenerState =
  | { readonly type: "hello" }
  | {
    readonly type: "proof";
    readonly peer: DialerHello;
    readonly version: number;
    readonly transcript: Transcript;
    readonly keys: HandshakeKeys;
    /** `undefined`: the keys come from a made-up secret, and no proof is right. */
    readonly secret: Secret | undefined;
  }
  | { readonly type: "over" };

/** The side that waits. One for each connection: what a stranger does ends its handshake, never the listener. */
export class ListenerHandshake {
  readonly #options: ListenerOptions;
  #state: ListenerState = { type: "hello" };

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  receive(received: Received): Step<DialerHello> {
    const state = this.#state;
    this.#state = { type: "over" };
    switch (state.type) {
      case "hello":
        return this.#onHello(received);
      case "proof":
        return this.#onProof(received, state);
      case "over":
        throw new Error("A handshake that is over was given a message");
    }
  }

  #onHello({ message, bytes }: Received): Step<DialerHello> {
    if (message?.type !== "dialer-hello") return failed(unexpected(message, "dialer-hello"));
    if ((message.purpose !== "new") && message.secretKind !== "session") {
      return failed(new UltraError("protocol", "The other side tried to join a transfer without its session key"));
    }
    const { alpn, certificateHash, random, secretFor } = this.#options;
    const own = versionsOf(this.#options);
    const version = chooseVersion(alpn, message.versions, own);
    const hello = encode({ type: "listener-hello", ...ownHello(this.#options), chosen: version });
    if (version === 0) return failed(noCommonVersion(own, message.versions), hello);
    const secret = secretFor(message.secretId, message.secretKind, message.purpose);
    const over = transcript(alpn, certificateHash, bytes, hello);
    // The same work for a known and an unknown secret, so that neither the answer nor its time tells them apart.
    const decoy = new Secret(random(HASH_LEN));
    const keys = deriveKeys(secret ?? decoy, over);
    const proof = encode({ type: "proof", proof: prove(keys.listener, over) });
    this.#state = { type: "proof", peer: message, version, transcript: over, keys, secret };
    return { type: "wait", send: joined(hello, proof) };
  }

  #onProof({ message }: Received, state: ListenerState & { readonly type: "proof" }): Step<DialerHello> {
    if (message?.type !== "proof") return failed(unexpected(message, "proof"));
    const { keys, peer, secret, transcript: over } = state;
    const right = proofsEqual(prove(keys.dialer, over), message.proof);
    if (!right || secret === undefined) return failed(wrongDialerProof());
    if (!this.#options.directions.includes(peer.direction)) {
      return failed(directionMismatch(peer.direction, this.#options.directions), NOTHING, true);
    }
    const key = sessionKeyOf(peer.secretKind, secret, keys);
    return { type: "proved", send: NOTHING, result: provedWith(key, this.#options, peer, state.version) };
  }
}

const NOTHING = new Uint8Array(0);

function versionsOf(options: HandshakeOptions): readonly number[] {
  return options.versions ?? VERSIONS;
}

function ownHello(options: HandshakeOptions) {
  return {
    versions: versionsOf(options),
    features: options.features ?? [],
    maxBody: options.maxBody ?? MAX_BODY,
    maxLanes: options.maxLanes ?? MAX_LANES,
    nonce: options.random(HASH_LEN),
  };
}

/** The key of the first proof stays that of the transfer: sides that are started again, and lose a proof on the way, never disagree on it. */
function sessionKeyOf(kind: SecretKind, secret: Secret, keys: HandshakeKeys): Secret {
  return kind === "session" ? secret : keys.session;
}

function provedWith<PeerHello extends DialerHello | ListenerHello>(
  sessionKey: Secret,
  options: HandshakeOptions,
  peer: PeerHello,
  version: number,
): Proved<PeerHello> {
  const features = (options.features ?? []).filter((feature) => peer.features.includes(feature));
  return { sessionKey, peer, version, features };
}

function failed(error: UltraError, send = NOTHING, peerProved = false) {
  return { type: "failed", send, error, peerProved } as const;
}

function unexpected(message: Message | undefined, wanted: HandshakeMessage["type"]): UltraError {
  const what = message === undefined ? "a message of a later version" : `a message "${message.type}"`;
  return new UltraError(
    "protocol",
    `The other side sent ${what} where "${wanted}" was due, before it had proved anything`,
  );
}

function wrongListenerProof(isLasting: boolean): UltraError {
  if (isLasting) {
    return new UltraError(
      "authentication",
      "The other side does not know this ticket, or does not any more: it has expired or was taken back. Ask its owner " +
        "for another one.",
    );
  }
  return new UltraError(
    "authentication",
    "The other side does not know this ticket's secret. Check that the ticket is whole and that its maker still waits; " +
      "a single-use ticket works once.",
  );
}

function wrongDialerProof(): UltraError {
  return new UltraError(
    "authentication",
    "Somebody who does not know the ticket's secret tried to connect and was refused",
  );
}

/** The sentence fits both sides, as the listener sends it to the dialer. */
function directionMismatch(dialer: Direction, listener: readonly Direction[]): UltraError {
  if (dialer === "test" || listener.every((direction) => direction === "test")) {
    return new UltraError("usage", "One side wants to measure and the other one to transfer: run `ultra test` on both");
  }
  return dialer === "dialer-sends"
    ? new UltraError("usage", "Both sides want to send: run `ultra recv` on one of them")
    : new UltraError("usage", "Both sides want to receive: run `ultra send PATH...` on one of them");
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
