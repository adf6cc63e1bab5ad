import assert from "node:assert/strict";
import { encodeTicket, parseTicket } from "../../src/protocol/ticket.ts";
import { namesIn, randomBytes, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";
import { silentSocket } from "./udp.ts";

/** From the start of the process to its end. */
const NO_ANSWER_MS = 10_000;

function ticketFor(ports: readonly number[]): string {
  return encodeTicket({
    role: "receive",
    longLived: false,
    pin: randomBytes(16),
    token: randomBytes(16),
    hints: ports.map((port) => ({ type: "address", address: "127.0.0.1", port })),
  });
}

/** A port on which nothing listens: that of a socket just closed. */
async function closedPort(): Promise<number> {
  await using socket = await silentSocket();
  return socket.port;
}

Deno.test("B12: T33: an address that never answers is told in less than 10 s with exit 5 and a hint at firewalls and the MTU", () =>
  inWorkspace(async (workspace) => {
    await using hole = await silentSocket();
    const source = await writeFile(workspace.path("source.bin"), 10);
    const sender = workspace.start(["send", source, ticketFor([hole.port])]);
    await sender.exits(5, NO_ANSWER_MS);
    assert.match(
      sender.stderr.text,
      new RegExp(
        `^ultra: No answer on UDP; a firewall may block it.*\\(its MTU\\).*: 127\\.0\\.0\\.1:${hole.port}$`,
        "m",
      ),
    );
  }));

Deno.test("B13: a port on which nothing listens is told with exit 5 and another text", () =>
  inWorkspace(async (workspace) => {
    const port = await closedPort();
    const into = await workspace.make("into");
    const dialers = [
      workspace.start(["send", await writeFile(workspace.path("source.bin"), 10), ticketFor([port])]),
      workspace.start(["recv", "--into", into, sendersTicket(ticketFor([port]))]),
    ];
    for (const dialer of dialers) {
      await dialer.exits(5, NO_ANSWER_MS);
      assert.match(dialer.stderr.text, /^ultra: Nothing listens there.*: 127\.0\.0\.1:\d+$/m);
    }
    assert.deepEqual(namesIn(into), []);
  }));

/** The same ticket as its sender would have made it. */
function sendersTicket(ticket: string): string {
  return encodeTicket({ ...parseTicket(ticket), role: "send" });
}

Deno.test("B22 B23: of several addresses the first that answers is used", () =>
  inWorkspace(async (workspace) => {
    await using hole = await silentSocket();
    const dead = await closedPort();
    const source = await writeFile(workspace.path("source.bin"), 10_000);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into]);
    const ticket = parseTicket(await receiver.ticket());
    const hints = [hole.port, dead].map((port) => ({ type: "address" as const, address: "127.0.0.1", port }));
    const sender = workspace.start(["send", source, encodeTicket({ ...ticket, hints: [...hints, ...ticket.hints] })]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(namesIn(into), ["source.bin"]);
  }));

Deno.test("a host name in a ticket is looked up; one that does not exist ends with exit 5", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 10_000);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into, "--advertise", "localhost"]);
    const ticket = await receiver.ticket();
    const unknown = encodeTicket({
      ...parseTicket(ticket),
      hints: [{ type: "name", name: "no-such-host.invalid", port: 1 }],
    });
    const lost = workspace.start(["send", source, unknown]);
    await lost.exits(5, 30_000); // (The system's own patience with name servers.)
    assert.match(lost.stderr.text, /^ultra: .*host names/m);
    const sender = workspace.start(["send", source, ticket]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
  }));

Deno.test("a port that is taken is one clear line, and no ticket is shown", () =>
  inWorkspace(async (workspace) => {
    const into = await workspace.make("into");
    const first = workspace.recv(["--into", into]);
    const [hint] = parseTicket(await first.ticket()).hints;
    const second = workspace.start(["recv", "--into", into, "--listen", `127.0.0.1:${hint?.port}`]);
    await second.exits(5);
    assert.equal(second.stdout.text, "");
    assert.match(second.stderr.text, new RegExp(`^ultra: .*${hint?.port}.*$`));
  }));

Deno.test("an address that is not this machine's is one clear line", () =>
  inWorkspace(async (workspace) => {
    const into = await workspace.make("into");
    const receiver = workspace.start(["recv", "--into", into, "--listen", "192.0.2.1"]);
    await receiver.exits(5);
    assert.match(receiver.stderr.text, /^ultra: .*192\.0\.2\.1.*$/);
  }));

Deno.test("IPv6 loopback works where the system has it", {
  // Counted as skipped elsewhere.
  ignore: !Deno.networkInterfaces().some(({ address }) => address === "::1"),
}, () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 10_000);
    const into = await workspace.make("into");
    const receiver = workspace.start(["recv", "--into", into, "--listen", "[::1]"]);
    const sender = workspace.start(["send", source, await receiver.ticket()]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(namesIn(into), ["source.bin"]);
  }));

Deno.test("a receiver that waits everywhere can be reached", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 10_000);
    const into = await workspace.make("into");
    const receiver = workspace.start(["recv", "--into", into]);
    const sender = workspace.start(["send", source, await receiver.ticket()]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(namesIn(into), ["source.bin"]);
  }));
