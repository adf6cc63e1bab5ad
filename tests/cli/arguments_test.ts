import { warningText } from "../../src/ui/messages.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { outputModeOf, parseArguments } from "../../src/cli/arguments.ts";
import { ticketFor } from "../../src/cli/ticket_for.ts";
import type { Invocation } from "../../src/cli/invocation.ts";
import { UltraError } from "../../src/base/errors.ts";
import { encodeTicket, type Ticket } from "../../src/protocol/ticket.ts";
import { PRESERVE_NOTHING_MORE } from "../../src/protocol/words.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { usageRefusal } from "./usage_refusal.ts";

function ticket(changes: Partial<Ticket> = {}): string {
  return encodeTicket({
    role: "receive",
    longLived: false,
    pin: new Uint8Array(16).fill(1),
    token: new Uint8Array(16).fill(2),
    hints: [{ type: "address", address: "192.0.2.1", port: 7000 }],
    ...changes,
  });
}

const TO_RECEIVER = ticket();
const TO_SENDER = ticket({ role: "send" });

function parse(...args: string[]): Invocation {
  return parseArguments(args, { ticket: undefined });
}

function parseSend(...args: string[]): Invocation & { command: "send" } {
  const invocation = parse("send", ...args);
  assert.equal(invocation.command, "send");
  return invocation;
}

function parseRecv(...args: string[]): Invocation & { command: "recv" } {
  const invocation = parse("recv", ...args);
  assert.equal(invocation.command, "recv");
  return invocation;
}

function parseTest(...args: string[]): Invocation & { command: "test" } {
  const invocation = parse("test", ...args);
  assert.equal(invocation.command, "test");
  return invocation;
}

/** The one line that a wrong command line gets. */
function refusal(args: readonly string[], environment: { ticket: string | undefined } = { ticket: undefined }): string {
  return usageRefusal(() => parseArguments(args, environment));
}

Deno.test("without a ticket both commands wait, on all addresses and a free port", () => {
  const listening = {
    type: "listen",
    endpoint: { address: "::", port: 0 },
    advertise: [],
    ticketOut: undefined,
    identity: undefined,
  };
  assert.deepEqual(parseSend("a", "b/"), {
    command: "send",
    paths: ["a", "b/"],
    clipboard: false,
    links: "inside",
    preserve: PRESERVE_NOTHING_MORE,
    allowLeftOut: false,
    allowGrowing: false,
    allowSleep: false,
    retryForMs: 300_000,
    waitMs: undefined,
    peer: listening,
    tuning: DEFAULT_TUNING,
    output: "human",
    verbose: false,
    warnings: [],
  });
  assert.deepEqual(parseRecv(), {
    command: "recv",
    into: ".",
    target: undefined,
    existing: "refuse",
    restart: false,
    hidden: false,
    links: "inside",
    preserve: PRESERVE_NOTHING_MORE,
    noSync: false,
    allowLeftOut: false,
    allowSleep: false,
    retryForMs: 300_000,
    waitMs: undefined,
    clipboard: false,
    raw: false,
    stay: false,
    peer: listening,
    tuning: DEFAULT_TUNING,
    output: "human",
    verbose: false,
    warnings: [],
  });
});

Deno.test("a ticket makes a side dial: as the last word, anywhere among the paths, with --to, from a file or standard input", () => {
  for (
    const args of [["a", TO_RECEIVER], [TO_RECEIVER, "a"], ["a", "--to", TO_RECEIVER], ["a", `--to=${TO_RECEIVER}`]]
  ) {
    const { paths, peer } = parseSend(...args);
    assert.deepEqual(paths, ["a"]);
    assert.ok(peer.type === "dial" && peer.ticket.from === "argument");
    assert.equal(peer.ticket.ticket.role, "receive");
  }
  assert.deepEqual(parseSend("a", "--ticket", "t.txt").peer, { type: "dial", ticket: { from: "file", path: "t.txt" } });
  assert.deepEqual(parseRecv("--ticket", "-").peer, { type: "dial", ticket: { from: "stdin" } });
  assert.equal(parseRecv(` ${TO_SENDER.toUpperCase()} `).peer.type, "dial");
});

