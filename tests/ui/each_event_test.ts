/** Each type of event, through each kind of output. @module */

import { ALL_KEPT } from "../support/made_up.ts";
import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import { interruption } from "../../src/base/interrupted.ts";
import type { UserEvent } from "../../src/measure/events.ts";
import { createOutput } from "../../src/ui/create.ts";
import {
  added,
  complete,
  config,
  exit,
  failed,
  fileFailed,
  nameLost,
  opened,
  phase,
  progress,
  started,
  ticket,
  TRANSFER,
  unkept,
} from "./events.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { FACTS } from "./facts.ts";
import { MemoryTerminal, screen } from "./support.ts";

const TAKEN = { role: "receive", peer: "10.0.0.1", beganMs: new Date(2026, 1, 3, 14, 2).getTime() } as const;

const SETTINGS = connectionSettings({ distance: "loopback", side: "listener" });

interface Case {
  readonly event: UserEvent;
  /** Standard error of a log, `-v` where that makes a difference. */
  readonly human: readonly string[];
  /** The object; `undefined`: none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /** Standard error with `--quiet`. */
  readonly quiet: readonly string[];
  /** Standard output for both, when it is no terminal; nothing if absent. */
  readonly bare?: string;
}

const VERDICT = { limit: "path", sentence: "limited by the path (0.4 % loss, 48 ms)", help: null };
const NO_REPORTS = { sender: null, receiver: null };
const MEASUREMENT = {
  way: "send",
  from: "memory",
  to: "disk",
  bytes: 1e9,
  seconds: 2,
  verdict: FACTS.verdict,
} as const;
const EXPIRES = Date.UTC(2026, 11, 1, 10, 30);
const LASTING = { label: "ci", use: "write", under: "a\x1b/b", expiresMs: EXPIRES } as const;
const LASTING_JSON = { label: "ci", allow: "write", under: "a\x1b/b", expiresMs: EXPIRES };
const CAUGHT = Object.assign(new TypeError("oops"), { stack: "TypeError: oops\n    at x" });

