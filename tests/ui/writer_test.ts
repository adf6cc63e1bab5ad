import assert from "node:assert/strict";
import { StreamWriter } from "../../src/ui/writer.ts";

Deno.test("C9 a closed pipe is no crash, and nothing is written to it again", () => {
  let calls = 0;
  const writer = new StreamWriter({
    isTerminal: () => false,
    writeSync: () => {
      calls++;
      throw new Deno.errors.BrokenPipe();
    },
  });
  writer.write("a");
  writer.write("b");
  assert.equal(calls, 1);
});

Deno.test("C9 short writes and a full pipe lose nothing", () => {
  const written: number[] = [];
  let full = false;
  const writer = new StreamWriter({
    isTerminal: () => false,
    writeSync: (bytes) => {
      full = !full;
      if (full) throw new Deno.errors.WouldBlock();
      written.push(...bytes.subarray(0, 2));
      return Math.min(2, bytes.length);
    },
  });
  writer.write("hello ⚡");
  assert.equal(new TextDecoder().decode(Uint8Array.from(written)), "hello ⚡");
  assert.equal(writer.columns(), undefined);
});
