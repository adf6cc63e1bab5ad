import assert from "node:assert/strict";
import { parseTicket } from "../../src/protocol/ticket.ts";
import { assertSameFile, MIB, namesIn, randomBytes, writeFile } from "./files.ts";
import { flipped, forged } from "./forged.ts";
import { inWorkspace, type Ultra, type Workspace } from "./harness.ts";
import { type DatagramSocket, silentSocket } from "./udp.ts";

/** A receiver that waits, and a file for it. */
async function arrange(workspace: Workspace) {
  const source = await writeFile(workspace.path("source.bin"), 12_345);
  const into = await workspace.make("into");
  const receiver = workspace.recv(["--into", into]);
  return { source, into, receiver, ticket: await receiver.ticket() };
}

async function assertServesTheRightOne(
  workspace: Workspace,
  { source, into, receiver, ticket }: Awaited<ReturnType<typeof arrange>>,
): Promise<Ultra> {
  assert.deepEqual(namesIn(into), [], "a stranger left something");
  const sender = workspace.start(["send", source, ticket]);
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  await assertSameFile(`${into}/source.bin`, source);
  return sender;
}

Deno.test("I4: wrong tokens are refused with exit 6, the listener warns, goes on and serves the right one", () =>
  inWorkspace(async (workspace) => {
    const scene = await arrange(workspace);
    const { token } = parseTicket(scene.ticket);
    for (const wrong of [flipped(token), new Uint8Array(token.length), randomBytes(token.length)]) {
      const stranger = workspace.start(["send", scene.source, forged(scene.ticket, { token: wrong })]);
      await stranger.exits(6);
      assert.match(stranger.stderr.text, /^ultra: /m);
      assert.ok(!stranger.stderr.text.includes("Starting ULTRA"), stranger.transcript());
    }
    await scene.receiver.says(/^Warning: /);
    await assertServesTheRightOne(workspace, scene);
  }));

Deno.test("I1: a certificate that is not the ticket's is refused by the dialer with exit 6", () =>
  inWorkspace(async (workspace) => {
    const scene = await arrange(workspace);
    const { pin } = parseTicket(scene.ticket);
    for (const wrong of [flipped(pin), randomBytes(pin.length)]) {
      const dialer = workspace.start(["send", scene.source, forged(scene.ticket, { pin: wrong })]);
      await dialer.exits(6);
      assert.match(dialer.stderr.text, /^ultra: .*another certificate.*127\.0\.0\.1:\d+$/m);
    }
    await assertServesTheRightOne(workspace, scene);
  }));

Deno.test("I4: a truncated, mistyped or foreign ticket is refused with exit 2 and one line without it", () =>
  inWorkspace(async (workspace) => {
    const scene = await arrange(workspace);
    const { ticket, source } = scene;
    const middle = ticket.length / 2;
    const other = ticket.at(middle) === "a" ? "b" : "a";
    const wrong = [
      ticket.slice(0, -1),
      ticket.slice(0, middle),
      `${ticket}a`,
      ticket.slice(0, middle) + other + ticket.slice(middle + 1),
      ticket.replace("ultra1", "ultra2"),
    ];
    for (const text of wrong) {
      const dialer = workspace.start(["send", source, text]);
      await dialer.exits(2);
      assert.equal(dialer.stderr.lines.length, 1);
      assert.ok(!dialer.stderr.text.includes(text.slice(0, 20)), dialer.transcript());
    }
    await assertServesTheRightOne(workspace, scene);
  }));

Deno.test("a ticket of a receiver given to recv is refused with exit 2 and the right command", () =>
  inWorkspace(async (workspace) => {
    const scene = await arrange(workspace);
    const dialer = workspace.start(["recv", scene.ticket, "--into", scene.into]);
    await dialer.exits(2);
    assert.match(dialer.stderr.text, /ultra send PATH/);

    const waiting = workspace.sendWaiting([scene.source]);
    const sender = workspace.start(["send", scene.source, await waiting.ticket()]);
    await sender.exits(2);
    assert.match(sender.stderr.text, /ultra recv TICKET/);
    await assertServesTheRightOne(workspace, scene);
  }));

Deno.test("I6: a ticket whose role was changed does not let a dialer receive from a receiver", () =>
  inWorkspace(async (workspace) => {
    const scene = await arrange(workspace);
    const into = await workspace.make("elsewhere");
    const dialer = workspace.start(["recv", forged(scene.ticket, { role: "send" }), "--into", into]);
    await dialer.exits(2);
    assert.match(dialer.stderr.text, /^ultra: .*Both sides want to receive/m);
    assert.deepEqual(namesIn(into), []);
  }));

Deno.test("I8: eight strangers at once neither end the listener nor keep the right one out", () =>
  inWorkspace(async (workspace) => {
    const scene = await arrange(workspace);
    const strangers = Array.from(
      { length: 8 },
      () => workspace.start(["send", scene.source, forged(scene.ticket, { token: randomBytes(16) })]),
    );
    for (const stranger of strangers) await stranger.exits(6);
    // A flood of guesses is not a flood of lines.
    assert.ok(scene.receiver.stderr.lines.filter((line) => line.startsWith("Warning: ")).length <= 3);
    await assertServesTheRightOne(workspace, scene);
  }));

Deno.test("random datagrams and half handshakes do not disturb a listener", () =>
  inWorkspace(async (workspace) => {
    const scene = await arrange(workspace);
    const [hint] = parseTicket(scene.ticket).hints;
    assert.ok(hint !== undefined);
    await using socket = await silentSocket();
    for (let index = 0; index < 200; index++) {
      const bytes = randomBytes(index * 7);
      if (index % 3 === 0 && bytes.length > 5) bytes.set([0xc0, 0, 0, 0, 1]); // begins like a handshake
      await socket.send(bytes, hint.port);
    }
    await assertServesTheRightOne(workspace, scene);
  }));

Deno.test("a listener that 64 strangers flood with datagrams lets the right one in and takes its file", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 16 * MIB);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into]);
    const ticket = await receiver.ticket();
    const [hint] = parseTicket(ticket).hints;
    assert.ok(hint !== undefined);
    await using strangers = new AsyncDisposableStack();
    const sockets: DatagramSocket[] = [];
    for (let index = 0; index < 64; index++) sockets.push(strangers.use(await silentSocket()));
    let isOver = false;
    const flood = async () => {
      // What no connection knows: a short header with random bytes.
      const bytes = randomBytes(1200);
      bytes[0] = 0x40;
      for (; !isOver; await Promise.all(sockets.map((socket) => socket.send(bytes, hint.port))));
    };
    const flooded = flood();
    try {
      const sender = workspace.start(["send", source, ticket]);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
    } finally {
      isOver = true;
      await flooded;
    }
    await assertSameFile(`${into}/source.bin`, source);
  }));
