/**
 * From a secret and a transcript to proofs: `docs/protocol.md`, "Before proof". Pure; the vectors are `tests/vectors/auth.json`.
 *
 * A proof binds everything that was said (both hellos, so also nonces, versions and direction), the ALPN and the certificate. So it
 * is worth nothing on another connection, to another certificate, or after any byte was changed in transit.
 *
 * @module
 */

// (Not node:crypto, which takes 10 ms of each start to load.)
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { HASH_LEN, SECRET_ID_LEN } from "../protocol/limits.ts";
import { Secret } from "./secret.ts";

/** SHA-256 over both hellos and what they ran over. */
export type Transcript = Uint8Array;

/** One key for each use: a proof of one side is never a proof of the other, so that sending it back proves nothing. */
export interface HandshakeKeys {
  readonly listener: Secret;
  readonly dialer: Secret;
  /** The secret of every further connection of the same transfer. */
  readonly session: Secret;
}

/** Separates these keys from those of another version or another protocol with the same secret. */
const KEY_LABEL = "ultra/1 ";

/** What a secret is hashed with to name it. */
const ID_LABEL = "id";

const utf8 = new TextEncoder();

/**
 * T: what both sides saw, so that a proof over it holds for this conversation only.
 *
 * @param certificateHash SHA-256 of the listener's whole certificate, not the shorter pin of the ticket
 * @param dialerHello the message as it stood on the wire, header included; likewise the listener's
 */
export function transcript(
  alpn: string,
  certificateHash: Uint8Array,
  dialerHello: Uint8Array,
  listenerHello: Uint8Array,
): Transcript {
  const name = utf8.encode(alpn);
  return sha256.create()
    .update(Uint8Array.of(name.length)).update(name)
    .update(certificateHash)
    .update(u32(dialerHello.length)).update(dialerHello)
    .update(u32(listenerHello.length)).update(listenerHello)
    .digest();
}

/** HKDF-SHA-256 with T as its salt. */
export function deriveKeys(secret: Secret, salt: Transcript): HandshakeKeys {
  const derive = (use: string) =>
    new Secret(hkdf(sha256, secret.reveal(), salt, utf8.encode(KEY_LABEL + use), HASH_LEN));
  return { listener: derive("listener"), dialer: derive("dialer"), session: derive("session") };
}

/** HMAC-SHA-256 of T under a side's own key. */
export function prove(key: Secret, over: Transcript): Uint8Array {
  return hmac(sha256, key.reveal(), over);
}

/** 8 bytes that identify a secret to a holder of it and reveal nothing to others. */
export function secretId(secret: Secret): Uint8Array {
  return hmac(sha256, secret.reveal(), utf8.encode(ID_LABEL)).slice(0, SECRET_ID_LEN);
}

/** Compares in a time that does not depend on where they differ. Anything that is not a whole proof is unequal. */
export function proofsEqual(expected: Uint8Array, given: Uint8Array): boolean {
  if (expected.length !== HASH_LEN || given.length !== HASH_LEN) return false;
  let difference = 0;
  for (let at = 0; at < HASH_LEN; at++) difference |= (expected[at] ?? 0) ^ (given[at] ?? 0);
  return difference === 0;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