/** A new type of event does not compile until it is here. */
const CASES = {
  "phase": { event: phase("proving"), human: ["Checking the ticket ..."], json: undefined, quiet: [] },
  "older-format": {
    event: { type: "older-format", asked: false },
    human: [
      "Note: the other side speaks only the older format (blazing): slower, not verified per block, no resume",
    ],
    json: {
      type: "format",
      format: "blazing",
      asked: false,
      text: "the other side speaks only the older format (blazing): slower, not verified per block, no resume",
    },
    quiet: [],
  },
  "ipv4-only": {
    event: { type: "ipv4-only" },
    human: ["This system has no IPv6: listening on IPv4 only"],
    json: undefined,
    quiet: [],
  },
  "wrong-proof": {
    event: { type: "wrong-proof", error: new UltraError("authentication", "Somebody had another ticket") },
    human: ["Warning: Somebody had another ticket"],
    json: { type: "warning", text: "Somebody had another ticket" },
    quiet: [],
  },
  "ticket": {
    event: ticket({ text: "ultra1abc", role: "receive", file: undefined }),
    human: [],
    json: { type: "ticket", ticket: "ultra1abc", role: "receive", command: "ultra send PATH... ultra1abc" },
    quiet: [],
    bare: "ultra1abc\n",
  },
  "lasting-ticket": {
    event: { type: "lasting-ticket", text: "ultra1abc", port: 7000, ticket: LASTING },
    human: [
      "The ticket ci (to bring files in a\\x1b/b, until 2026-12-01 10:30 UTC) works as long as a side waits with this " +
      "identity on UDP port 7000:",
    ],
    json: { type: "ticket", ticket: "ultra1abc", role: "identity", port: 7000, ...LASTING_JSON },
    quiet: [],
    bare: "ultra1abc\n",
  },
  "ticket-listed": {
    event: { type: "ticket-listed", ticket: LASTING, isExpired: true },
    human: ["  ci                   to bring files in a\\x1b/b, expired 2026-12-01 10:30 UTC"],
    json: { type: "ticket-listed", ...LASTING_JSON, isExpired: true },
    quiet: [],
  },
  "tickets-listed": {
    event: { type: "tickets-listed", count: 2 },
    human: ["2 further tickets; --revoke LABEL takes one back"],
    json: { type: "tickets-listed", count: 2 },
    quiet: [],
  },
  "ticket-revoked": {
    event: { type: "ticket-revoked", label: "ci" },
    human: ["The ticket ci is taken back; a transfer that runs with it ends"],
    json: { type: "ticket-revoked", label: "ci" },
    quiet: [],
  },
  "memory-bound": {
    event: { type: "memory-bound", bytes: 285e6 },
    human: ["Profile max: windows and buffers of this process may take up to 285.0 MB of memory"],
    json: { type: "memory", boundBytes: 285e6 },
    quiet: [],
  },
  "offering": {
    event: { type: "offering", offered: { files: 6, bytes: 315e6, leftOut: 2 } },
    human: ["Offering 6 files, 315 MB, 2 left out"],
    json: { type: "offering", files: 6, bytes: 315e6, leftOut: 2 },
    quiet: [],
  },
  "receiving-into": {
    event: { type: "receiving-into", folder: "/in\x1b", existing: "replace" },
    human: ["Files will be saved in /in\\x1b; those that are there and differ are replaced"],
    json: { type: "target", folder: "/in\x1b", existing: "replace" },
    quiet: [],
  },
  "started": {
    event: started({ role: "send", name: "movie.mkv", bytes: undefined }),
    human: ["⚡ Starting ULTRA transfer: movie.mkv (size not known yet)"],
    json: { type: "start", role: "send", name: "movie.mkv", bytes: null },
    quiet: [],
  },
  "on-clipboard": {
    event: { type: "on-clipboard", content: "files", paths: ["/a b", "/c"] },
    human: ["On the clipboard: 2 items"],
    json: { type: "clipboard", content: "files", paths: ["/a b", "/c"] },
    quiet: [],
  },
  "watching": {
    event: { type: "watching", folder: "/in", then: "move", quietMs: 2000 },
    human: ["Watching /in: what has not changed for 2 s is sent, and moved to sent/ when it has arrived"],
    json: { type: "watching", folder: "/in", then: "move", quietSeconds: 2 },
    quiet: [],
  },
  "retrying": {
    event: { type: "retrying", afterMs: 61_000 },
    human: ["Trying again in 1m01s"],
    json: { type: "retrying", afterSeconds: 61 },
    quiet: [],
  },
  "config": {
    event: config({ streams: 8, chunks: 18, chunkBytes: 33_554_432, isEven: false }),
    human: ["⚡ ULTRA config: 8 streams, 18 chunks of up to 33.6 MB"],
    json: { type: "config", streams: 8, chunks: 18, chunkBytes: 33_554_432, isEven: false },
    quiet: [],
  },
  "opened": { event: opened(8), human: ["⚡ Opened 8 streams in parallel"], json: undefined, quiet: [] },
  "added": {
    event: added(2, 1),
    human: ["⚡ Added connection 2 (1 more stream)"],
    json: { type: "connection-added", connection: 2, streams: 1 },
    quiet: [],
  },
  "settings": {
    event: { type: "settings", reported: { connection: 2, settings: SETTINGS }, transfer: TRANSFER },
    human: ["⚡ Connection 2: BBR, windows 4.2 MB/2.1 MB, 0 streams in, keep-alive off"],
    json: { type: "settings", connection: 2, ...SETTINGS },
    quiet: [],
  },
  "progress": {
    event: progress({ verifiedBytes: 5, resumedBytes: 2, totalBytes: 10, files: 7, filesArrived: 3, filesPresent: 1 }),
    human: ["⚡ Progress: 42.8% - Speed: 0.0 Mbps - 5/10 B, 3 of 7 files"],
    json: {
      ...{ type: "progress", bytes: 5, totalBytes: 10, files: 7, filesArrived: 3, filesPresent: 1, listed: true },
      ...{ resumedBytes: 2, percent: 50, bitsPerSecond: 0, lastSecondBitsPerSecond: 0, secondsLeft: null },
    },
    quiet: [],
  },
  "taken-up": {
    event: { type: "taken-up", taken: { ...TAKEN, came: { files: 7, filesArrived: 3, hasMoved: true } } },
    human: ["Going on with the transfer from 10.0.0.1 of 14:02 (3 of 7 files); --restart starts afresh"],
    json: { type: "taken-up", ...TAKEN, files: 7, filesArrived: 3 },
    quiet: [],
  },
  "serving": {
    event: { type: "serving", served: { names: ["photos", "a\x1b"], accept: "/in", maxClients: 64 } },
    human: ["Serving photos, a\\x1b to 64 clients at the same time; what others send is saved in /in"],
    json: { type: "serving", names: ["photos", "a\x1b"], accept: "/in", maxClients: 64 },
    quiet: [],
  },
  "asked": {
    event: { type: "asked", remote: "10.0.0.1:5", ticket: "anna", what: "paths", paths: ["../x\x1b", "-b"] },
    human: ["10.0.0.1:5 (ticket anna): get ../x\\x1b ./-b"],
    json: { type: "request", remote: "10.0.0.1:5", ticket: "anna", what: "paths", paths: ["../x\x1b", "-b"] },
    quiet: [],
  },
  "listed": {
    event: { type: "listed", listed: { path: "photos/2024\x1b", kind: "folder", bytes: 0, modifiedSeconds: NaN } },
    human: [],
    json: { type: "entry", name: "2024\x1b", path: "photos/2024\x1b", kind: "folder", size: null, modified: null },
    quiet: [],
    bare: "              -  -                 photos/2024\\x1b/\n",
  },
  "client-over": {
    event: {
      type: "client-over",
      client: {
        id: 3,
        remote: "10.0.0.1:5",
        ticket: "anna",
        code: 5,
        error: new UltraError("network", "It is\x1b full"),
        at: "door",
      },
    },
    human: ["10.0.0.1:5 (ticket anna): not let in: It is\\x1b full"],
    json: {
      ...{ type: "client", client: 3, remote: "10.0.0.1:5", ticket: "anna", code: 5, isLetIn: false },
      ...{ kind: "network", why: "It is\\x1b full" },
    },
    quiet: ["ultra: 10.0.0.1:5 (ticket anna): not let in: It is\\x1b full"],
  },
  "stalled": {
    event: { type: "stalled", silentMs: 8049, transfer: TRANSFER },
    human: ["Stalled: nothing heard of the other side for 8 s"],
    json: { type: "stalled", silentSeconds: 8.049 },
    quiet: [],
  },
  "connection-lost": {
    event: {
      type: "connection-lost",
      error: new UltraError("network", "The connection was lost: the other side no longer answers"),
      retryForMs: 300_000,
      transfer: TRANSFER,
    },
    human: ["The connection was lost: the other side no longer answers; retrying for up to 5m00s"],
    json: {
      type: "connection-lost",
      text: "The connection was lost: the other side no longer answers",
      retrySeconds: 300,
    },
    quiet: [],
  },
  "returned": {
    event: { type: "returned", lostMs: 21_040, connection: "new", transfer: TRANSFER },
    human: ["The other side is back after 21.0 s on a new connection"],
    json: { type: "connection-returned", lostSeconds: 21.04, connection: "new" },
    quiet: [],
  },
  "peer-restarted": {
    event: { type: "peer-restarted", transfer: TRANSFER },
    human: ["The other side was started again: going on with what is there"],
    json: { type: "peer-restarted" },
    quiet: [],
  },
  "file-failed": {
    event: fileFailed({ path: undefined, kind: "disk", text: "no room" }),
    human: ["ultra: a file: no room"],
    json: { type: "file-failed", path: "a file", kind: "disk", text: "no room" },
    quiet: ["ultra: a file: no room"],
  },
  "unsent": {
    event: { type: "unsent", unsent: { ...ALL_KEPT, owner: true, xattrs: true }, transfer: TRANSFER },
    human: [
      "Warning: Owners and extended attributes of some entries are not sent: they cannot be read, are too large, or have names that are not UTF-8",
    ],
    json: {
      type: "warning",
      text:
        "Owners and extended attributes of some entries are not sent: they cannot be read, are too large, or have names that are not UTF-8",
    },
    quiet: [],
  },
  "restarted": {
    event: { type: "restarted", restarted: { path: "-a\x1b", why: "source-changed" }, transfer: TRANSFER },
    human: ["./-a\\x1b begins anew: the sender's file has changed since the interrupted transfer"],
    json: { type: "restarted", path: "-a\x1b", why: "source-changed" },
    quiet: [],
  },
  "left-over": {
    event: { type: "left-over", leftOver: { parts: 2, bytes: 5e6, folder: "/in" }, transfer: TRANSFER },
    human: ["Note: /in holds 2 parts of files that were not received to the end (5.0 MB): ultra clean /in lists them"],
    json: { type: "left-over", parts: 2, bytes: 5e6, folder: "/in" },
    quiet: [],
  },
  "unkept": {
    event: unkept("/mnt"),
    human: ["Warning: Modes are not kept there: the file system of /mnt refuses them"],
    json: { type: "warning", text: "Modes are not kept there: the file system of /mnt refuses them" },
    quiet: [],
  },
  "complete": {
    event: complete({ ...FACTS, failed: [{ path: undefined, kind: "disk", text: "no room" }], failedCount: 1 }),
    human: [
      "⚡ ULTRA transfer incomplete: 600.0 MB in 0.61s (7868.9 Mbps), 1 failed",
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
      "    a file: no room",
      "  Verdict      limited by the path (0.4 % loss, 48 ms)",
    ],
    json: {
      ...{ type: "complete", ...FACTS, fileRoot: "ab".repeat(32), transferRoot: "cd".repeat(32) },
      ...{ failed: [{ path: "a file", kind: "disk", text: "no room" }], failedCount: 1, bitsPerSecond: 7868852459 },
      verdict: { ...VERDICT, ...NO_REPORTS },
    },
    quiet: ["ultra: incomplete: 1 failed; first a file: no room"],
  },
  "measuring": { event: { type: "measuring", phase: MEASUREMENT }, human: [], json: undefined, quiet: [] },
  "measuring-again": {
    event: { type: "measuring-again", why: "too-short" },
    human: ["Some of that was too short to say: measuring it again with more ..."],
    json: { type: "measuring-again", why: "too-short" },
    quiet: [],
  },
  "measured": {
    event: { type: "measured", measurement: MEASUREMENT },
    human: [
      "  FROM          TO                 MB/s    Mbit/s  WHAT LIMITED IT",
      "  memory here   disk there        500.0    4000.0  limited by the path (0.4 % loss, 48 ms)",
    ],
    json: { type: "measurement", ...MEASUREMENT, bitsPerSecond: 4e9, verdict: { ...VERDICT, ...NO_REPORTS } },
    quiet: [],
  },
  "tested": {
    event: { type: "tested", verdicts: [{ way: "send", memoryRate: 5e8, bottleneck: "disk-write", diskRate: 1.2e8 }] },
    human: [
      "⚡ Bottleneck from here to there: the disk there, which writes 120.0 MB/s (memory to memory goes 500.0 MB/s)",
    ],
    json: {
      type: "test",
      verdicts: [{
        way: "send",
        bottleneck: "disk-write",
        sentence: "the disk there, which writes 120.0 MB/s (memory to memory goes 500.0 MB/s)",
      }],
    },
    quiet: [],
  },
  "name-lost": {
    event: nameLost("-log\n"),
    human: ["Note: ./-log\\x0a was deleted or replaced while it was sent; the file that was opened is sent complete"],
    json: {
      type: "note",
      path: "-log\n",
      text: "./-log\\x0a was deleted or replaced while it was sent; the file that was opened is sent complete",
    },
    quiet: [],
  },
  "leftover": {
    event: {
      type: "leftover",
      leftover: {
        kind: "previous-version",
        state: "failed",
        count: 1,
        bytes: 1_234_567,
        modified: 1_700_000_000,
        path: "d/.ultra-0123456789abcdef.swap\x1b",
        name: "d/a.txt",
        why: "permission denied",
      },
      ageSeconds: 200_000,
    },
    human: [
      "   1.2 MB    2 days  the previous version of d/a.txt: d/.ultra-0123456789abcdef.swap\\x1b (cannot be removed: " +
      "permission denied)",
    ],
    json: {
      type: "leftover",
      kind: "previous-version",
      state: "failed",
      count: 1,
      bytes: 1_234_567,
      modified: 1_700_000_000,
      path: "d/.ultra-0123456789abcdef.swap\x1b",
      name: "d/a.txt",
      ageSeconds: 200_000,
      why: "permission denied",
    },
    quiet: [
      "ultra: the previous version of d/a.txt: d/.ultra-0123456789abcdef.swap\\x1b (cannot be removed: permission denied)",
    ],
  },
  "cleaned": {
    event: {
      type: "cleaned",
      cleaned: { folder: "d", remove: true, count: 3, removed: 2, bytes: 1000, unread: ["cannot search x"] },
    },
    human: ["Warning: cannot search x", "Removed 2 of 3, 1.0 kB"],
    json: {
      type: "cleaned",
      folder: "d",
      remove: true,
      count: 3,
      removed: 2,
      bytes: 1000,
      unread: ["cannot search x"],
    },
    quiet: ["ultra: cannot search x"],
  },
  "warning": {
    event: { type: "warning", warning: { about: "ticket-file-readable", path: "t" } },
    human: ["Warning: Other users may read the ticket file t: chmod 600 makes it private"],
    json: { type: "warning", text: "Other users may read the ticket file t: chmod 600 makes it private" },
    quiet: [],
  },
  "error": {
    event: failed(new UltraError("usage", "It is in use", { subject: "[::]:1", reason: "port-in-use" })),
    human: ["ultra: It is in use: [::]:1; choose another port with --listen"],
    json: { type: "error", kind: "usage", text: "It is in use: [::]:1; choose another port with --listen" },
    quiet: ["ultra: It is in use: [::]:1; choose another port with --listen"],
  },
  "interrupted": {
    event: { type: "interrupted" },
    human: ["Interrupted."],
    json: { type: "interrupted", files: 0, filesArrived: 0, filesPresent: 0, partBytes: 0 },
    quiet: [],
  },
  "debug": {
    event: { type: "debug", line: "[  1.234] debug peer: \x1b" },
    human: ["[  1.234] debug peer: \\x1b"],
    json: undefined,
    quiet: [],
  },
  "version": {
    event: { type: "version", program: "1" },
    human: [],
    json: { type: "version", schema: 1, program: "1" },
    quiet: [],
  },
  "exit": { event: exit(130), human: [], json: { type: "exit", code: 130, why: "interrupted" }, quiet: [] },
} as const satisfies Readonly<Record<UserEvent["type"], Case>>;

