/** `ultra ticket` as it is typed, and which commands take a lasting ticket. */

import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { ticketFor } from "../../src/cli/ticket_for.ts";
import type { TicketInvocation } from "../../src/cli/invocation.ts";
import { encodeTicket, type TicketUse } from "../../src/protocol/ticket.ts";
import { usageRefusal } from "./usage_refusal.ts";

const parse = (...args: string[]) =>
  parseArguments(["ticket", ...args], { ticket: undefined, identity: "text" }) as TicketInvocation;
const refusal = (...args: string[]) => usageRefusal(() => parse(...args));

function lasting(use?: TicketUse): string {
  return encodeTicket({
    role: "identity",
    longLived: true,
    pin: new Uint8Array(32),
    token: new Uint8Array(16),
    hints: [{ type: "address", address: "192.0.2.1", port: 1 }],
    ...use && { use },
  });
}

Deno.test("ultra ticket: what each flag comes to", () => {
  const own = parse("--identity", "i", "--advertise", "host:7000", "--json");
  assert.deepEqual(own, {
    command: "ticket",
    identity: "i",
    act: { type: "show" },
    advertise: [{ type: "name", host: "host", port: 7000 }],
    output: "json",
  });
  const nothing = { type: "make", label: undefined, use: undefined, under: undefined, expiresInMs: undefined };
  assert.deepEqual(parse("--identity", "i", "--label", "ci").act, { ...nothing, label: "ci" });
  assert.deepEqual(
    parse("--identity", "i", "--allow", "read", "--under", "a/b/", "--expires", "400d").act,
    { ...nothing, use: "read", under: ["a", "b"], expiresInMs: 400 * 86_400_000 },
  );
  assert.deepEqual(parse("--identity", "i", "--list").act, { type: "list" });
  assert.deepEqual(parse("--identity", "i", "--revoke", "ci").act, { type: "revoke", label: "ci" });
});

Deno.test("ultra ticket: what makes no sense is refused with what to type", () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [[], /needs the file of the identity/],
    [["--identity", "i", "x"], /takes flags and nothing else/],
    [["--identity", "i", lasting()], /makes tickets and takes none/],
    [["--identity", "i", "--allow", "all"], /--allow takes read or write, not "all"/],
    [["--identity", "i", "--under", "a"], /--under .* takes --allow read as well/],
    [["--identity", "i", "--under", "a", "--allow", "write"], /--under .* takes --allow read as well/],
    [["--identity", "i", "--allow", "read", "--under", "../x"], /no absolute path, and no \. or \.\./],
    [["--identity", "i", "--allow", "read", "--under", "/x"], /no absolute path/],
    [["--identity", "i", "--expires", "0"], /never works/],
    [["--identity", "i", "--expires", "soon"], /--expires takes a duration/],
    [["--identity", "i", "--expires", "4000d"], /--expires takes 3650d at most/],
    [["--identity", "i", "--label", "a b"], /--label takes letters/],
    [["--identity", "i", "--revoke", "a", "--list"], /--list and --revoke do not go together/],
    [["--identity", "i", "--revoke", "a", "--allow", "read"], /--revoke and --allow do not go together/],
    [["--identity", "i", "--list", "--advertise", "h"], /--list and --advertise do not go together/],
    [["--identity", "i", "--stay"], /--stay is a flag of `ultra recv`/],
  ];
  for (const [args, line] of cases) assert.match(refusal(...args), line);
  const others = usageRefusal(() => parseArguments(["recv", "--label", "x"], { ticket: undefined }));
  assert.match(others, /--label is a flag of `ultra ticket`/);
});

Deno.test("a lasting ticket is for send and recv, as far as it allows them", () => {
  for (const command of ["send", "recv"] as const) assert.equal(ticketFor(command, lasting()).role, "identity");
  assert.equal(ticketFor("send", lasting("write")).use, "write");
  assert.equal(ticketFor("recv", lasting("read")).use, "read");
  assert.match(usageRefusal(() => ticketFor("send", lasting("read"))), /for fetching files.*--allow write/);
  assert.match(usageRefusal(() => ticketFor("recv", lasting("write"))), /for bringing files.*--allow read/);
  assert.match(usageRefusal(() => ticketFor("test", lasting())), /`ultra test` on both sides/);
});
