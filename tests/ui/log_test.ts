import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { Secret } from "../../src/auth/secret.ts";
import { startDebugLog } from "../../src/ui/log.ts";

const EVIL = "a\x1b[2J\r\n\u202e\x9b";

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
