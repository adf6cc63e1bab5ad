import assert from "node:assert/strict";
import { hashFile } from "../../scripts/blake3.ts";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Ultra, type Workspace } from "./harness.ts";

const SIZE = 3 * MIB + 17;

async function arrange(workspace: Workspace): Promise<{ readonly source: string; readonly into: string }> {
  return { source: await writeFile(workspace.path("source.bin"), SIZE), into: await workspace.make("into") };
}

async function assertArrived(into: string, source: string, ...sides: readonly Ultra[]): Promise<void> {
  await Promise.all(sides.map((side) => side.exits(0)));
  await assertSameFile(`${into}/source.bin`, source);
  await assertNoLeftovers(into);
}

Deno.test("T51: T52: a receiver waits, and people read where the file is, its hash and what else they want to know", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const { sender, receiver } = await workspace.pair([source], ["--into", into]);
    await assertArrived(into, source, sender, receiver);
    const root = await hashFile(source);
    const places = [[sender, /^ {2}Sent {6}source\.bin$/m], [
      receiver,
      new RegExp(`^  Saved to  ${into}/source.bin$`, "m"),
    ]];
    for (const [side, place] of places as [Ultra, RegExp][]) {
      const sheet = side.stderr.lines.slice(side.stderr.lines.findIndex((line) => line.includes("complete:")));
      assert.match(sheet[0] ?? "", /^⚡ ULTRA transfer complete: 3\.1 MB in [\d.]+s \([\d.]+ Mbps\)$/);
      assert.match(sheet.join("\n"), place);
      assert.ok(sheet.includes(`  BLAKE3    ${root}`));
      assert.ok(sheet.length <= 5, side.transcript());
      assert.ok(side.stderr.lines.every((line) => line.length <= 79 || line.includes(into)), side.transcript());
    }
    assert.ok(receiver.stderr.lines.includes(`Files will be saved in ${into}`));
  }));

Deno.test("T51: a waiting sender says what it offers", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    await workspace.make("empty");
    const sender = workspace.sendWaiting([source, workspace.path("empty")]);
    await sender.says(/^Offering 1 file, 3\.1 MB$/);
    await workspace.start(["recv", "--into", into, await sender.ticket()]).exits(0);
    await sender.exits(0);
  }));

Deno.test("T54: a transfer of what is there already says so", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    for (
      const pattern of [
        /^⚡ ULTRA transfer complete: 3\.1 MB/m,
        /complete: nothing to do, source\.bin is already there, with the same size and time$/m,
      ]
    ) {
      const { sender, receiver } = await workspace.pair([source], ["--into", into]);
      await assertArrived(into, source, sender, receiver);
      for (const { stderr } of [sender, receiver]) assert.match(stderr.text, pattern);
    }
  }));

Deno.test("T44: with -v people read the log lines and the whole fact sheet on both sides", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "-v");
    await assertArrived(into, source, sender, receiver);
    const root = await hashFile(source);
    for (const { stderr } of [sender, receiver]) {
      assert.match(stderr.text, /^⚡ Starting ULTRA transfer: source\.bin \(3\.1 MB\)$/m);
      assert.match(stderr.text, /^⚡ Opened \d+ streams? in parallel$/m);
      assert.match(stderr.text, /^⚡ ULTRA transfer complete: 3\.1 MB in [\d.]+s \([\d.]+ Mbps\)$/m);
      assert.match(stderr.text, new RegExp(`^  BLAKE3 +${root}$`, "m"));
      assert.match(stderr.text, /^ {2}Durable +yes$/m);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(stderr.text, /[\x00-\x08\x0b-\x1f\x7f]/);
    }
    assert.match(sender.stderr.text, /^⚡ ULTRA config: \d+ streams?, 1 chunk of 3\.1 MB$/m);
    assert.equal(receiver.stdout.lines.length, 1);
    assert.equal(sender.stdout.text, "");
  }));

Deno.test("a sender waits, and a receiver dials", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const sender = workspace.sendWaiting([source]);
    const receiver = workspace.start(["recv", await sender.ticket(), "--into", into]);
    await assertArrived(into, source, sender, receiver);
  }));

Deno.test("without --into the current folder receives", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const sender = workspace.sendWaiting([source]);
    const receiver = workspace.start(["recv", await sender.ticket()], { cwd: into });
    await assertArrived(into, source, sender, receiver);
  }));

Deno.test("a ticket goes through a file of mode 0600, and then stands nowhere in the output", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const file = workspace.path("ticket");
    const receiver = workspace.recv(["--into", into, "--ticket-out", file]);
    await receiver.says(/^Waiting/);
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    const sender = workspace.start(["send", source, "--ticket", file]);
    await assertArrived(into, source, sender, receiver);
    const ticket = (await Deno.readTextFile(file)).trim();
    for (const { stdout, stderr } of [sender, receiver]) assert.ok(!(stdout.text + stderr.text).includes(ticket));
  }));

