/** What the tests of the handshake share: two sides, and the messages between them. @module */

import assert from "node:assert/strict";
import {
  DialerHandshake,
  type DialerOptions,
  ListenerHandshake,
  type ListenerOptions,
  type Received,
  type Step,
} from "../../src/auth/handshake.ts";
import { secretId } from "../../src/auth/keys.ts";
import { Secret } from "../../src/auth/secret.ts";
import type { ErrorKind } from "../../src/base/errors.ts";
import type { RandomBytes } from "../../src/base/random.ts";
import { MessageReader } from "../../src/protocol/decode.ts";

export const TOKEN = new Secret(new Uint8Array(16).fill(7));

export const CERTIFICATE = new Uint8Array(32).fill(9);

/** Different bytes each time, the same in each run. */
export function countingRandom(seed: number): RandomBytes {
  let next = seed;
  return (length) => Uint8Array.from({ length }, () => (next = (next * 167 + 13) & 0xff));
}

export function dialer(changes: Partial<DialerOptions> = {}): DialerHandshake {
  return new DialerHandshake({
    alpn: "ultra/2",
    certificateHash: CERTIFICATE,
    random: countingRandom(1),
    secret: TOKEN,
    secretKind: "token",
    purpose: "new",
    direction: "dialer-sends",
    ...changes,
  });
}

export function listener(changes: Partial<ListenerOptions> = {}): ListenerHandshake {
  return new ListenerHandshake({
    alpn: "ultra/2",
    certificateHash: CERTIFICATE,
    random: countingRandom(2),
    secretFor: (id) => sameBytes(id, secretId(TOKEN)) ? TOKEN : undefined,
    directions: ["dialer-sends"],
    ...changes,
  });
}

/** The messages in some bytes, as the control stream gives them. */
export function messagesIn(bytes: Uint8Array): Received[] {
  const reader = new MessageReader();
  reader.push(bytes);
  return [...reader];
}

/** The one message in some bytes. */
export function messageIn(bytes: Uint8Array): Received {
  const [message, ...more] = messagesIn(bytes);
  assert.ok(message !== undefined && more.length === 0);
  return message;
}

/** The listener's answer to a hello, as the dialer gets it: its hello and its proof. */
export function answer(side: ListenerHandshake, hello: Uint8Array): [Received, Received] {
  const step = side.receive(messageIn(hello));
  assert.equal(step.type, "wait");
  const [listenerHello, proof] = messagesIn(step.send);
  assert.ok(listenerHello !== undefined && proof !== undefined);
  return [listenerHello, proof];
}

/** The dialer's proof after an answer that it accepts. */
export function dialerProof(side: DialerHandshake, [hello, proof]: readonly [Received, Received]): Uint8Array {
  assert.equal(side.receive(hello).type, "wait");
  const step = side.receive(proof);
  assert.equal(step.type, "proved");
  return step.send;
}

export function assertFailed<Hello>(step: Step<Hello>, kind: ErrorKind): Step<Hello> & { type: "failed" } {
  assert.equal(step.type, "failed");
  assert.equal(step.error.kind, kind);
  return step;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
