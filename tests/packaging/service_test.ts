/** The unit for systemd: every directive is one that systemd knows, and nothing that `ultra serve` asks the kernel for is forbidden to it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT, ULTRA } from "../../scripts/paths.ts";
import { MIB, writeFile } from "../e2e/files.ts";
import { inWorkspace } from "../e2e/harness.ts";
import { giveToOrdinary, needsOrdinaryUser, ordinary } from "../e2e/ordinary_user.ts";
import { canTrace, traced } from "../e2e/system_calls.ts";

const UNIT = await Deno.readTextFile(join(ROOT, "packaging", "ultra-serve.service"));

/** What stands behind a directive, once for each line of it. */
function valuesOf(directive: string): string[] {
  const lines = UNIT.replaceAll("\\\n", "").matchAll(/^(\w+)=(.*)$/gm);
  return [...lines].flatMap(([, name, value = ""]) => name === directive ? [value.trim()] : []);
}

/** The words of systemd's tool; `undefined`: it is not here. */
async function analyze(...args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout, stderr } = await new Deno.Command("systemd-analyze", { args: [...args] }).output();
    const [out, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.ok(success && told === "", `systemd-analyze ${args.join(" ")}: ${told}`);
    return out;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const isSystemd = await analyze("--version") !== undefined;

Deno.test("service: a signal is no failure of it, it names no page that is nowhere, and a call that it may not make is told so", () => {
  assert.deepEqual(valuesOf("SuccessExitStatus"), ["130 143"]);
  assert.deepEqual(valuesOf("Documentation"), []);
  assert.deepEqual(valuesOf("SystemCallErrorNumber"), ["EPERM"]);
  assert.deepEqual(valuesOf("SystemCallFilter"), [
    "@system-service @pkey",
    "~@privileged @resources @mount",
    "sched_setaffinity",
  ]);
});

Deno.test({
  name: "service: systemd has nothing to say against it",
  ignore: !isSystemd,
  fn: () =>
    inWorkspace(async (workspace) => {
      const unit = workspace.path("ultra-serve.service");
      await Deno.writeTextFile(unit, UNIT.replace("ExecStart=/usr/local/bin/ultra", `ExecStart=${ULTRA}`));
      assert.equal(await analyze("verify", unit), "");
    }),
});

/** The calls of a set, those of the sets in it included. */
async function callsOf(word: string): Promise<readonly string[]> {
  if (!word.startsWith("@")) return [word];
  const text = await analyze("syscall-filter", word) ?? assert.fail();
  const words = text.split("\n").slice(1).map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  );
  return (await Promise.all(words.map(callsOf))).flat();
}

/** As systemd reads it: the first line says that what is named is allowed, and the next ones add to that and take away. */
async function allowed(): Promise<ReadonlySet<string>> {
  const calls = new Set(await callsOf("@default"));
  for (const line of valuesOf("SystemCallFilter")) {
    const isTakenAway = line.startsWith("~");
    for (const word of line.replace(/^~/, "").split(" ")) {
      for (const call of await callsOf(word)) isTakenAway ? calls.delete(call) : calls.add(call);
    }
  }
  return calls;
}

Deno.test({
  name: "service: whatever serve asks the kernel for while it starts, serves, takes files and ends is allowed to it",
  ignore: !isSystemd || needsOrdinaryUser.ignore || !await canTrace(),
  fn: () =>
    inWorkspace(async (workspace) => {
      const [photos, uploads, log] = [
        await workspace.make("photos"),
        await workspace.make("uploads"),
        workspace.path("home", "log"),
      ];
      // The service is an ordinary user's: for root SQLite, in which Deno keeps its caches, also changes owners.
      const user = await ordinary(workspace);
      const { before = "", env: home = { HOME: await workspace.make("home") } } = user;
      for (const folder of [uploads, photos]) await giveToOrdinary(folder);
      const source = await writeFile(`${photos}/a.bin`, 3 * MIB);
      const flags = ["--listen", "127.0.0.1", "--identity", workspace.path("home", "identity"), "--accept", uploads];
      const server = workspace.start(["serve", ...flags, photos], {
        ...user,
        before: `${before} ${traced("all", log)} -D`,
        env: home,
      });
      const env = { ULTRA_TICKET: await server.ticket() };
      await workspace.start(["ls", "photos"], { env }).exits(0);
      await workspace.start(["get", "--into", workspace.folder, "photos"], { env }).exits(0);
      await workspace.start(["send", source], { env }).exits(0);
      server.end("SIGTERM");
      await server.exits(143);
      const trace = await Deno.readTextFile(log);
      const made = new Set([...trace.matchAll(/^\d+ +(\w+)\(/gm)].map(([, name = ""]) => name));
      assert.ok(made.has("sendmsg") && made.has("renameat2"), [...made].join(" "));
      const may = await allowed();
      assert.deepEqual([...made].filter((call) => !may.has(call)), []);
    }),
});
