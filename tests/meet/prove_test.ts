/** The flights before proof over a link, and their deadlines. */

import assert from "node:assert/strict";
import { secretId } from "../../src/auth/keys.ts";
import { Secret } from "../../src/auth/secret.ts";
import type { DialerOptions, ListenerOptions } from "../../src/auth/handshake.ts";
import type { UltraError } from "../../src/base/errors.ts";
import { proveAsDialer, proveAsListener } from "../../src/meet/prove.ts";
import { EXIT_CODES, MESSAGE_CODES } from "../../src/protocol/codes.ts";
import type { ListenerHello } from "../../src/protocol/messages.ts";
import type { ProvedLink } from "../../src/meet/prove.ts";
import { type Joined, joinedLinks, Listening } from "../session/support.ts";

const TOKEN = new Secret(new Uint8Array(16).fill(3));

const OFFER = { transfer: 1, host: "a", name: "b", totalSize: 1, lanes: 1 };

function dialerOptions({ dialer, certificate }: Joined, changes: Partial<DialerOptions> = {}): DialerOptions {
  return {
    alpn: "ultra/2",
    certificateHash: certificate,
    random: dialer.context.random,
    secret: TOKEN,
    secretKind: "token",
    purpose: "new",
    direction: "dialer-sends",
    ...changes,
  };
}

function listenerOptions({ listener, certificate }: Joined): ListenerOptions {
  const id = secretId(TOKEN);
  return {
    alpn: "ultra/2",
    certificateHash: certificate,
    random: listener.context.random,
    directions: ["dialer-sends"],
    secretFor: (wanted) => wanted.every((byte, i) => byte === id[i]) ? TOKEN : undefined,
  };
}

/** The error that a promise ends with, and when. */
async function failure(joined: Joined, promise: Promise<unknown>): Promise<{ error: UltraError; atMs: number }> {
  const startMs = joined.world.time.now();
  const outcome = promise.then(() => assert.fail("must fail"), (error: UltraError) => error);
  const error = await joined.world.time.until(outcome);
  return { error, atMs: joined.world.time.now() - startMs };
}

Deno.test("prove: both sides get the same session key and each other's hello", async () => {
  const joined = await joinedLinks();
  const proofs: Promise<ProvedLink>[] = [
    proveAsDialer(joined.near, dialerOptions(joined), joined.world.time),
    proveAsListener(joined.far, listenerOptions(joined), joined.world.time),
  ];
  const [dialer, listener] = await joined.world.time.until(Promise.all(proofs));
  assert.deepEqual(dialer?.proved.sessionKey.reveal(), listener?.proved.sessionKey.reveal());
  assert.deepEqual([dialer?.proved.peer.type, listener?.proved.peer.type], ["listener-hello", "dialer-hello"]);
  assert.equal(joined.world.time.openTimers, 0, "no deadline runs on");
});

Deno.test("prove: what follows the last flight in the same piece is kept for the transfer", async () => {
  const joined = await joinedLinks();
  joined.world.network.clumpMs = 5;
  const proving = proveAsListener(joined.far, listenerOptions(joined), joined.world.time);
  await joined.world.time.until(proveAsDialer(joined.near, dialerOptions(joined), joined.world.time));
  joined.near.send({ type: "offer", ...OFFER });
  joined.near.send({ type: "heartbeat" });
  await joined.world.time.until(proving);
  const listening = new Listening();
  joined.far.handle(listening);
  await joined.world.time.pass(50);
  assert.deepEqual(listening.types, ["offer", "heartbeat"]);
});

Deno.test("prove: a listener may send more than 4 KiB at once behind its proof, before the dialer takes it", async () => {
  const joined = await joinedLinks();
  const proving = proveAsListener(joined.far, listenerOptions(joined), joined.world.time).then(() => {
    for (let index = 0; index < 40; index++) joined.far.send({ type: "offer", ...OFFER, name: "b".repeat(200) });
  });
  await joined.world.time.until(proveAsDialer(joined.near, dialerOptions(joined), joined.world.time));
  await joined.world.time.until(proving);
  await joined.world.time.pass(50);
  const taking = new Listening();
  joined.near.handle(taking);
  assert.deepEqual(taking.ends, []);
  assert.deepEqual(taking.types, Array(40).fill("offer"));
});

