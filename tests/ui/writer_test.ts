/** What is written, and what becomes of it when the reader is slow or gone. */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { Secret } from "../../src/auth/secret.ts";
import { startDebugLog } from "../../src/ui/log.ts";
import { StreamWriter } from "../../src/ui/writer.ts";

const EVIL = "a\x1b[2J\r\n\u202e\x9b";

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

Deno.test("-v shows the lines of all modules, escaped and without secrets", () => {
  const lines: string[] = [];
  let now = 500;
  const log = getLogger(["ultra", "peer"]);
  log.debug("before: nobody listens");
  const stop = startDebugLog((line) => lines.push(line), () => now);
  now = 1734;
  log.debug("joined by {name} with {secret}", { name: EVIL, secret: new Secret(new Uint8Array([1, 2, 3])) });
  getLogger(["elsewhere"]).debug("not ours");
  stop();
  log.debug("after");
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^\[ {3}1\.234\] debug peer: joined by .*\\u\{202e\}.* with \[redacted\]$/);
  assert.doesNotMatch(lines[0] ?? "", /\p{Cc}/u);
});
