/** This version and version 1, whose bytes are the vectors of that time: its hellos are read, and both users learn what to install. */

import assert from "node:assert/strict";
import { chooseVersion } from "../../src/auth/versions.ts";
import type { ListenerHello } from "../../src/protocol/messages.ts";
import { readVectors } from "../protocol/support.ts";
import { assertFailed, dialer, listener, messageIn, messagesIn } from "./support.ts";

/** Hellos of version 1 as they were on the wire. */
function oldHellos(type: "dialer-hello" | "listener-hello") {
  const vectors = readVectors<{ message?: { type: string; versions: readonly number[]; purpose?: string } }>(
    "ultra-1/control.json",
  );
  // (Connections that join a transfer are of its version.)
  const hellos = vectors.filter(({ message }) =>
    message?.type === type && message.versions.includes(1) && (message.purpose ?? "new") === "new"
  );
  assert.ok(hellos.length > 0, "version 1 had vectors of its hellos");
  return hellos.map(({ name, hex, message }) => {
    const received = messageIn(Uint8Array.fromHex(hex));
    assert.equal(received.message?.type, type);
    return { name, received, versions: message?.versions ?? [] };
  });
}

Deno.test("A9 a dialer of version 1 is told this one's versions, and nothing is proved", () => {
  for (const { name, received, versions } of oldHellos("dialer-hello")) {
    // What both offer in TLS is the ALPN of version hellos alone.
    const { error, send, peerProved } = assertFailed(listener({ alpn: "ultra" }).receive(received), "protocol");
    const text = `No common version: this ultra speaks 2, the other side speaks ${versions.join(", ")}.`;
    assert.ok(error.message.startsWith(text), `${name}: ${error.message}`);
    const [hello, ...more] = messagesIn(send);
    assert.deepEqual([more.length, peerProved], [0, false]);
    const { versions: told, chosen } = hello?.message as ListenerHello;
    assert.deepEqual([told, chosen], [[2], 0]);
  }
});

Deno.test("A9 a dialer of this version that meets a listener of version 1 names both versions", () => {
  for (const { name, received } of oldHellos("listener-hello")) {
    const { error, send } = assertFailed(dialer({ alpn: "ultra" }).receive(received), "protocol");
    assert.ok(error.message.startsWith("No common version: this ultra speaks 2, the other side speaks 1."), name);
    assert.equal(send.length, 0);
  }
});

Deno.test("a version is chosen where lanes are spoken, and only one that both speak", () => {
  assert.equal(chooseVersion("ultra/2", [2], [2]), 2);
  assert.equal(chooseVersion("ultra/2", [3, 2], [2]), 2);
  assert.equal(chooseVersion("ultra/2", [1], [2]), 0);
  assert.equal(chooseVersion("ultra", [2], [2]), 0);
  assert.equal(chooseVersion("ultra/1", [1], [1]), 0);
  assert.equal(chooseVersion("ultra/2", [0], [0]), 0);
});