Deno.test("prove: I10 a listener closes on a silent stranger after 5 seconds, whatever trickles in", async () => {
  for (const trickleMs of [Infinity, 4000, 100]) {
    const joined = await joinedLinks();
    const hello = await helloOf(joined);
    let sent = 0;
    if (trickleMs < Infinity) {
      joined.world.time.every(trickleMs, () => joined.near.sendBytes(hello.slice(sent, ++sent)));
    }
    const proving = proveAsListener(joined.far, listenerOptions(joined), joined.world.time);
    const { error, atMs } = await failure(joined, proving);
    assert.deepEqual([error.kind, Math.trunc(atMs)], ["network", 5000]);
    await joined.world.time.pass(1000);
    assert.ok(joined.far.isOver, "the connection is closed");
  }
});

/** A whole hello, taken from another dialer. */
async function helloOf({ certificate }: Joined): Promise<Uint8Array> {
  const other = await joinedLinks(2);
  const listening = new Listening();
  other.far.handle(listening);
  proveAsDialer(other.near, dialerOptions({ ...other, certificate }), other.world.time).catch(() => {});
  await other.world.time.pass(50);
  return listening.messages[0]?.bytes ?? assert.fail("no hello");
}

Deno.test("prove: I10 a right hello at the last moment does not buy more time", async () => {
  const joined = await joinedLinks();
  const hello = await helloOf(joined);
  joined.world.time.after(4900, () => joined.near.sendBytes(hello));
  const { error, atMs } = await failure(
    joined,
    proveAsListener(joined.far, listenerOptions(joined), joined.world.time),
  );
  assert.deepEqual([error.kind, Math.trunc(atMs)], ["network", 5000]);
});

Deno.test("prove: a dialer waits 10 seconds for a listener that says nothing", async () => {
  const joined = await joinedLinks();
  const { error, atMs } = await failure(joined, proveAsDialer(joined.near, dialerOptions(joined), joined.world.time));
  assert.deepEqual([error.kind, Math.trunc(atMs)], ["network", 10_000]);
  await joined.world.time.pass(1000);
  assert.ok(joined.near.isOver && joined.far.isOver);
});

for (const [type, code] of Object.entries(MESSAGE_CODES)) {
  if (type === "dialer-hello") continue;
  Deno.test(`prove: I9 "${type}" before any proof closes the connection with 8 and is not answered`, async () => {
    const joined = await joinedLinks();
    const stranger = new Listening();
    joined.near.handle(stranger);
    const proving = proveAsListener(joined.far, listenerOptions(joined), joined.world.time);
    joined.near.sendBytes(Uint8Array.of(code & 0xff, code >> 8, 0, 0, 0, 0));
    const { error } = await failure(joined, proving);
    await joined.world.time.pass(1000);
    assert.equal(error.kind, "protocol");
    assert.deepEqual(stranger.messages, []);
    assert.deepEqual(stranger.ends.map(({ code }) => code), [EXIT_CODES.protocol]);
  });
}

Deno.test("prove: I4 a wrong secret ends with 6 on both sides, and the dialer says nothing about itself after it", async () => {
  const joined = await joinedLinks();
  const secret = new Secret(new Uint8Array(16).fill(4));
  const listening = proveAsListener(joined.far, listenerOptions(joined), joined.world.time);
  const dialing = proveAsDialer(joined.near, dialerOptions(joined, { secret }), joined.world.time);
  const outcomes = await joined.world.time.until(Promise.allSettled([dialing, listening]));
  for (const outcome of outcomes) assert.equal(outcome.status, "rejected");
  const [one, other] = outcomes.map((outcome) => outcome.status === "rejected" ? outcome.reason.kind : "");
  assert.deepEqual([one, other], ["authentication", "authentication"]);
});

Deno.test("prove: two sides that both want to send learn what to run, after proof and not before", async () => {
  const joined = await joinedLinks();
  const listening = proveAsListener(
    joined.far,
    { ...listenerOptions(joined), directions: ["dialer-receives"] },
    joined.world.time,
  );
  const dialing: Promise<ProvedLink<ListenerHello>> = proveAsDialer(
    joined.near,
    dialerOptions(joined),
    joined.world.time,
  );
  const { error } = await failure(joined, listening);
  assert.equal(error.kind, "usage");
  await joined.world.time.until(dialing);
  const told = new Listening();
  joined.near.handle(told);
  await joined.world.time.pass(500);
  assert.deepEqual(told.types, ["abort"]);
  assert.deepEqual(told.ends.map(({ code }) => code), [EXIT_CODES.usage]);
});

Deno.test("prove: a connection that ends before the proof says why", async () => {
  const joined = await joinedLinks();
  const dialing = proveAsDialer(joined.near, dialerOptions(joined), joined.world.time);
  void joined.far.close(EXIT_CODES.authentication);
  const { error } = await failure(joined, dialing);
  assert.equal(error.kind, "authentication");
  assert.match(error.message, /did not accept the proof/);
});