Deno.test("ULTRA_TICKET is a ticket, an argument wins over it, and an empty one is none", () => {
  const withEnvironment = parseArguments(["recv"], { ticket: TO_SENDER });
  assert.ok(withEnvironment.command === "recv" && withEnvironment.peer.type === "dial");
  assert.equal(withEnvironment.peer.ticket.from, "environment");
  const both = parseArguments(["recv", "--ticket", "f"], { ticket: TO_SENDER });
  assert.ok(both.command === "recv" && both.peer.type === "dial" && both.peer.ticket.from === "file");
  const empty = parseArguments(["recv"], { ticket: "" });
  assert.ok(empty.command === "recv" && empty.peer.type === "listen");
  assert.match(refusal(["recv", "--stay"], { ticket: TO_SENDER }), /^--stay is .* ULTRA_TICKET/);
});

Deno.test("a file that is named like a ticket can be sent with ./ before it", () => {
  const { paths, peer } = parseSend(`./${TO_RECEIVER}`, "ultra1.txt", "ultra10");
  assert.deepEqual(paths, [`./${TO_RECEIVER}`, "ultra1.txt", "ultra10"]);
  assert.equal(peer.type, "listen");
});

Deno.test("a mistyped ticket is refused, and never taken for a file to send", () => {
  for (const word of [TO_RECEIVER.slice(0, -3), TO_RECEIVER.replace(/.$/, "0"), TO_RECEIVER + "a"]) {
    assert.match(refusal(["send", "a", word]), /mistyped or cut off/);
    assert.match(refusal(["recv", word]), /mistyped or cut off/);
  }
  assert.match(refusal(["recv", "movie.mkv"]), /not a ticket/);
});

Deno.test("a ticket made for the other role names the command to run", () => {
  assert.match(refusal(["recv", TO_RECEIVER]), /made by a receiver: run `ultra send PATH\.\.\. TICKET`/);
  assert.match(refusal(["send", "a", TO_SENDER]), /made by a sender: run `ultra recv TICKET`/);
  const server = ticket({ role: "serve", longLived: true });
  assert.match(
    refusal(["recv", server]),
    /made by `ultra serve`: choose: `ultra ls TICKET \[PATH\]`, `ultra get TICKET PATH/,
  );
  assert.match(refusal(["test", server]), /ultra serve/);
  assert.match(refusal(["get", "a", TO_RECEIVER]), /made by a receiver: run `ultra send/);
  assert.match(refusal(["ls", TO_SENDER]), /made by a sender: run `ultra recv TICKET`/);
  assert.equal(ticketFor("send", server).role, "serve", "it may take files");
  assert.equal(ticketFor("get", TO_SENDER).role, "send");
  const tester = ticket({ role: "test" });
  assert.match(refusal(["send", "a", tester]), /made by `ultra test`: run `ultra test TICKET`/);
  assert.match(refusal(["recv", tester]), /made by `ultra test`: run `ultra test TICKET`/);
  assert.match(refusal(["test", TO_RECEIVER]), /made by a receiver: run `ultra send PATH\.\.\. TICKET`/);
  assert.match(refusal(["test", TO_SENDER]), /made by a sender: run `ultra recv TICKET`/);
  assert.throws(() => ticketFor("send", tester), /ultra test/);
  assert.equal(ticketFor("test", tester).role, "test");
  assert.equal(ticketFor("send", `${TO_RECEIVER}\n`).role, "receive");
});

Deno.test("I15 no error repeats a ticket, wherever it was put", () => {
  const secret = TO_RECEIVER;
  const lines = [
    ["recv", secret],
    ["recv", secret, secret],
    ["recv", "x", secret],
    ["send", secret],
    ["send", "a", secret, secret],
    ["send", "a", secret, "--to", secret],
    ["send", "a", "--ticket", secret],
    ["send", "a", "--listen", secret],
    ["send", "a", "--advertise", secret],
    ["send", "a", "--streams", secret],
    ["send", "a", "--cc", secret],
    ["send", "a", "--ticket-out", secret],
    ["recv", "--into", secret],
    ["recv", "-o", secret],
    ["recv", `--json=${secret}`],
    ["recv", secret.slice(0, -1)],
    [secret],
    [secret.toUpperCase()],
    [secret, "a"],
    ["help", secret],
  ];
  for (const args of lines) assert.ok(!refusal(args).toLowerCase().includes(secret.slice(6, 40)), args[0]);
});

