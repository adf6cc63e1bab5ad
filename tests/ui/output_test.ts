import assert from "node:assert/strict";
import fc from "fast-check";
import { UltraError } from "../../src/base/errors.ts";
import { reportOf } from "../../src/protocol/report.ts";
import { createOutput } from "../../src/ui/create.ts";
import type { TransferFacts } from "../../src/session/events.ts";
import type { Output } from "../../src/ui/output.ts";
import {
  added,
  complete,
  config,
  exit,
  failed,
  fileFailed,
  opened,
  phase,
  progress,
  started,
  ticket,
  TRANSFER,
  unkept,
} from "./events.ts";
import { FACTS } from "./facts.ts";
import { MemoryTerminal, screen } from "./support.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";

const TICKET = { text: "ultra1abc", role: "receive", file: undefined } as const;

const EVIL = "a\x1b[2J\r\n\u202e\x9b";

/** One thing that was left out. */
function leftOut(path: string): Partial<TransferFacts> {
  return { leftOut: [{ path, reason: "link" }], leftOutCount: 1, leftOutReasons: { link: 1 } };
}

const SETTINGS = connectionSettings({ distance: "loopback", side: "listener" });

/** A whole run with foreign text in every place. */
function run(output: Output, terminal: MemoryTerminal, text = "movie.mkv"): void {
  output.tell(ticket(TICKET));
  output.tell(phase("waiting"));
  output.tell(phase("proving"));
  output.tell({ type: "memory-bound", bytes: 285e6 });
  output.tell(started({ role: "receive", name: text, bytes: 600_000_000 }));
  output.tell(config({ streams: 8, chunks: 18, chunkBytes: 33_554_432, isEven: true }));
  output.tell(opened(8));
  output.tell(added(2, 4));
  output.tell({ type: "settings", reported: { connection: 2, settings: SETTINGS }, transfer: TRANSFER });
  output.tell(phase("moving"));
  for (let step = 0; step <= 30; step++) {
    terminal.now += 100;
    output.tell(progress({ verifiedBytes: step * 20_000_000, totalBytes: 600_000_000, listed: true }));
    if (step === 15) output.tell(unkept(text));
  }
  output.tell(fileFailed({ path: text, kind: "disk", text }));
  output.tell(phase("committing"));
  output.tell({ type: "debug", line: text });
  output.tell(complete({ ...FACTS, failed: [{ path: text, kind: "disk", text }], failedCount: 1, ...leftOut(text) }));
  output.tell(failed(new UltraError("disk", "The disk is full", { subject: text })));
  output.tell(exit(4));
}

/** A transfer of twenty steps in two seconds. */
function transfer(output: Output, terminal: MemoryTerminal): void {
  output.tell(started({ role: "send", name: "movie.mkv", bytes: 600_000_000 }));
  output.tell(config({ streams: 8, chunks: 18, chunkBytes: 33_554_432, isEven: true }));
  output.tell(opened(8));
  output.tell(added(2, 4));
  output.tell({ type: "settings", reported: { connection: 2, settings: SETTINGS }, transfer: TRANSFER });
  output.tell(phase("moving"));
  for (let step = 0; step <= 20; step++) {
    const isConfirmed = step === 20;
    output.tell(progress({ verifiedBytes: step * 30_000_000, totalBytes: 600_000_000, listed: true, isConfirmed }));
    terminal.now += 100;
  }
  output.tell(complete(FACTS));
  output.tell(exit(0));
}

Deno.test("T52 a log gets the first and the last ⚡ line, Progress each 5 %, and a sheet of what one wants to know", () => {
  const terminal = new MemoryTerminal();
  transfer(createOutput(terminal.options("human")), terminal);
  const { lines } = terminal.stderr;
  assert.equal(lines[0], "⚡ Starting ULTRA transfer: movie.mkv (600.0 MB)");
  assert.deepEqual(lines.slice(1, -4), [
    "⚡ Progress: 50.0% - Speed: 2400.0 Mbps - 300/600 MB, 1s left",
    "⚡ Progress: 100.0% - Speed: 2400.0 Mbps - 600/600 MB, 0s left",
  ]);
  assert.deepEqual(lines.slice(-4), [
    "⚡ ULTRA transfer complete: 600.0 MB in 0.61s (7868.9 Mbps)",
    "  Saved to  /home/me/movie.mkv",
    `  BLAKE3    ${"ab".repeat(32)}`,
    "  Verdict   limited by the path (0.4 % loss, 48 ms)",
  ]);
  assert.equal(terminal.stdout.text, "");
});

