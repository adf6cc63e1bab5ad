import assert from "node:assert/strict";
import { type Again, commandLine } from "../../src/ui/command_line.ts";
import { createOutput } from "../../src/ui/create.ts";
import { UltraError } from "../../src/base/errors.ts";
import { interruption } from "../../src/base/interrupted.ts";
import type { Output } from "../../src/ui/output.ts";
import { complete, exit, failed, phase, started } from "./events.ts";
import { FACTS } from "./facts.ts";
import { MemoryTerminal } from "./support.ts";

/** As long as a real one. */
const TICKET = `ultra1${"ab2c3d4e5f".repeat(10)}`;

Deno.test("the command to type again is what was typed, quoted for a shell, and without the ticket", () => {
  assert.equal(commandLine(["send", "movie.mkv", "été/", TICKET]), "ultra send movie.mkv été/ ultra1...");
  assert.equal(
    commandLine(["send", "a b", "it's", "", "$x", `--to=${TICKET}`]),
    String
      .raw`ultra send 'a b' 'it'\''s' '' '$x' --to=ultra1...`,
  );
  assert.equal(commandLine(["recv", "--into=~/in", "-o", "*"]), "ultra recv '--into=~/in' -o '*'");
});

function ends(
  mode: "human" | "json" | "quiet",
  end: (output: Output) => void,
  code: number,
  other: Again["other"] = "ends",
): string[] {
  const terminal = new MemoryTerminal();
  const again = () => ({ command: commandLine(["recv", "--into", "in", TICKET]), other });
  const output = createOutput({ ...terminal.options(mode), again });
  end(output);
  output.tell(exit(code));
  assert.ok(!terminal.all.includes(TICKET));
  return (mode === "json" ? terminal.stdout : terminal.stderr).lines;
}

const BEGUN = started({ role: "receive", name: "a", bytes: 5 });

Deno.test("C5: whoever was interrupted, and whose other side was, reads what to type to go on", () => {
  const lines = [
    "To go on, run the same commands again on both sides. On this one, with the same ticket in place of ultra1...:",
    "",
    "    ultra recv --into in ultra1...",
    "",
  ];
  const ways: readonly (readonly [number, (output: Output) => void])[] = [
    [130, (output) => output.tell({ type: "interrupted" })],
    [5, (output) => output.tell(failed(interruption(), true))],
    [5, (output) => output.tell(failed(new UltraError("network", "The connection was lost")))],
    // Insisted: there was no time for more.
    [130, () => {}],
  ];
  for (const [code, end] of ways) {
    const both = (output: Output) => {
      output.tell(BEGUN);
      end(output);
    };
    assert.deepEqual(ends("human", both, code).slice(-4), lines);
    const last = JSON.parse(ends("json", both, code).at(-1) ?? "");
    assert.deepEqual([last.type, last.code, last.again], ["exit", code, "ultra recv --into in ultra1..."]);
    assert.ok(ends("quiet", both, code).length <= 1);
  }
});

Deno.test("C5: whoever fetched from a server, which goes on by itself, has one command to type again", () => {
  const lost = (output: Output) => {
    output.tell(BEGUN);
    output.tell(failed(new UltraError("network", "The connection was lost")));
  };
  assert.equal(
    ends("human", lost, 5, "may-serve").at(-4),
    "To go on, run the same command again, with the same ticket in place of ultra1...; " +
      "if the other side was `ultra send`, that one first:",
  );
});

Deno.test("C5: nothing is to be typed again where nothing had begun, all is there, or it would happen again", () => {
  const ways: readonly (readonly [number, (output: Output) => void])[] = [
    [130, (output) => output.tell({ type: "interrupted" })],
    [0, (output) => [BEGUN, complete(FACTS)].forEach((event) => output.tell(event))],
    [7, (output) => [BEGUN, failed(new UltraError("integrity", "Other bytes"))].forEach((event) => output.tell(event))],
    // With --stay it waits for the next one by itself.
    [130, (output) => [BEGUN, failed(interruption(), true), phase("waiting")].forEach((event) => output.tell(event))],
    [130, (output) => [BEGUN, failed(interruption(), true), phase("watching")].forEach((event) => output.tell(event))],
  ];
  for (const [code, end] of ways) {
    assert.ok(!ends("human", end, code).join("\n").includes("To go on"));
    assert.ok(!ends("json", end, code).join("\n").includes("again"));
  }
});