Deno.test("T27 a ticket with something around it is refused as such, in every place, and never repeated", () => {
  const secret = TO_RECEIVER;
  const wrapped = secret.match(/.{1,60}/g)?.join("\n") ?? "";
  const around = [`"${secret}"`, `<${secret}>`, `${secret}.`, `ultra send PATH... ${secret}`, `'${wrapped}'`];
  for (const text of around) {
    const places = [["send", "f", text], ["recv", text], [text], ["send", "f", "--to", text], ["recv", "--into", text]];
    for (const args of [...places, ["recv", `-o${text}`], ["send", `--${text}`, "f"], ["test", text]]) {
      const line = refusal(args);
      assert.match(line, /looks like a ticket with something around it/, args.join(" "));
      assert.ok(!line.toLowerCase().includes(secret.slice(6, 40)));
    }
  }
});

Deno.test("T27 a ticket that was wrapped on its way works as an argument", () => {
  const wrapped = TO_RECEIVER.match(/.{1,60}/g)?.join("\n") ?? "";
  for (const args of [["a", wrapped], ["a", "--to", wrapped], ["a", `--to=${wrapped}`]]) {
    const { paths, peer } = parseSend(...args);
    assert.deepEqual([paths, peer.type], [["a"], "dial"]);
  }
});

Deno.test("a long-lived ticket as an argument works with a warning that names --ticket", () => {
  const warning = { about: "long-lived-ticket-typed" } as const;
  const longLived = ticket({ longLived: true });
  assert.deepEqual(parseSend("a", longLived).warnings, [warning]);
  assert.deepEqual(parseSend("a", "--to", longLived).warnings, [warning]);
  assert.match(warningText(warning), /--ticket FILE/);
  assert.deepEqual(parseSend("a", TO_RECEIVER).warnings, []);
  const quiet = parseArguments(["send", "a"], { ticket: longLived });
  assert.ok(quiet.command === "send" && quiet.warnings.length === 0);
});

Deno.test("every flag arrives where it belongs", () => {
  const recv = parseRecv(
    "--into",
    "d",
    "--overwrite",
    "--restart",
    "--hidden",
    "--allow-left-out",
    "--stay",
    "--streams=8",
    "--cc",
    "cubic",
    "-v",
    "--json",
  );
  assert.deepEqual([recv.into, recv.existing, recv.restart, recv.hidden], ["d", "replace", true, true]);
  assert.equal(recv.stay, true);
  assert.equal(parseSend("--allow-growing", "a").allowGrowing, true);
  assert.deepEqual([parseRecv("--allow-sleep").allowSleep, parseSend("--allow-sleep", "a").allowSleep], [true, true]);
  assert.deepEqual([recv.allowLeftOut, parseSend("--allow-left-out", "a").allowLeftOut], [true, true]);
  assert.deepEqual([recv.tuning.streams, recv.tuning.congestionControl, recv.verbose, recv.output], [
    8,
    "cubic",
    true,
    "json",
  ]);
  const send = parseSend(
    "--listen",
    "192.0.2.1:7000",
    "--advertise",
    "example.org",
    "--advertise",
    "[2001:db8::1]:9",
    "a",
  );
  assert.deepEqual(send.peer, {
    type: "listen",
    endpoint: { address: "192.0.2.1", port: 7000 },
    advertise: [
      { type: "name", host: "example.org", port: undefined },
      { type: "address", host: "2001:db8::1", port: 9 },
    ],
    ticketOut: undefined,
    identity: undefined,
  });
  const out = parseSend("a", "--ticket-out", "t", "--quiet");
  assert.ok(out.peer.type === "listen" && out.peer.ticketOut === "t" && out.output === "quiet");
});