Deno.test("T53 a log of a slow transfer has a line each 10 seconds or 5 %, whichever comes first", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("human"));
  const MB = 1_000_000;
  output.tell(started({ role: "send", name: "movie.mkv", bytes: 1000 * MB }));
  const after = (seconds: number, megabytes: number) => {
    terminal.now += seconds * 1000;
    const verifiedBytes = megabytes * MB;
    output.tell(progress({ verifiedBytes, totalBytes: 1000 * MB, listed: true, files: 7, filesArrived: 3 }));
    return terminal.stderr.lines.at(-1)?.replace(/ - Speed.* GB, /, ", ");
  };
  after(0, 0);
  assert.equal(after(9, 40), "⚡ Starting ULTRA transfer: movie.mkv (1.0 GB)");
  assert.equal(after(1, 49), "⚡ Progress: 4.9%, 3 of 7 files, 3m34s left");
  assert.match(after(2, 100) ?? "", /^⚡ Progress: 10\.0%, 3 of 7 files, .* left$/);
  assert.match(after(10, 100) ?? "", /^⚡ Progress: 10\.0%, 3 of 7 files, stalled for 10 s$/);
});

Deno.test("T44 -v adds config, Opened, Progress each second and the whole sheet, in a log and on a terminal", () => {
  for (const isTerminal of [false, true]) {
    const terminal = new MemoryTerminal({ stderr: isTerminal });
    transfer(createOutput({ ...terminal.options("human"), isVerbose: () => true }), terminal);
    const lines = screen(terminal.stderr.text).slice(0, -1);
    for (const line of lines) assert.ok(line.length <= 79, line);
    assert.deepEqual(lines, [
      "⚡ Starting ULTRA transfer: movie.mkv (600.0 MB)",
      "⚡ ULTRA config: 8 streams, 18 chunks of 33.6 MB each",
      "⚡ Opened 8 streams in parallel",
      "⚡ Added connection 2 (4 more streams)",
      "⚡ Connection 2: BBR, windows 4.2 MB/2.1 MB, 0 streams in, keep-alive off",
      "⚡ Progress: 50.0% - Speed: 2400.0 Mbps - 300/600 MB, 1s left",
      "⚡ Progress: 100.0% - Speed: 2400.0 Mbps - 600/600 MB, 0s left",
      "⚡ ULTRA transfer complete: 600.0 MB in 0.61s (7868.9 Mbps)",
      "  Saved to     /home/me/movie.mkv",
      "  Files        1",
      "  Bytes        600,000,000 (600.0 MB)",
      "  Time         0.61s",
      "  Rate         7868.9 Mbps",
      `  BLAKE3       ${"ab".repeat(32)}`,
      "  Transfer root",
      `               ${"cd".repeat(32)}`,
      "  There        0 files, 0 B were there before",
      "  Resent       0 B",
      "  Durable      yes",
      "  Verdict      limited by the path (0.4 % loss, 48 ms)",
    ]);
  }
});

