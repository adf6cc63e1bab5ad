/** `ultra test` with real processes and a real disk. */

import assert from "node:assert/strict";
import { type Event, inWorkspace, type Ultra, type Workspace } from "./harness.ts";

const KINDS = ["memory memory", "memory disk", "disk memory", "disk disk"];

const SIZE = 16_000_000;

/** Way, ends and bytes of all measurements up to a second round. */
function measurements({ events }: Ultra): string[] {
  const end = events.findIndex(({ type }) => type === "measuring-again");
  return rows(end < 0 ? events : events.slice(0, end))
    .map(({ way, from, to, bytes }) => `${way} ${from} ${to} ${bytes}`);
}

function rows(events: readonly Event[]): Event[] {
  return events.filter(({ type }) => type === "measurement");
}

async function assertEmpty(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), [], `${folder} holds what a test wrote`);
  }
}

/** A tester that waits, and one that dials it. */
async function pair(workspace: Workspace, ...args: readonly string[]) {
  const folders = [await workspace.make("here"), await workspace.make("there")] as const;
  const waits = workspace.start(["test", "--listen", "127.0.0.1", "--dir", folders[0], "--json", ...args]);
  const dials = workspace.start(["test", "--dir", folders[1], "--json", ...args, await waits.ticket()]);
  return { waits, dials, folders };
}

Deno.test("e2e: ultra test --local measures all four kinds, and leaves nothing", async () => {
  await inWorkspace(async (workspace) => {
    const folder = await workspace.make("folder");
    const ultra = workspace.start([
      "test",
      "--local",
      "--size",
      "32M",
      "--rate-limit",
      "50M",
      "--dir",
      folder,
      "--json",
    ]);
    await ultra.exits(0);
    assert.deepEqual(measurements(ultra), KINDS.map((kind) => `local ${kind} 32000000`));
    for (const event of ultra.events.filter(({ type }) => type === "measurement")) {
      const { bytes, seconds, bitsPerSecond, verdict } = event as Event & {
        verdict: { sentence: string; sender: unknown };
      };
      assert.ok(Number(seconds) > 0 && Math.abs(Number(bitsPerSecond) * Number(seconds) - 8 * Number(bytes)) < 1e6);
      assert.ok(verdict.sentence.length > 0 && verdict.sender !== null);
    }
    const [verdict] = (await ultra.event("test"))["verdicts"] as { way: string; sentence: string }[];
    assert.equal(verdict?.way, "local");
    assert.match(verdict?.sentence ?? "", SENTENCE);
    await assertEmpty(folder);
  });
});

/** Beside what limits there is what was seen to be chance: a test runs beside others. */
const SENTENCE = /^(the disk, which (reads|writes)|no disk \(memory to memory|not clear: memory to memory went)/;

Deno.test("e2e: T46: a size that is too small to tell is said to be, with what it takes, and measured again with more", async () => {
  await inWorkspace(async (workspace) => {
    const folder = await workspace.make("folder");
    const ultra = workspace.start(["test", "--local", "--size", "2M", "--dir", folder, "--json"]);
    await ultra.exits(0);
    assert.deepEqual(measurements(ultra), KINDS.map((kind) => `local ${kind} 2000000`));
    const { why } = await ultra.event("measuring-again");
    assert.equal(why, "too-short");
    const again = rows(ultra.events).slice(KINDS.length);
    assert.ok(again.some(({ from, to }) => from === "memory" && to === "memory"));
    for (const { bytes, seconds, from } of again) {
      // (A disk in memory may be read faster than there is room for.)
      assert.ok(Number(bytes) >= 16_000_000 && (from === "disk" || Number(seconds) > 0.25), `${bytes} in ${seconds} s`);
    }
    const [verdict] = (await ultra.event("test"))["verdicts"] as { sentence: string }[];
    assert.match(verdict?.sentence ?? "", new RegExp(`${SENTENCE.source}|^too short to say: it takes about`));
    await assertEmpty(folder);
  });
});

Deno.test("e2e: two processes measure both ways and tell the same numbers; a person gets a table", async () => {
  await inWorkspace(async (workspace) => {
    const { waits, dials, folders } = await pair(workspace, "--size", String(SIZE), "--rate-limit", "25M");
    await Promise.all([waits.exits(0), dials.exits(0)]);
    const ways = (first: string, second: string) =>
      KINDS.flatMap((kind) => [`${first} ${kind} ${SIZE}`, `${second} ${kind} ${SIZE}`]);
    assert.deepEqual(measurements(dials), ways("send", "receive"));
    assert.deepEqual(measurements(waits), ways("receive", "send"));
    const rates = ({ events }: Ultra) =>
      events.filter(({ type }) => type === "measurement").map((one) => one["seconds"]);
    assert.deepEqual(rates(dials), rates(waits));
    await assertEmpty(...folders);
  });
});

Deno.test("e2e: a person who tests one machine gets a table and the bottleneck", async () => {
  await inWorkspace(async (workspace) => {
    const ultra = workspace.start(["test", "--local", "--size", "1M"]);
    await ultra.exits(0);
    const lines = ultra.stderr.lines;
    assert.match(ultra.stderr.text, /too short to say \(0\.\d\d s\); it takes about \d/);
    assert.match(ultra.stderr.text, /^Some of that was too short to say: measuring it again with more/m);
    assert.match(ultra.stderr.text, /^ {2}FROM +TO +MB\/s +Mbit\/s +WHAT LIMITED IT$/m);
    for (const kind of KINDS) {
      const [from, to] = kind.split(" ");
      assert.match(ultra.stderr.text, new RegExp(`^ {2}${from} +${to} +[\\d.]+ +[\\d.]+ {2}\\S`, "m"));
    }
    assert.match(lines.at(-1) ?? "", /^⚡ Bottleneck on this machine: /);
    assert.equal(ultra.stdout.text, "");
    await assertEmpty(workspace.folder);
  });
});

Deno.test("e2e: Ctrl-C in the middle of a test leaves no file on either side", async () => {
  await inWorkspace(async (workspace) => {
    const { waits, dials, folders } = await pair(workspace, "--size", "400M");
    await firstFile(folders[0]);
    dials.kill("SIGINT");
    await Promise.all([dials.exits(130), waits.exits(5)]);
    await assertEmpty(...folders);
  });
});

/** Resolved when something is being written somewhere in a folder. */
async function firstFile(folder: string): Promise<void> {
  using watcher = Deno.watchFs(folder);
  for await (const { paths } of watcher) {
    if (paths.some((path) => path.includes("/kept/"))) return;
  }
}

Deno.test("e2e: tickets of tests and of transfers are told apart before anything happens", async () => {
  await inWorkspace(async (workspace) => {
    const tester = workspace.start(["test", "--listen", "127.0.0.1"]);
    const receiver = workspace.recv([]);
    const ofTest = await tester.ticket();
    const ofReceiver = await receiver.ticket();
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [["recv", ofTest], /run `ultra test TICKET`/],
      [["send", "x", ofTest], /run `ultra test TICKET`/],
      [["test", ofReceiver], /run `ultra send PATH/],
      [["test", "--dir", "missing", ofTest], /choose another folder with --dir/],
    ];
    for (const [args, line] of wrong) {
      const ultra = workspace.start(args);
      await ultra.exits(args.includes("missing") ? 4 : 2);
      assert.match(ultra.stderr.text, line);
    }
    for (const waits of [tester, receiver]) {
      waits.kill("SIGINT");
      await waits.exits(130);
    }
    await assertEmpty(workspace.folder);
  });
});
