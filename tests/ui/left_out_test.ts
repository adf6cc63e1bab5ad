import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import { createOutput } from "../../src/ui/create.ts";
import type { TransferFacts } from "../../src/session/events.ts";
import { complete, exit, failed } from "./events.ts";
import { FACTS } from "./facts.ts";
import { MemoryTerminal } from "./support.ts";

const COMPLETE: TransferFacts = {
  ...FACTS,
  name: undefined,
  savedTo: "/home/me/in",
  bytes: 1000,
  seconds: 1,
  fileRoot: undefined,
};

const MISSING: TransferFacts = {
  ...COMPLETE,
  leftOut: [
    { reason: "unreadable", path: "top/secret" },
    { reason: "backslash", path: "top/a\\b\x1b[2J" },
    { reason: "link", path: "-link" },
  ],
  leftOutCount: 1202,
  leftOutReasons: { unreadable: 1, backslash: 1, link: 1200 },
};

const ACCEPTED: TransferFacts = { ...MISSING, isLeftOutAccepted: true };

/** What each kind of output says of these facts and an exit. */
function told(mode: "human" | "json" | "quiet", facts: TransferFacts, code: number): MemoryTerminal {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options(mode));
  output.tell(complete(facts));
  output.tell(exit(code));
  return terminal;
}

Deno.test("T21: T42: the sheet says complete only when nothing is missing, and names the first that is, with what helps", () => {
  assert.match(told("human", COMPLETE, 0).stderr.text, /^⚡ ULTRA transfer complete: /);
  for (const facts of [MISSING, ACCEPTED]) {
    const { text } = told("human", facts, 3).stderr;
    assert.match(text, /^⚡ ULTRA transfer incomplete: 1\.0 kB in 1\.00s \(0\.008 Mbps\), 1,202 left out$/m);
    assert.doesNotMatch(text, /complete:.*\n[^]*transfer complete/);
    assert.match(text, /^ {4}top\/secret: it cannot be read$/m);
    assert.match(
      text,
      /^ {4}\.\/-link: it is a symbolic link that leads out of the folder; --links all on both sides keeps it$/m,
    );
    assert.match(text, /^ {4}and 1,199 more left out$/m);
    assert.equal(text.includes("--allow-left-out"), facts === MISSING);
  }
});

Deno.test("where all that is missing was not found, nothing tells to take that for complete", () => {
  const typo = { leftOut: [{ reason: "not-found" as const, path: "typo" }] };
  const said = (facts: Partial<TransferFacts>) => told("human", { ...COMPLETE, ...typo, ...facts }, 3).stderr.text;
  const alone = said({ leftOutCount: 1, leftOutReasons: { "not-found": 1 } });
  assert.match(alone, /typo: /);
  assert.doesNotMatch(alone, /--allow-left-out/);
  assert.match(said({ leftOutCount: 2, leftOutReasons: { "not-found": 1, link: 1 } }), /--allow-left-out/);
});

Deno.test("a server, which has no --allow-left-out, does not name it where an upload was left out in part", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("human"));
  output.tell({ type: "serving", served: { names: ["photos"], accept: "/in", maxClients: 64 } });
  output.tell({ ...complete(MISSING), client: { id: 1, remote: "10.0.0.1:5", ticket: "anna" } });
  const { text } = terminal.stderr;
  assert.match(text, /1,202 left out - 10\.0\.0\.1:5 \(ticket anna\)$/m);
  assert.match(text, /^ {4}top\/secret: it cannot be read$/m);
  assert.doesNotMatch(text, /--allow-left-out/);
});

Deno.test("files that were kept by choice are told in a row, and nothing is missing for them", () => {
  const leftOut = [{ reason: "kept", path: "a" }, { reason: "exists", path: "b" }] as const;
  const kept = { ...COMPLETE, leftOut: leftOut.slice(0, 1), leftOutReasons: { kept: 1 } };
  for (const facts of [kept, { ...kept, files: 0, bytes: 0, presentFiles: 1 }]) {
    const { text } = told("human", facts, 0).stderr;
    assert.match(text, /^⚡ ULTRA transfer complete: (?!nothing)/);
    assert.match(text, /^ {2}Kept +1 other file that was there before/m);
    assert.doesNotMatch(text, /left out/);
  }
  const { text } =
    told("human", { ...kept, leftOut, leftOutCount: 1, leftOutReasons: { kept: 1, exists: 1 } }, 3).stderr;
  assert.match(text, /^ {4}b: a file exists and differs; the receiver's --overwrite replaces it/m);
  assert.doesNotMatch(text, /^ {4}a:/m);
});

Deno.test("T29: a name that cannot be made is shown escaped, with its own hint", () => {
  const { text } = told("human", MISSING, 3).stderr;
  assert.match(text, /^ {4}top\/a.*b\\x1b\[2J: its name holds a backslash, which separates folders there; rename it$/m);
});

Deno.test("T41: --quiet says in one line why the exit code is not 0, and nothing when it is", () => {
  const { text } = told("quiet", MISSING, 3).stderr;
  assert.equal(text, "ultra: incomplete: 1,202 left out; first top/secret: it cannot be read\n");
  const failed = { failed: [{ path: "x", kind: "disk" as const, text: "no room" }], failedCount: 1 };
  const both = told("quiet", { ...ACCEPTED, ...failed }, 3).stderr.text;
  assert.equal(both, "ultra: incomplete: 1 failed, 1,202 left out; first x: no room\n");
  assert.equal(told("quiet", COMPLETE, 0).all, "");
  assert.equal(told("quiet", ACCEPTED, 0).all, "");
});

Deno.test("T41: with --json the exit says why it is not 0", () => {
  const lastOf = (facts: TransferFacts, code: number) =>
    JSON.parse(told("json", facts, code).stdout.lines.at(-1) ?? "");
  const why = "incomplete: 1,202 left out; first top/secret: it cannot be read";
  assert.deepEqual(lastOf(MISSING, 3), { type: "exit", code: 3, why });
  for (const facts of [COMPLETE, ACCEPTED]) assert.deepEqual(lastOf(facts, 0), { type: "exit", code: 0 });
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("json"));
  output.tell(failed(new UltraError("disk", "The disk is full", { subject: "a" })));
  output.tell(exit(4));
  assert.deepEqual(JSON.parse(terminal.stdout.lines.at(-1) ?? ""), {
    type: "exit",
    code: 4,
    why: "The disk is full: a",
  });
});

Deno.test("T21: the JSON facts count what failed and what was left out apart", () => {
  const event = JSON.parse(told("json", MISSING, 3).stdout.lines[0] ?? "");
  assert.deepEqual([event.failedCount, event.leftOutCount], [0, 1202]);
  assert.deepEqual(event.leftOutReasons, { unreadable: 1, backslash: 1, link: 1200 });
  assert.deepEqual(event.leftOut[0], { reason: "unreadable", path: "top/secret" });
});
