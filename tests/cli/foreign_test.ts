import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { usageRefusal } from "./usage_refusal.ts";

function refusal(args: readonly string[]): string {
  return usageRefusal(() => parseArguments(args, { ticket: undefined }));
}

Deno.test("T54 flags and places of other tools get the words of this one", () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["send", "-r", "photos"], /^There is no flag -r\. Folders are sent with all that is in them but links/],
    [["send", "-av", "photos"], /^There is no flag -a\. Folders/],
    [["recv", "--port", "7000"], /^There is no flag --port\. .*--listen '\[::\]:7000'/],
    [["send", "--bwlimit=10M", "f"], /^There is no flag --bwlimit\. .*--rate-limit 10M/],
    [["recv", "--force"], /^There is no flag --force\. .*--overwrite/],
    [["send", "f", "user@host:/path"], /run `ultra recv` on host, and here the line/],
    [["send", "f", "host:/path"], /run `ultra recv` on host,/],
    [["send", "f", "10.77.0.2"], /^An address alone is not enough: .*\.\/10\.77\.0\.2/],
    [["send", "f", "host:path"], /run `ultra recv` on host,/],
    [["recv", "user@host:/path"], /run `ultra send PATH` on host, and here the line that it shows$/],
    [["recv", "fd00::1"], /run `ultra send PATH` on that computer, and here the line that it shows$/],
    [["10.77.0.2:7000"], /^An address alone is not enough/],
    [["user@host:"], /run `ultra recv` on host,/],
    [["ultra", "send", "f"], /leave the second one out/],
  ];
  for (const [args, line] of cases) assert.match(refusal(args), line);
});

Deno.test("T54 names that only look like places of other tools are sent", () => {
  for (
    const name of [
      "./user@host:/path",
      "a:b",
      "12:30 notes",
      "C:",
      "10.77",
      "v1.2.3",
      "me@home",
      "photos/1.2.3.4",
    ]
  ) {
    const invocation = parseArguments(["send", name], { ticket: undefined });
    assert.deepEqual(invocation.command === "send" && invocation.paths, [name]);
  }
});