Deno.test("T52 what is not as expected stands on the sheet, and every line fits 79 columns but for paths", () => {
  const sheet = (facts: Partial<TransferFacts>) => {
    const terminal = new MemoryTerminal();
    createOutput(terminal.options("human")).tell(complete({ ...FACTS, ...facts }));
    for (const line of terminal.stderr.lines) assert.ok(line.length <= 79, line);
    return terminal.stderr.text;
  };
  const text = sheet({
    files: 3,
    name: undefined,
    savedTo: "/home/me",
    fileRoot: undefined,
    presentFiles: 1,
    presentBytes: 5000,
    resentBytes: 1_048_576,
    durable: false,
    verdict: {
      ...FACTS.verdict,
      finding: { limit: "receiver-buffer", bytes: 426_000, loss: 0.004 },
      help: { what: "other-programs", side: "receiver", used: 1.5, cores: 2 },
    },
  });
  assert.match(text, /^ {2}Saved to {2}\/home\/me \(3 files\)$/m);
  assert.match(text, /^ {2}There {5}1 file, 5\.0 kB was there before$/m);
  assert.match(text, /^ {2}Resent {4}1\.0 MB$/m);
  assert.match(text, /^ {2}Durable {3}no: that file system cannot sync/m);
  for (const durable of [true, false]) {
    const text = sheet({ durable, noSync: true });
    assert.match(
      text,
      /^ {2}Durable {3}no: --no-sync did not wait for the disk, and a power cut may take\n {12}the files$/m,
    );
    assert.equal(text.match(/Durable/g)?.length, 1);
  }
  assert.match(
    text,
    /^ {2}Verdict {3}limited by .*\n {12}\S.*\n {2}Help {6}on the receiver: other programs use 1\.5 of its 2 cores$/m,
  );
  assert.doesNotMatch(text, /BLAKE3|root|Failed/);
  assert.match(sheet({ role: "send", savedTo: undefined }), /^ {2}Sent {6}movie\.mkv$/m);
  assert.match(sheet({ role: "send", savedTo: undefined, name: undefined, files: 2 }), /^ {2}Sent {6}2 files$/m);
  assert.doesNotMatch(sheet({ savedTo: undefined }), /Saved to|Sent/, "the clipboard has it");
  const short = { ...FACTS.verdict, finding: { limit: "too-short" } as const };
  assert.doesNotMatch(sheet({ verdict: short }), /Verdict/);
});

Deno.test("T54 when all is there already, that is what is said", () => {
  const last = (facts: Partial<TransferFacts>) => {
    const terminal = new MemoryTerminal();
    createOutput(terminal.options("human")).tell(complete({ ...FACTS, files: 0, bytes: 0, presentFiles: 1, ...facts }));
    assert.equal(terminal.stderr.lines.length, 1, "a line with ⚡ is never wrapped: scripts look for it");
    return terminal.stderr.lines.join("");
  };
  const start = "⚡ ULTRA transfer complete: nothing to do,";
  const many = "with the same sizes and times";
  assert.equal(last({ name: "README" }), `${start} README is already there, with the same size and time`);
  assert.equal(last({ name: "photos", presentFiles: 7 }), `${start} photos is already there, ${many} (7 files)`);
  assert.equal(last({ name: undefined, presentFiles: 7 }), `${start} all 7 files are already there, ${many}`);
  assert.equal(last({ name: undefined, presentFiles: 2 }), `${start} both files are already there, ${many}`);
});

Deno.test("what was confirmed before and is there no more is told as that, and never as there", () => {
  const said = (facts: Partial<TransferFacts>) => {
    const terminal = new MemoryTerminal();
    createOutput(terminal.options("human")).tell(complete({ ...FACTS, files: 0, bytes: 0, ...facts }));
    return terminal.stderr.text;
  };
  const start = "⚡ ULTRA transfer complete: nothing to do,";
  const one = said({ name: "a.bin", presentFiles: 1, confirmedFiles: 1 });
  assert.equal(one.trim(), `${start} a.bin was confirmed before`);
  const all = said({ name: undefined, presentFiles: 3, confirmedFiles: 3 });
  assert.equal(all.trim(), `${start} 3 files were confirmed before`);
  const some = said({ name: "photos", presentFiles: 3, confirmedFiles: 2 });
  assert.equal(
    some.trim(),
    `${start} 1 file is already there, with the same size and time, and 2 were confirmed before`,
  );
  const beside = said({ name: undefined, files: 1, bytes: 5, presentFiles: 3, confirmedFiles: 2 });
  assert.match(beside, /^ {2}Confirmed +2 of these before, and not there any more$/m);
});

