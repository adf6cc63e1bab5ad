/**
 * The receiver dies, or its disk fails, at each step of a commit: over real processes, with the data plane that has fault points.
 *
 * A final name is absent, old or complete after each of them, and the same commands again end well.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { buildFaults, FAULTS_LIBRARY } from "../../../scripts/faults.ts";
import { ROOT } from "../../../scripts/paths.ts";
import { MIB, namesIn, writeFile } from "../../e2e/files.ts";
import type { StartOptions, Workspace } from "../../e2e/harness.ts";
import { inScene, type Make, oneFile, type Pair } from "../scene.ts";

await buildFaults();

const OLD = "the file that was there before";

/** `ultra` from its sources, with a data plane that fails as it is told. */
function faulty(fault: string): StartOptions {
  const program = [Deno.execPath(), "run", "-q", "-A", join(ROOT, "main.ts")];
  return { program, env: { ULTRA_NATIVE_LIB: FAULTS_LIBRARY, ULTRA_FAULT: fault } };
}

async function start(
  workspace: Workspace,
  paths: readonly string[],
  flags: readonly string[],
  fault: string,
): Promise<Pair> {
  const receiver = workspace.recv(["--into", workspace.path("into"), ...flags], faulty(fault));
  const sender = workspace.start(["send", ...paths], dialing(await receiver.ticket(), ""));
  return { sender, receiver };
}

function dialing(ticket: string, fault: string): StartOptions {
  const options = faulty(fault);
  return { ...options, env: { ...options.env, ULTRA_TICKET: ticket } };
}

const LARGE: Make = (from) => writeFile(`${from}/large`, 3 * MIB + 1);

/** One large file, three small ones. */
const FOUR: Make = async (from) => {
  await LARGE(from);
  await Deno.mkdir(`${from}/small`);
  for (const name of ["a", "b", "c"]) await writeFile(`${from}/small/${name}`, 1000);
};

/** What is there already under names that are replaced. */
const OLD_ONES: Make = async (into) => {
  await Deno.mkdir(`${into}/small`);
  for (const name of ["large", "small/a"]) await Deno.writeTextFile(`${into}/${name}`, OLD);
};

/** All that is sent. */
function pathsOf(workspace: Workspace): readonly string[] {
  return namesIn(workspace.path("from")).map((name) => workspace.path("from", name));
}

const NAMES = ["large", "small/a", "small/b", "small/c"] as const;

/** What is under each final name: nothing, what was there before, or all of the new file. */
async function finals(workspace: Workspace): Promise<Record<string, "absent" | "old" | "new">> {
  const found: Record<string, "absent" | "old" | "new"> = {};
  for (const name of NAMES) {
    const bytes = await Deno.readFile(workspace.path("into", name)).catch(() => undefined);
    const isNew = async () =>
      Buffer.from(await Deno.readFile(workspace.path("from", name))).equals(bytes ?? new Uint8Array());
    if (bytes === undefined) found[name] = "absent";
    else if (new TextDecoder().decode(bytes) === OLD) found[name] = "old";
    else if (await isNew()) found[name] = "new";
    else assert.fail(`${name} is neither absent, old nor complete: ${bytes.length} bytes`);
  }
  return found;
}

/** The same commands again, without faults: everything is there, and nothing else but previous versions, which `ultra clean` knows. */
async function again(workspace: Workspace, flags: readonly string[]): Promise<void> {
  const hadSwap = namesIn(workspace.path("into")).some((name) => name.endsWith(".swap"));
  const { sender, receiver } = await start(workspace, pathsOf(workspace), flags, "");
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  assert.equal(/is the previous version of large/.test(receiver.stderr.text), hadSwap, "the receiver names it");
  assert.deepEqual(Object.values(await finals(workspace)), ["new", "new", "new", "new"]);
  const clean = workspace.start(["clean", "--remove", "--json", workspace.path("into")], faulty(""));
  await clean.exits(0);
  for (const { state } of clean.events.filter(({ type }) => type === "leftover")) assert.equal(state, "removed");
  assert.deepEqual(namesIn(workspace.path("into")).filter((name) => name.startsWith(".")), []);
  assert.deepEqual(namesIn(workspace.path("into", "small")), ["a", "b", "c"]);
}

