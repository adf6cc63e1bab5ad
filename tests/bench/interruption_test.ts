import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { takenAway } from "../../bench/interruption.ts";
import { ROOT } from "../../scripts/paths.ts";

const MODULE = pathToFileURL(join(ROOT, "bench", "interruption.ts")).href;
/** Takes two things, says so, and goes on for as long as it may: a process of its own is what ends it. */
const SCRIPT = `
import { takenAway, unlessInterrupted } from ${JSON.stringify(MODULE)};
for (const name of ["first", "second"]) takenAway(() => console.log("removed " + name));
console.log("ready");
const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
await child.status;
await unlessInterrupted();
console.log("went on");
`;

Deno.test("what is disposed of is taken away, and nothing else", () => {
  const removed: string[] = [];
  const first = takenAway(() => removed.push("first"));
  const second = takenAway(() => removed.push("second"));
  first[Symbol.dispose]();
  assert.deepEqual(removed, ["first"]);
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  assert.deepEqual(removed, ["first", "second"], "and only once");
});

Deno.test({
  name: "an interrupted benchmark takes away what it has, the newest first",
  ignore: Deno.build.os === "windows",
}, async () => {
  const file = await Deno.makeTempFile({ prefix: "ultra-bench-", suffix: ".ts" });
  await Deno.writeTextFile(file, SCRIPT);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--no-config", file],
    stdin: "null",
    stdout: "piped",
  });
  await using child = command.spawn();
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (text === "" && part.includes("ready")) child.kill("SIGTERM");
    text += part;
  }
  assert.equal(text, "ready\nremoved second\nremoved first\n");
  assert.equal((await child.status).code, 130);
  await Deno.remove(file);
});
