import assert from "node:assert/strict";
import { assertSameFile, MIB, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

/** Words that print a page and do nothing else. */
const PAGES: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /ultra recv[\s\S]*ultra send PATH/],
  [["--help"], /^Usage: ultra COMMAND$/m],
  [["help", "send"], /^Usage: ultra send PATH/m],
  [["recv", "-h"], /^Usage: ultra recv \[TICKET\]$/m],
  [["--version"], /^ultra \d+\.\d+\.\d+\nprotocol 2, msquic /],
];

for (const [args, pattern] of PAGES) {
  Deno.test(`ultra ${args.join(" ")} prints a page on standard output and exits 0`, () =>
    inWorkspace(async (workspace) => {
      const ultra = workspace.start(args);
      await ultra.exits(0);
      assert.match(ultra.stdout.text, pattern);
      assert.equal(ultra.stderr.text, "");
    }));
}

/** Words that are refused, and what the one line says. */
const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [["movie.mkv"], /ultra send movie\.mkv/],
  [["doctor"], /no command "doctor" \(see ultra help\)/],
  [["--nonsense"], /no flag --nonsense/],
  [["send", "--intto", "x"], /no flag --intto.*--into/],
  [["send", "--into", "x", "file"], /--into is a flag of `ultra recv`/],
  [["send"], /at least one file/],
  [["send", ".", "ultra1abc"], /"ultra1abc" is no file, and as a ticket it is mistyped or cut off/],
  [["recv", "--streams", "0"], /1 to 256/],
  [["recv", "--streams", "257"], /1 to 256/],
  [["recv", "--listen", "nowhere"], /nowhere/],
  [["recv", "ultra1abc"], /ticket/],
  [["recv", "--json", "--quiet"], /--json and --quiet/],
  [["recv", "--ticket", "missing"], /missing/],
];

for (const [args, pattern] of REFUSED) {
  Deno.test(`ultra ${args.join(" ")} is refused in one line that helps`, () =>
    inWorkspace(async (workspace) => {
      const ultra = workspace.start(args);
      await ultra.exits(args.includes("missing") ? 4 : 2);
      assert.equal(ultra.stderr.lines.length, 1, ultra.transcript());
      assert.match(ultra.stderr.text, pattern);
      if (!args.includes("--json")) assert.equal(ultra.stdout.text, "");
    }));
}

Deno.test("a file that is called like the beginning of a ticket is a file", () =>
  inWorkspace(async (workspace) => {
    const into = await workspace.make("into");
    await writeFile(workspace.path("ultra1abc"), 100);
    const { sender, receiver } = await workspace.pair(["ultra1abc"], ["--into", into]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/ultra1abc`, workspace.path("ultra1abc"));
  }));

Deno.test("C9: a standard output that is closed early (`| head -1`) does not disturb the transfer", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 200 * MIB);
    const into = await workspace.make("into");
    // The lines `version` and `ticket`.
    const receiver = workspace.recv(["--json", "--into", into], { shellSuffix: "| head -2" });
    const ticket = await receiver.ticket();
    const sender = workspace.start(["send", "--json", source, ticket], { shellSuffix: "| head -1" });
    // The shell tells `head`'s code; what counts is that the file is whole.
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, source);
  }));

Deno.test("C9: closed standard streams do not disturb the transfer", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 10 * MIB);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into]);
    const sender = workspace.start(["send", source, await receiver.ticket()], { shellSuffix: "1>&- 2>&-" });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, source);
  }));

Deno.test("C9: a log on a full disk does not disturb the transfer", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 10 * MIB);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into], { shellSuffix: "2>/dev/full" });
    const sender = workspace.start(["send", "-v", source, await receiver.ticket()], { shellSuffix: ">/dev/full 2>&1" });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, source);
  }));

Deno.test("what a command has to show and cannot is a failure, 4: a new ticket would be lost; a reader that has enough is none", () =>
  inWorkspace(async (workspace) => {
    const identity = workspace.path("identity");
    const ticket = ["ticket", "--identity", identity, "--advertise", "127.0.0.1:7000"];
    for (const args of [ticket, ["version"], ["--help"]]) {
      const lost = workspace.start(args, { shellSuffix: ">/dev/full" });
      await lost.exits(4);
      assert.match(lost.stderr.text, /^ultra: What was to be printed cannot be written/m);
    }
    await workspace.start(ticket).exits(0);
    await workspace.start(["--help"], { shellSuffix: "| true" }).exits(0);
  }));
