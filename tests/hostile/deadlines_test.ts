/**
 * Peers that let others wait, all at the same time: each is given up when its time is over, and no sooner. One of each kind with real
 * processes; all variants are in `tests/session/deadlines_test.ts`, in virtual time.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Closed, type Peer, prove, Speaker, within } from "./hostile_peer.ts";
import { assertStillServes, Box, UltraProcess } from "./ultra_process.ts";
import { ALPN, dialerHello, listenerHello, writeTicket } from "./wire.ts";

const NETWORK = 5;

/** A listener's patience with strangers, a dialer's with its listener, and a receiver's with a sender that offers nothing. */
const LISTENER_MS = 5000;
const DIALER_MS = 10_000;
const OFFER_MS = 30_000;

/** A machine under load is late, never early; and five times a deadline is a hang. */
async function takes<T>(ms: number, promise: Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await within(`what takes ${ms} ms`, promise, 5 * ms);
  const took = performance.now() - start;
  assert.ok(took > ms * 0.8, `it took ${took} ms, so another reason than the deadline of ${ms} ms ended it`);
  return result;
}

function assertGivenUp({ cause, code }: Closed): void {
  assert.deepEqual({ cause, code }, { cause: "peer", code: NETWORK });
}

/** I10: half a hello, silence after a whole one, one byte per second, nothing at all, and lanes that nobody may open. */
async function strangers(): Promise<void> {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const { port, token } = await receiver.ticket();
  const hello = dialerHello({ token, direction: 0 });
  const connect = () => speaker.connect(port);
  const peers = await Promise.all([connect(), connect(), connect(), connect(), connect()] as const);
  const [half, whole, slow, _silent, lanes] = peers;
  half.send(hello.subarray(0, 40));
  whole.send(hello);
  // 64 MiB for a lane: with credit for its stream all of them would be read and sent.
  speaker.tell({ op: "lanes", key: lanes.key, blocks: 64 });
  let isLaneRead = false;
  void speaker.grantRead().then(() => isLaneRead = true);
  let sent = 0;
  const timer = setInterval(() => slow.send(hello.subarray(sent, ++sent)), 1000);
  try {
    for (const end of await takes(LISTENER_MS, Promise.all(peers.map((peer) => peer.closed)))) assertGivenUp(end);
  } finally {
    clearInterval(timer);
  }
  assert.ok(!isLaneRead, "a stranger's lane was taken");
  await assertStillServes(receiver, box);
}

/** H5: the ninth stranger from one address is refused; an honest dialer waits its turn. */
async function crowd(): Promise<void> {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const { port, text } = await receiver.ticket();
  const crowd: readonly Peer[] = await Promise.all(Array.from({ length: 8 }, () => speaker.connect(port)));
  assert.equal((await speaker.dial(port).closed).cause, "transport");
  // It comes while all places are taken, and gets in when the strangers' time is up.
  await using sender = new UltraProcess(["send", join(box.folder, "canary"), text]);
  for (const { cause, code } of await Promise.all(crowd.map((one) => one.closed))) {
    // The last of them may see the receiver end, as the honest dialer needs only one place.
    assert.ok(cause === "peer" && (code === NETWORK || code === 0), `closed by ${cause} ${code}`);
  }
  const { code, stderr } = await sender.exit();
  assert.equal(code, 0, stderr);
  assert.equal((await box.contents()).get("into/canary"), "canary");
  assert.equal((await receiver.exit()).code, 0);
}

/** A listener that lets a dialer in and then stops in the middle of its hello. */
async function silentListener(): Promise<void> {
  await using box = await Box.make();
  await using speaker = new Speaker();
  const { port, certificate, next } = await speaker.listen([ALPN, "ultra"]);
  const pin = certificate.slice(0, 16);
  const ticket = writeTicket({ role: "receive", longLived: false, pin, token: new Uint8Array(16), port });
  await using sender = new UltraProcess(["send", join(box.folder, "canary"), ticket]);
  const dialer = await next();
  await dialer.next();
  dialer.send(listenerHello().subarray(0, 20));
  const { code, stderr } = await takes(DIALER_MS, sender.exit());
  assert.equal(code, NETWORK, stderr);
  assert.match(stderr, /in time/);
}

/** A sender that proves the ticket and then offers nothing. */
async function silentSender(): Promise<void> {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  const { code, stderr } = await takes(OFFER_MS, receiver.exit());
  assert.equal(code, NETWORK, stderr);
  assert.match(stderr, /offered nothing in time/);
  await peer.closed;
  await box.assertUntouched();
}

Deno.test("hostile: I10 H5 G10 peers that let others wait are given up at their deadlines", async () => {
  await Promise.all([strangers(), crowd(), silentListener(), silentSender()]);
});
