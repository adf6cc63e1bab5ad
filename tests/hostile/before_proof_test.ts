/** What a stranger may do to a listener before it has proved anything: nothing (reliability.md 6.9). */

import assert from "node:assert/strict";
import { MESSAGE_CODES } from "../../src/protocol/codes.ts";
import { type Closed, type Peer, Speaker } from "./hostile_peer.ts";
import { assertStillServes, Box, UltraProcess } from "./ultra_process.ts";
import { type Bytes, CODES, concat, dialerHello, message, type Name, u16, u32, wellFormed } from "./wire.ts";

const AUTHENTICATION = 6;
const PROTOCOL = 8;

interface Case {
  readonly peer: Peer;
  readonly speaker: Speaker;
  readonly token: Bytes;
}

/** Lets strangers do something to a waiting receiver, which must then still serve. */
function strangerTest(name: string, act: (one: Case) => Promise<void>): void {
  Deno.test(`hostile: ${name}`, async () => {
    await using box = await Box.make();
    await using receiver = UltraProcess.receiver(box);
    await using speaker = new Speaker();
    const { port, token } = await receiver.ticket();
    await act({ peer: await speaker.connect(port), speaker, token });
    await assertStillServes(receiver, box);
    assert.equal((await receiver.exit()).code, 0);
  });
}

function assertRefused({ cause, code }: Closed, wanted = PROTOCOL, what = ""): void {
  assert.deepEqual({ what, cause, code }, { what, cause: "peer", code: wanted });
}

/** The same random bytes for the same seed. */
function randomBytes(seed: number, length: number): Bytes {
  let state = seed * 2_654_435_761 >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

strangerTest("I9 every message of the table before proof ends the connection", async ({ peer, speaker, token }) => {
  assert.deepEqual(CODES, MESSAGE_CODES, "a new message belongs into this test");
  const { port } = speaker.lastDialed;
  await peer.close();
  for (const name of Object.keys(CODES) as Name[]) {
    if (name === "dialer-hello") continue;
    const first = await speaker.connect(port);
    first.send(wellFormed(name, token));
    assertRefused(await first.closed, PROTOCOL, `${name} in place of the hello`);
    const second = await speaker.connect(port);
    second.send(dialerHello({ token, direction: 0 }));
    await second.next();
    await second.next();
    second.send(wellFormed(name, token));
    assertRefused(await second.closed, name === "proof" ? AUTHENTICATION : PROTOCOL, `${name} in place of the proof`);
  }
});

strangerTest("I9 unknown messages before proof end the connection, critical or not", async ({ peer, speaker }) => {
  peer.send(message(0x8fff));
  assertRefused(await peer.closed);
  const second = await speaker.connect(speaker.lastDialed.port);
  second.send(message(0x0fff));
  assertRefused(await second.closed);
});

strangerTest("I9 a second hello in place of the proof ends the connection", async ({ peer, token }) => {
  peer.send(dialerHello({ token, direction: 0 }), dialerHello({ token, direction: 0 }));
  assertRefused(await peer.closed);
});

strangerTest("G11 random bytes in place of a hello end the connection", async ({ peer, speaker }) => {
  const { port } = speaker.lastDialed;
  await peer.close();
  for (let seed = 1; seed <= 16; seed++) {
    const one = await speaker.connect(port);
    one.send(randomBytes(seed, 4 * seed * seed));
    // A stream of random bytes may be the start of a message of a few bytes more; what follows settles it.
    one.send(randomBytes(seed + 100, 1024));
    const { cause, code } = await one.closed;
    assert.ok(cause === "peer" && code === PROTOCOL, `seed ${seed}: ${cause} ${code}`);
  }
});

strangerTest("G11 a random body of a hello ends the connection", async ({ peer, speaker }) => {
  const { port } = speaker.lastDialed;
  await peer.close();
  for (let seed = 1; seed <= 8; seed++) {
    const one = await speaker.connect(port);
    one.send(message("dialer-hello", new TextEncoder().encode("ULTR"), randomBytes(seed, 100)));
    assertRefused(await one.closed);
  }
});

strangerTest("more than 4 KiB before proof end the connection", async ({ peer, speaker, token }) => {
  // A hello whose announced body is within the limit, and more than a whole one ever has.
  peer.send(dialerHello({ token, direction: 0 }), new Uint8Array(5 * 1024 - 100));
  assertRefused(await peer.closed);
  const second = await speaker.connect(speaker.lastDialed.port);
  second.send(concat(u16(CODES["dialer-hello"]), u32(4000)), new Uint8Array(5 * 1024));
  assertRefused(await second.closed);
});

strangerTest("a hello that announces too many bytes ends the connection", async ({ peer, speaker }) => {
  const { port } = speaker.lastDialed;
  await peer.close();
  for (const length of [4097, 65_536, 65_537, 2 ** 31, 2 ** 32 - 1]) {
    const one = await speaker.connect(port);
    one.send(u16(CODES["dialer-hello"]), u32(length));
    assertRefused(await one.closed, PROTOCOL, `${length} bytes`);
  }
});

strangerTest("a connection that closes at once or says nothing at all harms nobody", async ({ peer, speaker }) => {
  const { port } = speaker.lastDialed;
  await peer.close(8);
  for (let count = 0; count < 20; count++) await (await speaker.connect(port)).close(count % 10);
});

Deno.test("hostile: strangers do not fill the terminal: wrong guesses are told three times, noise not at all", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const { port, token } = await receiver.ticket();
  for (let count = 0; count < 6; count++) {
    const noisy = await speaker.connect(port);
    noisy.send(message("bye"));
    assertRefused(await noisy.closed);
    const guessing = await speaker.connect(port);
    guessing.send(dialerHello({ token, direction: 0 }), message("proof", new Uint8Array(32)));
    assertRefused(await guessing.closed, AUTHENTICATION);
  }
  await assertStillServes(receiver, box);
  const { stderr } = await receiver.exit();
  assert.equal(stderr.match(/Warning/g)?.length, 3, stderr);
  assert.doesNotMatch(stderr, /127\.0\.0\.1:/);
});
