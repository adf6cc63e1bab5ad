/** Flags and a variable that outlast a connection or a process. */

import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Peer } from "../../src/cli/invocation.ts";
import { encodeTicket } from "../../src/protocol/ticket.ts";
import { usageRefusal } from "./usage_refusal.ts";

const TO_SENDER = encodeTicket({
  role: "send",
  longLived: false,
  pin: new Uint8Array(16),
  token: new Uint8Array(16),
  hints: [{ type: "address", address: "192.0.2.1", port: 1 }],
});

function retryFor(...args: string[]): number | undefined {
  const invocation = parseArguments(args, { ticket: undefined });
  return "retryForMs" in invocation ? invocation.retryForMs : undefined;
}

function refusal(args: readonly string[]): string {
  return usageRefusal(() => parseArguments(args, { ticket: undefined }));
}

Deno.test("--identity, or else ULTRA_IDENTITY, says who a side that waits is; one that dials has no use for either", () => {
  const identityIn = (args: readonly string[], identity?: string) => {
    const { peer } = parseArguments(args, { ticket: undefined, identity }) as { readonly peer: Peer };
    return peer.type === "listen" ? peer.identity : peer.type;
  };
  assert.deepEqual(identityIn(["recv", "--identity", "i"], "text"), { from: "file", path: "i" });
  assert.deepEqual(identityIn(["send", "a"], "text"), { from: "environment", text: "text" });
  assert.deepEqual([identityIn(["recv"], ""), identityIn(["test"], "text")], [undefined, undefined]);
  assert.equal(identityIn(["recv", TO_SENDER], "text"), "dial");
  assert.match(refusal(["recv", TO_SENDER, "--identity", "i"]), /^--identity is for the side that waits/);
});

Deno.test("--retry-for takes a duration, five minutes unless something else is said", () => {
  assert.deepEqual([retryFor("recv"), retryFor("send", "a")], [300_000, 300_000]);
  assert.deepEqual([retryFor("recv", "--retry-for", "0"), retryFor("send", "--retry-for=90s", "a")], [
    0,
    90_000,
  ]);
  assert.match(refusal(["recv", "--retry-for", "soon"]), /^--retry-for takes a duration/);
});

Deno.test("--wait takes a duration, and nothing is said without it", () => {
  const waitOf = (...args: string[]) => {
    const invocation = parseArguments(args, { ticket: undefined });
    return "waitMs" in invocation ? invocation.waitMs : assert.fail();
  };
  assert.deepEqual([waitOf("recv"), waitOf("recv", "--wait", "0"), waitOf("send", "a", "--wait=10m")], [
    undefined,
    0,
    600_000,
  ]);
  assert.match(refusal(["recv", "--wait", "long"]), /^--wait takes a duration/);
});