Deno.test("a ticket comes from standard input, from ULTRA_TICKET or after --to", () =>
  inWorkspace(async (workspace) => {
    const { source } = await arrange(workspace);
    const ways: ((ticket: string) => Ultra)[] = [
      (ticket) => workspace.start(["send", source, "--ticket", "-"], { stdin: `${ticket}\n` }),
      (ticket) => workspace.start(["send", source], { env: { ULTRA_TICKET: ticket } }),
      (ticket) => workspace.start(["send", "--to", ticket, source]),
      (ticket) => workspace.start(["send", ticket.toUpperCase(), source]),
    ];
    for (const [index, way] of ways.entries()) {
      const into = await workspace.make(`into ${index}`);
      const receiver = workspace.recv(["--into", into]);
      await assertArrived(into, source, way(await receiver.ticket()), receiver);
    }
  }));

Deno.test("J4: with --json every line is an object on both sides, and the last one is the exit", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
    await assertArrived(into, source, sender, receiver);
    for (const side of [sender, receiver]) {
      const { events } = side;
      assert.deepEqual(events.at(-1), { type: "exit", code: 0 });
      assert.equal(events.filter(({ type }) => type === "exit").length, 1);
      const types = events.map(({ type }) => type);
      for (const type of ["start", "progress", "complete"]) assert.ok(types.includes(type), side.transcript());
      assert.equal(side.stderr.text, "");
    }
    assert.equal(receiver.events[1]?.type, "ticket");
  }));

Deno.test("J4: with --json a failure is an event too, and the exit comes last", () =>
  inWorkspace(async (workspace) => {
    const sender = workspace.start(["send", "--json", workspace.path("missing")]);
    await sender.exits(4);
    assert.deepEqual(sender.events.map(({ type }) => type), ["version", "error", "exit"]);
    assert.equal(sender.events[1]?.["kind"], "disk");
    const exit = sender.events.at(-1);
    assert.deepEqual([exit?.type, exit?.["code"]], ["exit", 4]);
    assert.match(String(exit?.["why"]), /no such file/);
  }));

Deno.test("--quiet says nothing but the ticket", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--quiet");
    await assertArrived(into, source, sender, receiver);
    assert.equal(sender.stdout.text + sender.stderr.text + receiver.stderr.text, "");
    assert.equal(receiver.stdout.lines.length, 1);
  }));

Deno.test("with --stay one ticket takes two transfers, then SIGINT ends the wait with 130", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const second = await writeFile(workspace.path("second.bin"), 100);
    const receiver = workspace.recv(["--stay", "--json", "--into", into]);
    const file = workspace.path("ticket");
    await Deno.writeTextFile(file, await receiver.ticket(), { mode: 0o600 });
    for (const path of [source, second]) await workspace.start(["send", path, "--ticket", file]).exits(0);
    await receiver.event("complete", ({ bytes }) => bytes === 100);
    receiver.kill("SIGINT");
    await receiver.exits(130);
    assert.deepEqual(receiver.events.at(-1), { type: "exit", code: 130, why: "interrupted" });
    assert.deepEqual(namesIn(into), ["second.bin", "source.bin"]);
  }));

Deno.test("with --stay a transfer that is refused or interrupted does not end the wait", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const hidden = await writeFile(workspace.path(".hidden"), 100);
    const receiver = workspace.recv(["--stay", "--json", "--into", into]);
    const file = workspace.path("ticket");
    await Deno.writeTextFile(file, await receiver.ticket(), { mode: 0o600 });
    await workspace.start(["send", hidden, "--ticket", file]).exits(4);
    await workspace.start(["send", source, "--ticket", file]).exits(0);
    receiver.kill("SIGTERM");
    await receiver.exits(143);
    assert.deepEqual(namesIn(into), ["source.bin"]);
  }));

Deno.test("a ticket of one transfer does not open a second one", () =>
  inWorkspace(async (workspace) => {
    const { source, into } = await arrange(workspace);
    const receiver = workspace.recv(["--into", into]);
    const ticket = await receiver.ticket();
    await workspace.start(["send", source, ticket]).exits(0);
    await receiver.exits(0);
    const late = workspace.start(["send", source, ticket]);
    await late.exits(5);
    assert.match(late.stderr.text, /^ultra: .*(Nothing listens there|No answer)/m);
  }));

Deno.test("any number of streams and either congestion control move the file", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 40 * MIB + 3);
    const variants = [["--streams", "1"], ["--streams", "3", "--cc", "cubic"], ["--streams", "256"]];
    for (const [index, flags] of variants.entries()) {
      const into = await workspace.make(`into ${index}`);
      const { sender, receiver } = await workspace.pair([source], ["--into", into], "-v", ...flags);
      await assertArrived(into, source, sender, receiver);
      assert.match(sender.stderr.text, new RegExp(`^⚡ Opened ${flags[1]} streams? in parallel$`, "m"));
    }
  }));
