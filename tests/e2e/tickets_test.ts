import assert from "node:assert/strict";
import { TicketWatch } from "../support/ticket_watch.ts";
import { assertSameFile, writeFile } from "./files.ts";
import { inWorkspace, type Ultra } from "./harness.ts";

const TICKET = `ultra1${"abcdefghij234567".repeat(6)}`;

Deno.test("T27: no error repeats a ticket with something around it, and the exit code is 2", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 1000);
    const around = [`"${TICKET}"`, `<${TICKET}>`, `${TICKET}.`, `ultra send PATH... ${TICKET}`];
    const file = workspace.path("ticket");
    for (const [index, text] of around.entries()) {
      await Deno.writeTextFile(file, `${text}\n`, { mode: 0o600 });
      const ways: Ultra[] = [
        workspace.start(["send", source, text]),
        workspace.start([text]),
        workspace.start(["send", "--json", source, "--ticket", file]),
        workspace.start(["send", source, "--ticket", "-"], { stdin: `${text}\n` }),
        workspace.start(["send", source], { env: { ULTRA_TICKET: text } }),
      ];
      for (const way of ways) {
        await way.exits(2);
        assert.match(way.stderr.text, /looks like a ticket with something around it/, String(index));
      }
    }
  }));

Deno.test("T27: the path of a missing file that is named like a ticket is not repeated", () =>
  inWorkspace(async (workspace) => {
    // (The last folder of --into is made.)
    const into = `./${TICKET}/folder`;
    for (const args of [["send", `./${TICKET}`], ["recv", "--ticket", `./${TICKET}`], ["recv", "--into", into]]) {
      const ultra = workspace.start(args);
      await ultra.exits(4);
      assert.match(ultra.stderr.text, /ultra1\[ticket\]/);
    }
  }));

Deno.test("T27: the check over all captured output finds whole, cut and wrapped tickets, and knows their places", () => {
  const good: readonly ["stdout" | "stderr", string][] = [
    ["stdout", TICKET],
    ["stdout", `{"type":"ticket","ticket":"${TICKET}","role":"receive","command":"ultra send PATH... ${TICKET}"}`],
    ["stderr", `    ultra recv ${TICKET}`],
    ["stderr", "  ultra send PATH... ultra1..."],
  ];
  const bad: readonly ["stdout" | "stderr", string][] = [
    ["stderr", TICKET],
    ["stderr", `ultra: no such file: ${TICKET}.`],
    ["stdout", `{"type":"error","text":"${TICKET}"}`],
    ["stderr", `ultra: ${TICKET.slice(6, 60)}\\x0a`],
  ];
  for (const [stream, line] of good) {
    const watch = new TicketWatch();
    watch.take(stream, line);
    watch.assertNone();
  }
  for (const [stream, line] of bad) {
    const watch = new TicketWatch();
    watch.take(stream, line);
    assert.throws(() => watch.assertNone(), line);
  }
});

Deno.test("T27: a ticket that a terminal wrapped works as an argument, in a file and on standard input", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 1000);
    const file = workspace.path("ticket");
    const ways: ((ticket: string) => Promise<Ultra>)[] = [
      (ticket) => Promise.resolve(workspace.start(["send", source, ticket])),
      (ticket) => Promise.resolve(workspace.start(["send", source, "--ticket", "-"], { stdin: `${ticket}\n` })),
      async (ticket) => {
        await Deno.writeTextFile(file, `${ticket}\n`, { mode: 0o600 });
        return workspace.start(["send", source, "--ticket", file]);
      },
    ];
    for (const [index, way] of ways.entries()) {
      const into = await workspace.make(`into ${index}`);
      const receiver = workspace.recv(["--into", into]);
      const wrapped = (await receiver.ticket()).match(/.{1,60}/g)?.join("\n") ?? "";
      const sender = await way(wrapped);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      await assertSameFile(`${into}/source.bin`, source);
    }
  }));

Deno.test("T30: a ticket is handed over through /dev/stdout, /dev/fd/N, /dev/stdin and /dev/shm", async () => {
  const shared = await Deno.makeTempDir({ dir: "/dev/shm" });
  const inShared = `${shared}/ticket`;
  const withTicketAs = (descriptor: number, file: string) => `sh -c 'exec "$@" ${descriptor}<"$0"' '${file}'`;
  const ways: readonly (readonly [out: string, given: string, before?: number])[] = [
    ["/dev/stdout", "/dev/fd/3", 3],
    ["/proc/self/fd/1", "/dev/stdin", 0],
    [inShared, inShared],
  ];
  try {
    for (const [out, given, descriptor] of ways) {
      await inWorkspace(async (workspace) => {
        const source = await writeFile(workspace.path("source.bin"), 1000);
        const into = await workspace.make("into");
        const receiver = workspace.recv(["--into", into, "--ticket-out", out]);
        await receiver.says(/^Waiting/);
        const file = workspace.path("ticket");
        if (descriptor !== undefined) await Deno.writeTextFile(file, await receiver.ticket(), { mode: 0o600 });
        const options = descriptor === undefined ? {} : { before: withTicketAs(descriptor, file) };
        const sender = workspace.start(["send", source, "--ticket", given], options);
        await Promise.all([sender.exits(0), receiver.exits(0)]);
        await assertSameFile(`${into}/source.bin`, source);
      });
    }
  } finally {
    await Deno.remove(shared, { recursive: true });
  }
});

Deno.test("T40: `ultra recv | ultra send f --ticket -` starts with the first line", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 1000);
    const into = await workspace.make("into");
    // The receiver keeps its standard output open until its transfer is over, which needs the sender to begin.
    const both = workspace.recv(["--into", into], { shellSuffix: `| "$1" send '${source}' --ticket -` });
    await both.exits(0);
    await assertSameFile(`${into}/source.bin`, source);
  }));
