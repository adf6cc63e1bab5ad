import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { checkSystem, textName } from "../../src/cli/clipboard.ts";
import { usageRefusal } from "./usage_refusal.ts";

function refusal(...args: readonly string[]): string {
  return usageRefusal(() => parseArguments(args, { ticket: undefined }));
}

Deno.test("clipboard: systems without a way to it are named, and the three that ultra is for have one", () => {
  for (const system of ["linux", "darwin", "windows"]) checkSystem(system);
  assert.match(usageRefusal(() => checkSystem("freebsd")), /the clipboard of freebsd$/);
});

Deno.test("clipboard: paths beside it, and --raw without it, would have no effect", () => {
  assert.match(refusal("send", "--clipboard", "a"), /leave the paths out/);
  assert.match(refusal("recv", "--raw"), /--raw is for the text of --clipboard/);
  assert.match(refusal("send", "--clipboard", "--raw"), /--raw is a flag of `ultra recv`/);
  const sending = parseArguments(["send", "--clipboard"], { ticket: undefined });
  assert.ok(sending.command === "send" && sending.clipboard && sending.paths.length === 0);
  const receiving = parseArguments(["recv", "--clipboard", "--raw"], { ticket: undefined });
  assert.ok(receiving.command === "recv" && receiving.clipboard && receiving.raw);
});

Deno.test("clipboard: a text has a name of its time, for receivers that want a file", () => {
  assert.equal(textName(new Date(2026, 0, 2, 3, 4, 5)), "clipboard-20260102-030405.txt");
});