function told(mode: "human" | "json" | "quiet", event: UserEvent): MemoryTerminal {
  const terminal = new MemoryTerminal();
  const output = createOutput({ ...terminal.options(mode), isVerbose: () => true });
  terminal.now += 1000;
  output.tell(event);
  return terminal;
}

for (const [type, { event, human, json, quiet, ...more }] of Object.entries(CASES)) {
  Deno.test(`event: ${type} as a person, a program and a quiet script get it`, () => {
    assert.equal(event.type, type);
    const bare = "bare" in more ? more.bare : "";
    const person = told("human", event);
    assert.deepEqual([person.stderr.lines, person.stdout.text], [human, bare]);
    const silent = told("quiet", event);
    assert.deepEqual([silent.stderr.lines, silent.stdout.text], [quiet, bare]);
    const objects = told("json", event).stdout.lines.map((line) => JSON.parse(line));
    assert.deepEqual(objects, json === undefined ? [] : [json]);
  });
}

Deno.test("event: what a phase of a test moves stands on the status line and nowhere else", () => {
  const terminal = new MemoryTerminal({ stderr: true });
  createOutput(terminal.options("human")).tell(CASES.measuring.event);
  assert.deepEqual(screen(terminal.stderr.text), ["Measuring memory here to disk there (1.0 GB) ..."]);
});

Deno.test("event: an error of the other side is told as its words, a bug with its stack in every output", () => {
  const cases = [
    [failed(new UltraError("disk", "It is full\x1b", { reason: "folder-missing" }), true), "disk", [
      "ultra: The other side: It is full\\x1b",
    ]],
    [failed(interruption(), true), "network", ["ultra: The other side was interrupted"]],
    [failed(CAUGHT), "internal", [
      "ultra: internal error; this is a bug in ultra:",
      "TypeError: oops",
      "    at x",
    ]],
  ] as const;
  for (const [event, kind, lines] of cases) {
    for (const mode of ["human", "json", "quiet"] as const) assert.deepEqual(told(mode, event).stderr.lines, lines);
    assert.equal(JSON.parse(told("json", event).stdout.text).kind, kind);
  }
});
