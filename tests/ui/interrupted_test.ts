/** What is said of a transfer that came to no end. */

import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import { createOutput } from "../../src/ui/create.ts";
import type { Output } from "../../src/ui/output.ts";
import type { Progress } from "../../src/transfer/outcome.ts";
import { exit, failed, phase, progress, started } from "./events.ts";
import { MemoryTerminal, screen } from "./support.ts";

Deno.test("T50 an interruption says what arrived and is kept, and leaves no torn line", () => {
  const said = (end: (output: Output) => void, report?: Partial<Progress>) => {
    const terminal = new MemoryTerminal({ stderr: true });
    const output = createOutput(terminal.options("human"));
    output.tell(phase("waiting"));
    if (report !== undefined) {
      output.tell(started({ role: "send", name: "photos", bytes: undefined }));
      terminal.now += 200;
      output.tell(progress({ verifiedBytes: 5, totalBytes: 10, listed: true, files: 7, filesArrived: 3, ...report }));
    }
    end(output);
    output.tell(exit(130));
    return screen(terminal.stderr.text).filter((line) => line !== "" && !line.startsWith("⚡"));
  };
  const interrupted = (output: Output) => output.tell({ type: "interrupted" });
  assert.deepEqual(said(interrupted), ["Interrupted."]);
  const kept = "3 of 7 files arrived and are kept; the next transfer skips what is there";
  assert.deepEqual(said(interrupted, {}), [`Interrupted. ${kept}`]);
  assert.deepEqual(said(interrupted, { filesPresent: 3 }), [
    "Interrupted. 0 of 7 files arrived, 3 were there already; the next transfer skips what is there",
  ]);
  assert.deepEqual(said(interrupted, { filesPresent: 2 }), [
    "Interrupted. 1 of 7 files arrived, 2 were there already; the next transfer skips what is there",
  ]);
  assert.deepEqual(said(interrupted, { verifiedBytes: 0, filesArrived: 0 }), ["Interrupted."]);
  assert.deepEqual(said(interrupted, { listed: false, filesArrived: 1 }), [
    "Interrupted. 1 file arrived and is kept; the next transfer skips what is there",
  ]);
  const parts = { verifiedBytes: 80e6, partBytes: 77.6e6, totalBytes: 210e6 };
  assert.deepEqual(said(interrupted, { ...parts, files: 1, filesArrived: 0 }), [
    "Interrupted. 77.6 of 210 MB of photos arrived and are kept; the same command again goes on with them",
  ]);
  assert.deepEqual(said(interrupted, { ...parts, files: 1, filesArrived: 0, listed: false }), [
    "Interrupted. 77.6 MB of photos arrived and are kept; the same command again goes on with them",
  ]);
  assert.deepEqual(said(interrupted, { ...parts, filesArrived: 0 }), [
    "Interrupted. 77.6 of 210 MB of photos arrived and are kept (0 of 7 files); the same command again goes on with them",
  ]);
  assert.deepEqual(said(interrupted, { filesArrived: 0 }), ["Interrupted. No file is known to have arrived"]);
  const more = "and 77.6 MB of the rest";
  assert.deepEqual(said(interrupted, { ...parts, filesArrived: 1 }), [
    `Interrupted. 1 of 7 files ${more} arrived and are kept; the same command again goes on from there`,
  ]);
  assert.deepEqual(said(interrupted, { ...parts, filesPresent: 2 }), [
    `Interrupted. 1 of 7 files ${more} arrived, 2 were there already; the same command again goes on from there`,
  ]);
  const lost = (output: Output) => output.tell(failed(new UltraError("network", "The other side was interrupted")));
  assert.deepEqual(said(lost, {}), ["ultra: The other side was interrupted", kept]);
  assert.deepEqual(said(lost), ["ultra: The other side was interrupted"]);
  const full = (output: Output) => output.tell(failed(new UltraError("disk", "The disk is full")));
  assert.deepEqual(said(full, { ...parts, files: 1, filesArrived: 0 }), [
    "ultra: The disk is full",
    "77.6 of 210 MB of photos arrived and are kept; the same command again goes on with them",
  ]);
  const takenBack = (output: Output) => output.tell(failed(new UltraError("authentication", "It was taken back")));
  assert.deepEqual(said(takenBack, { ...parts, files: 1, filesArrived: 0 }), [
    "ultra: It was taken back",
    "No file is known to have arrived",
  ]);
});

Deno.test("T50 a disk that fails the end of a transfer of which everything had arrived has the last word", () => {
  const said = (filesArrived: number) => {
    const terminal = new MemoryTerminal({ stderr: true });
    const output = createOutput(terminal.options("human"));
    output.tell(started({ role: "receive", name: "photos", bytes: undefined }));
    terminal.now += 200;
    output.tell(progress({ verifiedBytes: 10, totalBytes: 10, listed: true, files: 7, filesArrived }));
    output.tell(failed(new UltraError("disk", 'cannot finish "photos": it was moved')));
    output.tell(exit(4));
    return screen(terminal.stderr.text).filter((line) => line !== "" && !line.startsWith("⚡"));
  };
  assert.deepEqual(said(7), ['ultra: cannot finish "photos": it was moved']);
  assert.match(said(6).join("\n"), /6 of 7 files arrived and are kept/);
});