Deno.test("T48 a failed file is told in one line that names it once, and not again on the sheet", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("human"));
  const told = { path: "sixty", kind: "disk" as const, text: 'cannot write "sixty": no space left on device' };
  const there = { path: "b/c", kind: "disk" as const, text: 'cannot read "b/c": permission denied' };
  output.tell(fileFailed(told));
  output.tell(complete({ ...FACTS, files: 3, failed: [told, there], failedCount: 2 }));
  const lines = terminal.stderr.lines.filter((line) => /sixty|b\/c/.test(line));
  assert.deepEqual(lines, [
    'ultra: cannot write "sixty": no space left on device',
    '    b/c: cannot read "b/c": permission denied',
  ]);
});

Deno.test("the sheet counts what was left out, with the names below, before the verdict", () => {
  const terminal = new MemoryTerminal();
  createOutput(terminal.options("human")).tell(complete({ ...FACTS, ...leftOut("a/link") }));
  assert.deepEqual(terminal.stderr.lines.slice(-4), [
    "  Left out  1",
    "    a/link: it is a symbolic link that leads out of the folder; --links all on both sides keeps it",
    "  If that is right, --allow-left-out takes it for complete",
    "  Verdict   limited by the path (0.4 % loss, 48 ms)",
  ]);
});

Deno.test("the sheet names the first of what failed", () => {
  const terminal = new MemoryTerminal();
  const failed = Array.from({ length: 30 }, (_, index) => ({ path: `-f${index}`, kind: "disk" as const, text: "no" }));
  createOutput(terminal.options("human")).tell(complete({
    ...FACTS,
    files: 3,
    fileRoot: undefined,
    failed,
    failedCount: 500,
  }));
  const { text } = terminal.stderr;
  assert.match(text, /^⚡ ULTRA transfer incomplete: .*, 500 failed$/m);
  assert.match(text, /\n {4}\.\/-f0: no\n[^]*\n {4}\.\/-f19: no\n {4}and 480 more failed\n {2}Verdict/);
});

Deno.test("what is taken up is said to go on only where something had moved, and no time where none had passed", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("human"));
  const taken = { peer: "10.0.0.1", beganMs: new Date(2026, 0, 1, 14, 2).getTime() };
  const nothing = { files: 7, filesArrived: 0, hasMoved: false };
  output.tell({ type: "taken-up", taken: { ...taken, role: "receive", came: nothing } });
  output.tell({ type: "taken-up", taken: { ...taken, role: "send", came: nothing } });
  output.tell({ type: "taken-up", taken: { ...taken, role: "send", came: { ...nothing, hasMoved: true } } });
  output.tell({ type: "returned", lostMs: 20, connection: "new", transfer: TRANSFER });
  assert.deepEqual(terminal.stderr.lines, [
    "Waiting again for the transfer from 10.0.0.1 of 14:02, of which nothing has moved yet; --restart starts afresh",
    "Waiting again for the transfer to 10.0.0.1 of 14:02, of which nothing has moved yet",
    "Going on with the transfer to 10.0.0.1 of 14:02 (0 of 7 files)",
    "The other side is back on a new connection",
  ]);
});

Deno.test("T51 a waiting sender says what it offers, a receiver where it will be", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("human"));
  output.tell({ type: "offering", offered: { files: 6, bytes: 315_000_000, leftOut: 2 } });
  output.tell({ type: "offering", offered: { files: 1, bytes: 3, leftOut: 0 } });
  output.tell({ type: "receiving-into", folder: "/home/me/in\x1b", existing: "refuse" });
  assert.deepEqual(terminal.stderr.lines, [
    "Offering 6 files, 315 MB, 2 left out",
    "Offering 1 file, 3 B",
    "Files will be saved in /home/me/in\\x1b",
  ]);
});