/** Where a new file's receiver dies; the counts skip what small files do first. */
const NEW_STEPS = [
  ...[
    "before-create-journal",
    "after-create-journal",
    "before-create-file",
    "before-append@2",
    "after-append@2",
    "before-allocate",
    "after-allocate",
    "before-write@2",
    "before-start-sync",
    "before-set-size",
  ],
  ...[
    "before-sync-file",
    "after-sync-file",
    "after-close",
    "before-move-new",
    "after-move-new",
    "after-move-new@2",
    "before-sync-folder",
  ],
  ...["after-sync-folder", "after-sync-folder@2", "before-remove-file", "after-remove-file", "at-end"],
];

const REPLACING_STEPS = [
  ...["before-sync-file", "before-move-new", "after-move-new", "before-exchange", "after-exchange", "after-exchange@2"],
  ...["before-sync-folder", "after-sync-folder", "before-remove-file", "after-remove-file", "at-end"],
];

for (
  const [what, steps, flags] of [["new files", NEW_STEPS, []], ["replaced files", REPLACING_STEPS, [
    "--overwrite",
  ]]] as const
) {
  for (const step of steps) {
    Deno.test(`C4: ${what}: a receiver that dies ${step} leaves no bad file, and the same command again ends well`, () =>
      inScene(FOUR, async (scene) => {
        const { workspace } = scene;
        const { sender, receiver } = await start(workspace, pathsOf(workspace), flags, `${step}:kill`);
        const { signal } = await receiver.ending();
        assert.equal(signal, "SIGKILL", `it never came to ${step}\n${receiver.transcript()}`);
        sender.end();
        await scene.ends([0, "SIGKILL"]);
        const found = await finals(workspace);
        if (flags.length > 0) {
          assert.ok(found["large"] !== "absent" && found["small/a"] !== "absent", JSON.stringify(found));
        }
        await again(workspace, flags);
      }, flags.length > 0 ? { old: OLD_ONES } : {}));
  }
}

interface Ends {
  /** Exit codes of both sides. */
  readonly code: number;
  /** What both say. */
  readonly text?: RegExp;
  /** Of the receiver. */
  readonly flags?: readonly string[];
  /** What stands under the name of the one file then. */
  readonly final: "absent" | "new";
  /** The part stays, and the next run takes up this many MiB of it at least; if not said, nothing stays. */
  readonly stays?: number;
}

function test(name: string, fault: string, { code, text, flags = [], final, stays }: Ends): void {
  Deno.test(`${name} (${fault})`, () =>
    inScene(LARGE, async (scene) => {
      const { workspace } = scene;
      const { sender, receiver } = await start(workspace, pathsOf(workspace), flags, fault);
      await scene.ends([code]);
      if (text !== undefined) { for (const side of [sender, receiver]) assert.match(side.stderr.text, text); }
      assert.equal((await finals(workspace))["large"], final);
      const left = namesIn(workspace.path("into")).filter((name) => name.endsWith(".part"));
      assert.equal(left.length, stays === undefined ? 0 : 1, left.join(" "));
      const next = await start(workspace, pathsOf(workspace), ["--json", ...flags], "");
      await scene.ends([0]);
      const facts = await next.receiver.event("complete");
      const was = Number(facts["resumedBytes"]) / MIB;
      assert.ok(stays === undefined ? was === 0 : was >= stays, `${was} MiB were taken up`);
    }));
}

test("D2: a disk that becomes full", "before-write@2+:ENOSPC", {
  code: 4,
  text: /no space left/,
  final: "absent",
  stays: 0,
});
for (const fault of ["before-create-journal:ENOSPC", "before-append@1+:ENOSPC", "before-append@3+:EDQUOT"]) {
  test("D3: a disk that has no room for the journal alone", fault, { code: 0, final: "new" });
}
Deno.test("D3: what the journal lost is sent again after a receiver died, and nothing else is lost", () =>
  inScene(LARGE, async (scene) => {
    const { workspace } = scene;
    const fault = "before-append@3+:ENOSPC,before-sync-file:kill";
    const { sender, receiver } = await start(workspace, pathsOf(workspace), [], fault);
    const { signal } = await receiver.ending();
    assert.equal(signal, "SIGKILL", receiver.transcript());
    sender.end();
    await scene.ends(["SIGKILL"]);
    await start(workspace, pathsOf(workspace), [], "");
    await scene.ends([0]);
  }));
