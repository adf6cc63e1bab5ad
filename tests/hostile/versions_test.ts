/** Two sides without a common version, and what is no ultra at all: both are told, nobody is harmed. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Peer, Speaker } from "./hostile_peer.ts";
import { assertStillServes, Box, UltraProcess } from "./ultra_process.ts";
import { ALPN, dialerHello, listenerHello, readListenerHello, type WireTicket, writeTicket } from "./wire.ts";

const PROTOCOL = 8;

/** Says hello and reads the listener's answer and end. */
async function assertToldVersions(peer: Peer, versions: readonly number[], token: Uint8Array): Promise<void> {
  peer.send(dialerHello({ token, direction: 0, versions }));
  const answer = readListenerHello((await peer.next()).body);
  assert.deepEqual(answer, { versions: [2], chosen: 0 });
  const { cause, code } = await peer.closed;
  assert.deepEqual({ cause, code }, { cause: "peer", code: PROTOCOL });
}

Deno.test("hostile: dialers of other versions are told this one's, and the listener goes on", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const { port, token } = await receiver.ticket();
  // A later version offers its own ALPN first, and the one for version hellos last.
  const later = await speaker.connect(port, ["ultra/4", "ultra/3", "ultra"]);
  assert.equal(later.alpn, "ultra");
  await assertToldVersions(later, [4, 3], token);
  const earlier = await speaker.connect(port, ["ultra/1", "ultra"]);
  assert.equal(earlier.alpn, "ultra");
  await assertToldVersions(earlier, [1], token);
  // The same on an ALPN that promises this version.
  await assertToldVersions(await speaker.connect(port), [1, 3], token);
  // On "ultra" nothing but version hellos is spoken, whatever they list.
  await assertToldVersions(await speaker.connect(port, ["ultra"]), [2], token);
  await assertToldVersions(await speaker.connect(port), [0], token);
  await assertStillServes(receiver, box);
});

Deno.test("hostile: a dialer with foreign ALPNs is refused inside TLS, and the listener goes on", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const { port } = await receiver.ticket();
  for (const alpns of [["h3"], ["ultra/1"], ["ultra/3"], ["ultra/2x", "ULTRA"], ["x".repeat(255)]]) {
    const { cause, text } = await speaker.dial(port, alpns).closed;
    assert.deepEqual({ cause, text }, { cause: "transport", text: "alpn_neg_failure" });
  }
  await assertStillServes(receiver, box);
});

/** Lets an honest sender dial a hostile listener; the result is what the user sees. */
async function dialHostile(
  alpns: readonly string[],
  answer?: (peer: Peer) => Promise<void>,
): Promise<{ readonly code: number; readonly stderr: string }> {
  await using box = await Box.make();
  await using speaker = new Speaker();
  const { port, certificate, next } = await speaker.listen(alpns);
  const ticket: WireTicket = {
    role: "receive",
    longLived: false,
    pin: certificate.slice(0, 16),
    token: new Uint8Array(16).fill(3),
    port,
  };
  await using sender = new UltraProcess(["send", join(box.folder, "canary"), writeTicket(ticket)]);
  if (answer !== undefined) await answer(await next());
  const exit = await sender.exit();
  assert.equal(exit.stderr.match(/^ultra: /gm)?.length, 1, exit.stderr);
  return exit;
}

for (const version of [1, 3]) {
  Deno.test(`hostile: A9 a dialer that finds a listener of version ${version} names both versions, exit 8`, async () => {
    const { code, stderr } = await dialHostile([`ultra/${version}`, "ultra"], async (peer) => {
      assert.equal(peer.alpn, "ultra");
      await peer.next();
      peer.send(listenerHello([version], 0));
    });
    assert.equal(code, PROTOCOL, stderr);
    assert.ok(stderr.includes(`No common version: this ultra speaks 2, the other side speaks ${version}.`), stderr);
  });
}

Deno.test("hostile: a dialer that finds no common ALPN names its own, exit 8", async () => {
  const { code, stderr } = await dialHostile(["h3"]);
  assert.equal(code, PROTOCOL, stderr);
  assert.match(stderr, /does not speak ultra\/2 or ultra/);
});

Deno.test("hostile: I19 a listener that claims another version than was to be chosen is refused, exit 8", async () => {
  for (const [versions, chosen] of [[[2, 3], 3], [[2], 9], [[3], 2]] as const) {
    const { code, stderr } = await dialHostile([ALPN, "ultra"], async (peer) => {
      await peer.next();
      peer.send(listenerHello(versions, chosen));
    });
    assert.equal(code, PROTOCOL, stderr);
  }
});
