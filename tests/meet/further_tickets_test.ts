/** The table of an identity's further tickets: what is written is what is read, and nothing that is damaged opens anything. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { secretId } from "../../src/auth/keys.ts";
import { rightsOf } from "../../src/auth/rights.ts";
import { Secret } from "../../src/auth/secret.ts";
import { type FurtherTicket, isLabel, MAX_TICKETS, TicketTable } from "../../src/meet/further_tickets.ts";
import { formatFields, MAX_FIELDS_BYTES, MAX_IDENTITY_BYTES } from "../../src/meet/fields.ts";
import { formatIdentity, parseIdentity } from "../../src/meet/identity.ts";
import { parseSafePath } from "../../src/protocol/safe_path.ts";

const IDENTITY = {
  identity: { hash: new Uint8Array(32).fill(7), pkcs12: new Uint8Array(900).fill(1) },
  token: new Secret(new Uint8Array(16).fill(2)),
  port: 7000,
};

function ticket(label: string, more: Partial<FurtherTicket> = {}): FurtherTicket {
  const token = new Secret(crypto.getRandomValues(new Uint8Array(16)));
  return { label, token, use: undefined, under: undefined, expiresMs: undefined, ...more };
}

const shown = ({ token, ...rest }: FurtherTicket) => ({ ...rest, token: token.reveal().toHex() });

Deno.test("further tickets: what is written is what is read, also names with blanks and dashes", () => {
  const label = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).filter(isLabel);
  const under = fc.constantFrom(undefined, "a", "-", "a b/ c", "日本/x", "- -", "read 1 /x").map((text) =>
    text === undefined ? undefined : parseSafePath(text)
  );
  const row = fc.record({
    label,
    token: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => new Secret(bytes)),
    use: fc.constantFrom("read", "write", undefined),
    under,
    expiresMs: fc.option(fc.nat(), { nil: undefined }),
  });
  fc.assert(fc.property(fc.uniqueArray(row, { selector: ({ label }) => label, maxLength: 6 }), (tickets) => {
    const read = parseIdentity(formatIdentity({ ...IDENTITY, tickets })) ?? assert.fail("not read");
    const sorted = (all: readonly FurtherTicket[]) =>
      all.map(shown).sort((one, other) => one.label < other.label ? -1 : 1);
    assert.deepEqual(sorted(read.tickets), sorted(tickets));
    assert.deepEqual([read.identity, read.port], [IDENTITY.identity, IDENTITY.port]);
  }));
});

Deno.test("further tickets: a file without a table, as earlier versions wrote it, has none", () => {
  assert.deepEqual(parseIdentity(formatIdentity(IDENTITY))?.tickets, []);
});

Deno.test("further tickets: a row that is damaged makes the file none, and never a row without limits", () => {
  const text = formatIdentity({ ...IDENTITY, tickets: [ticket("ci", { use: "read", expiresMs: 5 })] });
  const lines = text.split("\n");
  const row = lines.find((line) => line.startsWith("ticket-ci")) ?? assert.fail();
  const token = row.split(" ")[1] ?? assert.fail();
  const wrong = [
    `${token} read soon -`,
    `${token} read 99999999999999999 -`,
    `${token} read 5 a`,
    `${token} read 5 /a/../b`,
    `${token} read 5 //`,
    `${token} all 5 -`,
    `${token.slice(2)} read 5 -`,
    `${token} read 5`,
    "",
  ];
  const rewrite = (value: string) => formatFieldsOf(lines, value);
  assert.notEqual(parseIdentity(rewrite(`${token} read 5 -`)), undefined, "the rewriting is right");
  for (const value of wrong) assert.equal(parseIdentity(rewrite(value)), undefined, value);
});

/** The file with another row, and a check that is right again. */
function formatFieldsOf(lines: readonly string[], value: string): string {
  const read = parseIdentity(lines.join("\n")) ?? assert.fail();
  const whole = formatIdentity({ ...read, tickets: [] });
  const fields = Object.fromEntries(
    whole.split("\n").slice(1, -2).map((line) => [line.split(" ")[0], line.slice(line.indexOf(" ") + 1)]),
  );
  return formatFields("ultra-identity 1", { ...fields, "ticket-ci": value } as Record<string, string>);
}

Deno.test("further tickets: a full table fits its file; one row more is refused", () => {
  const tickets = Array.from(
    { length: MAX_TICKETS },
    (_, index) =>
      ticket(`ticket-${index}`, { use: "write", expiresMs: Date.now(), under: parseSafePath("photos/2026") }),
  );
  const text = formatIdentity({ ...IDENTITY, tickets });
  assert.ok(text.length > MAX_FIELDS_BYTES && text.length < MAX_IDENTITY_BYTES, `${text.length}`);
  assert.equal(parseIdentity(text)?.tickets.length, MAX_TICKETS);
  assert.equal(parseIdentity(formatIdentity({ ...IDENTITY, tickets: [...tickets, ticket("more")] })), undefined);
});

Deno.test("further tickets: a table finds each ticket by the id of its proof, until it expires or is taken back", () => {
  let now = 1000;
  const forever = ticket("forever");
  const short = ticket("short", { use: "read", under: parseSafePath("a"), expiresMs: 2000 });
  const table = new TicketTable([forever, short], () => now);
  const rights = ({ token }: FurtherTicket) => table.find(secretId(token))?.rights;
  assert.deepEqual([rights(forever), rights(short)], [rightsOf(undefined, undefined), rightsOf("read", short.under)]);
  assert.equal(table.find(secretId(IDENTITY.token)), undefined);
  for (const wrong of [new Uint8Array(0), new Uint8Array(8), secretId(short.token).slice(0, 7)]) {
    assert.equal(table.find(wrong), undefined);
  }
  now = 1999;
  assert.notEqual(rights(short), undefined);
  now = 2000;
  assert.deepEqual([rights(short), rights(forever) !== undefined], [undefined, true]);
  assert.ok(!table.isTakenBack(secretId(short.token)), "it has only expired");
  const former = ({ token }: FurtherTicket) => table.formerLabel(secretId(token));
  assert.deepEqual([former(short), former(forever), table.formerLabel(secretId(IDENTITY.token))], [
    "short",
    undefined,
    undefined,
  ]);
  table.suspend();
  assert.equal(former(forever), undefined, "it may still be there");
  assert.equal(rights(forever), undefined);
  assert.ok(!table.isTakenBack(secretId(forever.token)), "the table cannot be read");
  table.replace([short]);
  assert.equal(rights(forever), undefined);
  assert.ok(table.isTakenBack(secretId(forever.token)) && !table.isTakenBack(secretId(short.token)));
  assert.deepEqual([former(forever), former(short)], ["forever", "short"]);
  table.replace([forever]);
  assert.equal(former(forever), undefined);
});