Deno.test("T42 --links takes the words of its side, and inside is the default", () => {
  assert.deepEqual([parseSend("a").links, parseRecv().links], ["inside", "inside"]);
  for (const links of ["inside", "all", "none"]) {
    assert.equal(parseRecv("--links", links).links, links);
    assert.equal(parseSend(`--links=${links}`, "a").links, links);
  }
  assert.equal(parseSend("--links", "follow", "a").links, "follow");
  assert.match(refusal(["recv", "--links", "follow"]), /^--links follow is for ultra send and ultra watch/);
  assert.match(refusal(["serve", "--links", "follow", "a"]), /^--links follow is for ultra send and ultra watch/);
  assert.equal(refusal(["recv", "--links", "some"]), '--links takes inside, all or none, not "some"');
  assert.equal(refusal(["send", "--links", "x", "a"]), '--links takes inside, all, none or follow, not "x"');
  assert.match(refusal(["test", "--links", "all"]), /--links/);
});

Deno.test("T31 --preserve and --no-sync arrive at the side that knows them", () => {
  const served = parse("serve", "--links", "all", "--preserve", "owner", "a");
  assert.ok(served.command === "serve");
  assert.deepEqual([served.links, served.preserve], ["all", { owner: true, xattrs: false, acl: false }]);
  const all = { owner: true, xattrs: true, acl: true };
  assert.deepEqual(parseSend("--preserve", "+owner,xattrs,acl", "a").preserve, all);
  assert.deepEqual(parseRecv("--preserve", "acl").preserve, { owner: false, xattrs: false, acl: true });
  assert.match(refusal(["recv", "--preserve", "mood"]), /^--preserve takes owner, xattrs and acl/);
  assert.deepEqual([parseRecv("--no-sync").noSync, parseRecv().noSync], [true, false]);
  assert.match(refusal(["send", "--no-sync", "a"]), /only the receiver writes/);
});

Deno.test("T43 -o is a folder or a new name, which the disk decides; what can be neither is refused", () => {
  const { into, target } = parseRecv("-o", "a/x.bin", "--into", "d");
  assert.deepEqual([into, target], ["d", "a/x.bin"]);
  for (const name of ["a/", ".", "..", "/", "x.bin", "./-"]) assert.equal(parseRecv("-o", name).target, name);
  for (const name of [".ultra-x", "a\x01b", "x".repeat(256)]) assert.match(refusal(["recv", "-o", name]), /^-o takes/);
  assert.match(refusal(["recv", "-o", "-"]), /Standard output/);
  assert.match(refusal(["recv", "-o", "x", "--stay"]), /--stay and -o/);
});

Deno.test("a flag that would have no effect is refused with the reason", () => {
  for (const flag of [["--listen", "::1"], ["--advertise", "x"], ["--ticket-out", "f"]]) {
    assert.match(refusal(["send", "a", TO_RECEIVER, ...flag]), /for the side that waits/);
    assert.match(refusal(["recv", "--ticket", "-", ...flag]), /for the side that waits/);
  }
  assert.match(refusal(["recv", TO_SENDER, "--stay"]), /^--stay is for the side that waits/);
  for (const flag of [["--hidden"], ["--overwrite"], ["--restart"], ["--stay"], ["--into", "d"], ["-o", "x"]]) {
    assert.match(refusal(["send", "a", ...flag]), /is a flag of `ultra recv`, not of `ultra send`/);
  }
  assert.match(refusal(["recv", "--to", TO_SENDER]), /is a flag of `ultra send`/);
  assert.match(refusal(["recv", "--json", "--quiet"]), /do not go together/);
  assert.match(refusal(["recv", "--quiet", "-v"]), /do not go together/);
  assert.match(refusal(["recv", "--ticket", "a", TO_SENDER]), /More than one ticket/);
});