Deno.test("on a terminal the bar takes the place of Progress lines and is replaced in place", () => {
  const terminal = new MemoryTerminal({ stderr: true, stdout: true, columns: 100 });
  run(createOutput(terminal.options("human")), terminal);
  assert.doesNotMatch(terminal.stderr.text, /⚡ Progress/);
  assert.ok(terminal.stderr.text.split("[=").length > 10);
  const shown = screen(terminal.stderr.text);
  assert.ok(!shown.some((line) => /\[=|\.\.\.$/.test(line)), "the status line is gone at the end");
  assert.equal(shown.at(-1), "");
  assert.ok(shown.includes("Warning: Modes are not kept there: the file system of movie.mkv refuses them"));
  assert.ok(shown.includes("    ultra send PATH... ultra1abc"));
});

Deno.test("the status follows the width of the terminal", () => {
  const terminal = new MemoryTerminal({ stderr: true, columns: 100 });
  const output = createOutput(terminal.options("human"));
  output.tell(phase("moving"));
  for (const width of [100, 60, 45]) {
    terminal.stderr.width = width;
    terminal.stderr.text = "";
    terminal.now += 100;
    output.tell(progress({ verifiedBytes: 1, totalBytes: 3, listed: true }));
    assert.ok((screen(terminal.stderr.text).at(-1) ?? "").length < width);
  }
});

Deno.test("J3 no terminal, TERM=dumb and narrow terminals get plain lines without control bytes", () => {
  const cases = [
    [new MemoryTerminal(), {}],
    [new MemoryTerminal({ stderr: true, stdout: true }), { term: "dumb" }],
    [new MemoryTerminal({ stderr: true, stdout: true, columns: 20 }), {}],
  ] as const;
  for (const [terminal, environment] of cases) {
    run(createOutput(terminal.options("human", environment)), terminal);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(terminal.all, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    assert.match(terminal.stderr.text, /⚡ Progress/);
  }
});

Deno.test("J2 no foreign text reaches the terminal raw, in any mode", () => {
  for (const mode of ["human", "json", "quiet"] as const) {
    for (const stderr of [true, false]) {
      const terminal = new MemoryTerminal({ stderr, stdout: stderr, columns: 100 });
      run(createOutput(terminal.options(mode)), terminal, EVIL);
      const rest = terminal.all.replaceAll("\r\x1b[K", "").replaceAll("\n", "");
      assert.doesNotMatch(rest, /[\p{Cc}\u202e]/u, mode);
      assert.match(terminal.all, mode === "json" ? /\\u202e/ : /\\u\{202e\}/);
    }
  }
});

Deno.test("J4 with --json every line parses, there is nothing else, and the last line is the exit", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => {
    const terminal = new MemoryTerminal();
    const output = createOutput(terminal.options("json"));
    run(output, terminal, name);
    output.tell({ type: "warning", warning: { about: "long-lived-ticket-typed" } });
    const events = terminal.stdout.lines.map((line) => JSON.parse(line));
    assert.equal(events.at(-1).code, 4);
    assert.match(events.at(-1).why, /^The disk is full/);
    const types = [
      "ticket",
      "memory",
      "start",
      "config",
      "connection-added",
      "settings",
      "progress",
      "warning",
      "file-failed",
      "complete",
      "error",
      "exit",
    ];
    assert.deepEqual([...new Set(events.map((event) => event.type))], types);
    assert.equal(events[2].name, name);
    assert.deepEqual(events[4], { type: "connection-added", connection: 2, streams: 4 });
    assert.deepEqual(events[5], { type: "settings", connection: 2, ...SETTINGS });
  }));
});