test("D4: a quota that is used up while writing", "before-write@2+:EDQUOT", {
  code: 4,
  text: /quota/,
  final: "absent",
  stays: 0,
});
test("D4: a quota that has no room for the file", "before-allocate:EDQUOT", {
  code: 4,
  text: /quota/,
  final: "absent",
});
Deno.test("D8: a write that fails ends with 4 on both sides, and what was verified before is not sent again", () =>
  inScene(oneFile(32 * MIB), async (scene) => {
    const { workspace, places: { into } } = scene;
    // A write has a block at most, so that there is a 32nd one; on one stream, block comes after block.
    const { sender, receiver } = await start(workspace, pathsOf(workspace), ["--streams", "1"], "before-write@32:EIO");
    await scene.ends([4]);
    for (const side of [sender, receiver]) assert.match(side.stderr.text, /input\/output error/);
    assert.deepEqual(namesIn(into).map((name) => name.split(".").at(-1)), ["journal", "part"]);
    const next = await start(workspace, pathsOf(workspace), ["--json"], "");
    await scene.ends([0]);
    const resumed = Number((await next.receiver.event("complete"))["resumedBytes"]) / MIB;
    assert.ok(resumed >= 1 && resumed < 32, `${resumed} MiB were taken up`);
  }));
test("D9: short writes, EINTR and EAGAIN", "of-write@1+:short,before-write@2:EINTR,before-write@4:EAGAIN", {
  code: 0,
  final: "new",
});
test("D10: a sync of the contents that fails", "before-sync-file:EIO", {
  code: 4,
  text: /cannot make durable/,
  final: "absent",
});
test("D10: T12: a sync of the folder that fails after the rename", "before-sync-folder:EIO", {
  code: 4,
  text: /it is complete, but may be gone after a power cut/,
  final: "new",
});
for (const flags of [[], ["--no-sync"]]) {
  test(`D11: a close that tells what the disk could not keep ${flags.join("")}`, "before-close:EIO", {
    code: 4,
    text: /cannot close "large": .*input\/output error/,
    flags,
    final: "absent",
  });
}
test("T7: a sync_file_range that fails", "before-start-sync:EIO", {
  code: 4,
  text: /cannot make durable/,
  final: "absent",
});
test("D14: no fallocate", "before-allocate:EOPNOTSUPP", { code: 0, final: "new" });
// (Of a complete part one block is asked for again, so that there is something to finish with: the last one, of a byte.)
for (const [errno, why] of [["EBUSY", "busy"], ["EXDEV", "cross-device link"]] as const) {
  test(`D15: a rename that is refused with ${errno}`, `before-move-new:${errno}`, {
    code: 4,
    text: new RegExp(`cannot complete "large": .*${why}.*; what has arrived stays as "\\.ultra-[0-9a-f]+\\.part"`),
    final: "absent",
    stays: 3,
  });
}
test("D18: no rename without replacing", "before-move-new:EINVAL", { code: 0, final: "new" });

for (const [side, fault] of [["receiver", "before-write@2:panic"], ["sender", "before-read@2:panic"]] as const) {
  Deno.test(`C11: a worker thread of the ${side} that throws ends the run with 1, without a hang`, () =>
    inScene(FOUR, async (scene) => {
      const { workspace } = scene;
      const receiver = workspace.recv(["--into", workspace.path("into")], faulty(side === "receiver" ? fault : ""));
      const sender = workspace.start(
        ["send", ...pathsOf(workspace)],
        dialing(await receiver.ticket(), side === "sender" ? fault : ""),
      );
      const [own, other] = side === "receiver" ? [receiver, sender] : [sender, receiver];
      await own.exits(1);
      assert.notEqual(await other.exit(), 0);
      await scene.ends([1, 4, 5]);
      assert.equal((await finals(workspace))["large"], "absent");
      await again(workspace, []);
    }));
}

Deno.test("a word that is no fault ends the process, so that no test passes by a typing error", () =>
  inScene(FOUR, async (scene) => {
    const { workspace } = scene;
    const { sender, receiver } = await start(workspace, pathsOf(workspace), [], "before-write:EIOO");
    const { signal } = await receiver.ending();
    assert.equal(signal, "SIGKILL");
    sender.end();
    await scene.ends(["SIGKILL"]);
  }));