Deno.test("a test waits, dials or needs nobody", () => {
  const waiting = parseTest();
  assert.deepEqual([waiting.peer.type, waiting.size, waiting.folder], ["listen", undefined, "."]);
  const tester = ticket({ role: "test", longLived: true });
  const dialing = parseTest(tester, "--size", "32M", "--dir", "/data", "--streams=2", "--rate-limit=1M");
  assert.deepEqual([dialing.peer.type, dialing.size, dialing.folder], ["dial", 32_000_000, "/data"]);
  assert.deepEqual([dialing.tuning.streams, dialing.tuning.bytesPerSecond], [2, 1_000_000]);
  assert.deepEqual(dialing.warnings, [], "its ticket works for one test only");
  assert.deepEqual(parseTest("--local", "--json").peer, { type: "local" });
  assert.match(refusal(["test", "--local", tester]), /leave the ticket out/);
  assert.match(refusal(["test", "--local", "--ticket", "-"]), /leave the ticket out/);
  assert.match(refusal(["test", "--local"], { ticket: tester }), /ULTRA_TICKET included/);
  for (const flag of [["--listen", "::1"], ["--advertise", "x"], ["--ticket-out", "f"]]) {
    assert.match(refusal(["test", "--local", ...flag]), /^--\S+ is for another machine/);
    assert.match(refusal(["test", tester, ...flag]), /for the side that waits/);
  }
  for (const size of ["0", "999K", "2T", "x"]) assert.match(refusal(["test", "--size", size]), /^--size takes/);
  assert.match(refusal(["test", "a", "b"]), /one ticket and nothing else/);
  assert.match(refusal(["test", "folder"]), /ticket/);
  for (const flag of [["--local"], ["--size", "1M"], ["--dir", "d"]]) {
    assert.match(refusal(["send", "a", ...flag]), /is a flag of `ultra test`, not of `ultra send`/);
  }
  for (const flag of [["--into", "d"], ["--overwrite"], ["--stay"], ["--to", tester]]) {
    assert.match(refusal(["test", ...flag]), /not of `ultra test`/);
  }
});

Deno.test("values out of their range are refused", () => {
  for (const value of ["0", "257", "1.5", "-1", "x", "1e2", " 8"]) {
    assert.match(refusal(["send", "a", `--streams=${value}`]), /--streams takes a number from 1 to 256/);
  }
  for (const value of ["1", "256"]) assert.equal(parseSend("a", "--streams", value).tuning.streams, Number(value));
  for (const value of ["0", "17", "-1", "1.5", "two", "0x2", " 2", "00002"]) {
    assert.match(refusal(["recv", `--connections=${value}`]), /--connections takes a number from 1 to 16/);
  }
  for (const value of ["1", "16"]) assert.equal(parseRecv("--connections", value).tuning.connections, Number(value));
  assert.match(refusal(["send", "a", "--cc", "reno"]), /--cc takes bbr or cubic, not "reno"/);
});

Deno.test("a flag without its value, with a value too much or given twice is refused", () => {
  assert.equal(refusal(["recv", "--into"]), "--into needs a value: --into DIR");
  assert.equal(refusal(["recv", "--into", "--json"]), "--into needs a value: --into DIR");
  assert.equal(refusal(["recv", "--into="]), "--into needs a value: --into DIR");
  assert.equal(refusal(["recv", "--json=yes"]), "--json takes no value");
  assert.equal(refusal(["recv", "--into", "a", "--into", "b"]), "--into was given more than once");
  assert.equal(parseRecv("--into=-d").into, "-d");
});

Deno.test("unknown flags and commands get a suggestion", () => {
  const cases: readonly (readonly [string[], string])[] = [
    [["recv", "--hiden"], "There is no flag --hiden. Did you mean --hidden?"],
    [["recv", "--stream", "8"], "There is no flag --stream. Did you mean --streams?"],
    [["recv", "-x"], "There is no flag -x. See ultra help recv"],
    [["recv", "--no-json"], "There is no flag --no-json. See ultra help recv"],
    [["-x", "test"], "There is no flag -x. See ultra help test"],
    [["--nonsense"], "There is no flag --nonsense. See ultra --help"],
    [["sned", "a"], 'There is no command "sned". Did you mean `ultra send`?'],
    [["receive"], 'There is no command "receive". Did you mean `ultra recv`?'],
    [["help", "sedn"], 'There is no command "sedn". Did you mean `ultra send`?'],
    [["receive", "--help"], 'There is no command "receive". Did you mean `ultra recv`?'],
    [["doctor"], 'There is no command "doctor" (see ultra help). To send a file of that name: ultra send doctor'],
    [
      ["help", "verify"],
      'There is no command "verify" (see ultra help). To send a file of that name: ultra send verify',
    ],
    [["--json"], "--json needs a command before it: ultra send PATH..., or ultra recv"],
  ];
  for (const [args, line] of cases) assert.equal(refusal(args), line);
});