Deno.test("J4 the events carry what a program needs", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("json"));
  output.tell(ticket({ text: "ultra1abc", role: "send", file: undefined }));
  output.tell(started({ role: "send", name: "x", bytes: undefined }));
  output.tell(progress({ verifiedBytes: 5, totalBytes: 10, listed: false }));
  terminal.now += 1000;
  output.tell(progress({ verifiedBytes: 6, totalBytes: 10, listed: true }));
  const reports = { sender: reportOf(() => 1) };
  output.tell(complete({ ...FACTS, fileRoot: undefined, verdict: { ...FACTS.verdict, reports } }));
  output.tell(failed(new UltraError("network", "gone")));
  output.tell(failed(new TypeError("bug")));
  const [waiting, start, first, second, facts, error, bug] = terminal.stdout.lines.map((line) => JSON.parse(line));
  assert.deepEqual(waiting, { type: "ticket", ticket: "ultra1abc", role: "send", command: "ultra recv ultra1abc" });
  assert.deepEqual(start, { type: "start", role: "send", name: "x", bytes: null });
  assert.equal(first.percent, null);
  assert.deepEqual([second.percent, second.bytes, second.bitsPerSecond, second.secondsLeft], [60, 6, 8, 4]);
  assert.deepEqual([facts.fileRoot, facts.transferRoot, facts.durable], [null, "cd".repeat(32), true]);
  const verdict = { limit: "path", sentence: "limited by the path (0.4 % loss, 48 ms)" };
  assert.deepEqual(facts.verdict, { ...verdict, help: null, sender: reports.sender, receiver: null });
  assert.deepEqual(error, { type: "error", kind: "network", text: "gone" });
  assert.equal(bug.kind, "internal");
  assert.match(terminal.stderr.text, /^ultra: gone\nultra: internal error/);
});

Deno.test("whoever lifts the bound of memory is told in one line what may be taken, and a program in an event", () => {
  const said = (mode: "human" | "json" | "quiet") => {
    const terminal = new MemoryTerminal();
    createOutput(terminal.options(mode)).tell({ type: "memory-bound", bytes: 2 ** 31 - 1 });
    return [terminal.stdout.text, terminal.stderr.text];
  };
  const line = "Profile max: windows and buffers of this process may take up to 2.1 GB of memory\n";
  assert.deepEqual(said("human"), ["", line]);
  assert.deepEqual(said("json"), ['{"type":"memory","boundBytes":2147483647}\n', ""]);
  assert.deepEqual(said("quiet"), ["", ""]);
});

Deno.test("a listener shows the whole command on a terminal, and the bare ticket where its output is taken", () => {
  const shown = new MemoryTerminal({ stdout: true, stderr: true });
  createOutput(shown.options("human")).tell(ticket(TICKET));
  assert.match(shown.stderr.text, /\n {4}ultra send PATH\.\.\. ultra1abc\n/);
  assert.equal(shown.stdout.text, "");

  const piped = new MemoryTerminal({ stderr: true });
  createOutput(piped.options("human")).tell(ticket(TICKET));
  assert.equal(piped.stdout.text, "ultra1abc\n");
  assert.equal(piped.stderr.text, "");
});

Deno.test("I15 a ticket that was written to a file is shown nowhere else", () => {
  for (const mode of ["human", "json", "quiet"] as const) {
    for (const stdout of [true, false]) {
      const terminal = new MemoryTerminal({ stdout, stderr: stdout });
      createOutput(terminal.options(mode)).tell(ticket({ ...TICKET, file: "/run/t" }));
      assert.doesNotMatch(terminal.all, /ultra1/);
    }
  }
});

Deno.test("--quiet shows errors, why something is missing, and the ticket, and nothing else", () => {
  const terminal = new MemoryTerminal();
  run(createOutput(terminal.options("quiet")), terminal);
  assert.equal(terminal.stdout.text, "ultra1abc\n");
  assert.deepEqual(terminal.stderr.lines, [
    "ultra: movie.mkv: movie.mkv",
    "ultra: incomplete: 1 failed, 1 left out; first movie.mkv: movie.mkv",
    "ultra: The disk is full: movie.mkv",
  ]);
});

Deno.test("an expected failure is one line, a bug shows its stack", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("human"));
  output.tell(failed(new UltraError("usage", 'There is no file "x"', { subject: "x" })));
  assert.deepEqual(terminal.stderr.lines, ['ultra: There is no file "x"']);
  output.tell(failed(new TypeError("oops")));
  output.tell(failed("thrown text"));
  assert.match(terminal.stderr.text, /bug in ultra:\nTypeError: oops\n {4}at [^]*thrown text\n$/);
});
