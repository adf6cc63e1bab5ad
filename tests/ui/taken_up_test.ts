/** What a side that waits says of the process before it, where that was killed. */

import assert from "node:assert/strict";
import { createOutput } from "../../src/ui/create.ts";
import { MemoryTerminal } from "./support.ts";

const BEGAN_MS = new Date(2026, 0, 1, 14, 2).getTime();
const NOTED = { files: 7, filesArrived: 3, hasMoved: true, isAtLeast: true } as const;

/** The last thing that is said. */
function said(mode: "human" | "json", came: { readonly files?: number; readonly filesArrived?: number }): string {
  const terminal = new MemoryTerminal();
  const taken = { role: "send", peer: "10.0.0.1", beganMs: BEGAN_MS, came: { ...NOTED, ...came } } as const;
  createOutput(terminal.options(mode)).tell({ type: "taken-up", taken });
  return (mode === "human" ? terminal.stderr : terminal.stdout).lines.at(-1) ?? "";
}

Deno.test("C1: what a killed process had noted is told as the least, and nothing as if it were none of several", () => {
  const line = "Going on with the transfer to 10.0.0.1 of 14:02";
  assert.equal(said("human", {}), `${line} (at least 3 of 7 files)`);
  assert.equal(said("human", { files: 7, filesArrived: 0 }), `${line} (7 files)`);
  // A lone file's arrival is noted at once.
  assert.equal(said("human", { files: 1, filesArrived: 0 }), `${line} (0 of 1 file)`);
});

Deno.test("J4 C1: a program is told that it is the least, too", () => {
  const { files, filesArrived, isAtLeast } = JSON.parse(said("json", {}));
  assert.deepEqual({ files, filesArrived, isAtLeast }, { files: 7, filesArrived: 3, isAtLeast: true });
});