Deno.test("a path without a command gets the command that sends it", () => {
  const cases: readonly (readonly [string[], string])[] = [
    [
      ["movie.mkv"],
      'There is no command "movie.mkv" (see ultra help). To send a file of that name: ultra send movie.mkv',
    ],
    [
      ["my movie.mkv", "b"],
      "There is no command \"my movie.mkv\" (see ultra help). To send a file of that name: ultra send 'my movie.mkv' ...",
    ],
    [["it's"], "There is no command \"it's\" (see ultra help). To send a file of that name: ultra send 'it'\\''s'"],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseArguments(args, { ticket: undefined }), { message });
  }
});

Deno.test("a refused ULTRA_TICKET is named, and the dots of an example are no file", () => {
  assert.throws(() => parseArguments(["recv"], { ticket: "nonsense" }), {
    kind: "usage",
    message: /^ULTRA_TICKET cannot be used: This is not a ticket/,
  });
  assert.match(refusal(["send", "f", "ultra1..."]), /mistyped or cut off/);
});

Deno.test("all that is shared cannot be fetched under no name, and the refusal says so", () => {
  const server = ticket({ role: "serve", longLived: true });
  for (const path of [".", "./", "/"]) {
    assert.match(refusal(["get", server, path]), /^What is shared has no name as a whole \("[./]+"\)/);
  }
  assert.match(refusal(["get", server, ""]), /^A path is empty/);
});

Deno.test("A10: what cannot be sent is refused, such as standard input", () => {
  assert.match(refusal(["send"]), /Name at least one file or folder/);
  assert.match(refusal(["send", TO_RECEIVER]), /Name at least one file or folder/);
  assert.match(refusal(["send", ""]), /empty/);
  assert.match(refusal(["send", "-"]), /Standard input/);
  assert.match(refusal(["recv", "a", "b"]), /one ticket and nothing else/);
});

Deno.test("J4 a refused command line is reported as JSON when it asked for that", () => {
  assert.equal(outputModeOf(["send", "--json", "--nonsense"]), "json");
  assert.equal(outputModeOf(["send", "--", "--json"]), "human");
  assert.equal(outputModeOf([]), "human");
  assert.equal(outputModeOf(["recv", "--quiet"]), "quiet");
});

Deno.test("F14 behind -- every word is a path", () => {
  assert.deepEqual(parseSend("--", "-rf", "--overwrite", "--").paths, ["-rf", "--overwrite", "--"]);
});

Deno.test("help and version win over everything else", () => {
  assert.deepEqual(parse(), { command: "tour" });
  assert.deepEqual(parse("--version"), { command: "version" });
  for (const args of [["--help"], ["-h"], ["help"], ["--help", "--json"]]) {
    assert.deepEqual(parse(...args), { command: "help", topic: undefined });
  }
  for (const args of [["send", "--help"], ["help", "send"], ["send", "-h", "--hidden"], ["help", "send", "--help"]]) {
    assert.deepEqual(parse(...args), { command: "help", topic: "send" });
  }
});

Deno.test("whatever is typed, the answer is an invocation or one usage error", () => {
  const words = fc.constantFrom(
    "send",
    "recv",
    "help",
    "--into",
    "-o",
    "--",
    "-",
    "",
    "--json",
    "a",
    "-vh",
    "--streams=1",
    "=",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ unit: "binary" }))), (args) => {
      try {
        return typeof parse(...args).command === "string";
      } catch (error) {
        return error instanceof UltraError && error.kind === "usage";
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("T54 the version is a command and a letter, and -q is quiet from the first line on", () => {
  for (const args of [["version"], ["-V"], ["--version"], ["recv", "-V"]]) {
    assert.equal(parseArguments(args, { ticket: undefined }).command, "version");
  }
  assert.equal(parseRecv("-q").output, "quiet");
  assert.equal(outputModeOf(["recv", "-q", "--foo"]), "quiet");
  assert.equal(outputModeOf(["send", "--", "-q"]), "human");
});
