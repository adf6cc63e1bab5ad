import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { UltraError } from "../../src/base/errors.ts";
import { formatIp } from "../../src/base/addresses.ts";
import { decodeBase32, encodeBase32 } from "../../src/protocol/base32.ts";
import {
  encodeTicket,
  hintsThatFit,
  holdsTicket,
  isTicketWord,
  parseTicket,
  type Ticket,
  type TicketHint,
  withoutTickets,
} from "../../src/protocol/ticket.ts";
import { bytesOf, isInternalError, record } from "./support.ts";

const ticket: Ticket = {
  role: "receive",
  longLived: false,
  pin: Uint8Array.from({ length: 16 }, (_, index) => index),
  token: Uint8Array.from({ length: 16 }, (_, index) => 0xf0 - index),
  hints: [
    { type: "address", address: "192.0.2.7", port: 51820 },
    { type: "address", address: "2001:db8::1", port: 51820 },
    { type: "name", name: "box.example.org", port: 443 },
  ],
};

const ports = fc.nat({ max: 0xffff });
const hints: fc.Arbitrary<TicketHint> = fc.oneof(
  record({ type: fc.constant("address" as const), address: bytesOf(4).map(formatIp), port: ports }),
  record({ type: fc.constant("address" as const), address: bytesOf(16).map(formatIp), port: ports }),
  record({ type: fc.constant("name" as const), name: fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/), port: ports }),
);
const tickets: fc.Arbitrary<Ticket> = record({
  role: fc.constantFrom("send" as const, "receive" as const, "serve" as const, "test" as const, "identity" as const),
  longLived: fc.boolean(),
  pin: fc.oneof(bytesOf(16), bytesOf(32)),
  token: bytesOf(16),
  hints: fc.array(hints, { minLength: 1, maxLength: 6 }),
  use: fc.constantFrom("read" as const, "write" as const, undefined),
}).map(({ use, ...made }) => use === undefined ? made : { ...made, use });

Deno.test("a ticket comes back as it was made, also in upper case and with space around it", () => {
  fc.assert(fc.property(tickets, (made) => {
    const text = encodeTicket(made);
    assert.match(text, /^ultra1[a-z2-7]+$/);
    assert.deepEqual(parseTicket(text), made);
    assert.deepEqual(parseTicket(` \t${text.toUpperCase()}\r\n`), made);
  }));
});

Deno.test("a ticket is one word of the documented bytes", () => {
  const body = decodeBase32(encodeTicket({ ...ticket, longLived: true, hints: ticket.hints.slice(0, 1) }).slice(6));
  assert.ok(body !== undefined);
  const pin = [...ticket.pin];
  const token = [...ticket.token];
  assert.deepEqual([...body.subarray(0, -4)], [1, 1, 1, ...pin, ...token, 1, 1, 6, 192, 0, 2, 7, 0x6c, 0xca]);
  const check = createHash("sha256").update(body.subarray(0, -4)).digest().subarray(0, 4);
  assert.deepEqual([...body.subarray(-4)], [...check]);
});

Deno.test("a long-lived ticket has the whole hash of the certificate, and says what it is for", () => {
  const pin = Uint8Array.from({ length: 32 }, (_, index) => index);
  const made = { ...ticket, role: "identity", longLived: true, pin, hints: ticket.hints.slice(0, 1) } as const;
  const bytes = (use?: "read" | "write") => {
    const body = decodeBase32(encodeTicket({ ...made, ...use && { use } }).slice(6)) ?? assert.fail();
    return [...body.subarray(0, 35)];
  };
  assert.deepEqual(bytes(), [1, 4, 1 | 2, ...pin]);
  assert.deepEqual([bytes("read")[2], bytes("write")[2]], [1 | 2 | 4, 1 | 2 | 8]);
});

Deno.test("I4 every change of a single character is noticed", () => {
  const text = encodeTicket(ticket);
  for (let at = 0; at < text.length; at++) {
    for (const character of "abcdefghijklmnopqrstuvwxyz0123456789-_/ \u212a\u0131\u{1f600}") {
      if (character === text[at]) continue;
      refuses(text.slice(0, at) + character + text.slice(at + 1), /./);
    }
  }
});

Deno.test("I4 a ticket cut off, stretched or with two characters exchanged is noticed", () => {
  const text = encodeTicket(ticket);
  for (let length = 0; length < text.length; length++) refuses(text.slice(0, length), /./);
  for (const more of ["a", "aaaaaaaa", "=", "ultra1", text]) {
    refuses(text + more, /mistyped or cut off|too long|something around it/);
  }
  for (let at = 6; at + 1 < text.length; at++) {
    const exchanged = text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
    if (exchanged !== text) refuses(exchanged, /mistyped or cut off/);
  }
});

Deno.test("I4 each fault has its own sentence", () => {
  refuses("", /not a ticket/);
  refuses("movie.mkv", /not a ticket/);
  refuses("ultra", /not a ticket/);
  refuses("ultra1", /mistyped or cut off/);
  refuses("ultra1aa", /mistyped or cut off/);
  refuses("ultra2abc", /newer version/);
  refuses("ultra1" + "a".repeat(507), /too long/);
  refuses("ultra1" + "a".repeat(2 ** 20), /too long/);
});

Deno.test("A9 a ticket of a newer version says so", () => {
  refuses(altered((body) => body[0] = 2), /newer version/);
  refuses(altered((body) => body[1] = 5), /newer version/);
  refuses(altered((body) => body[2] = 16), /newer version/);
  refuses(altered((body) => body[2] = 4 | 8), /newer version/);
});

Deno.test("a ticket with a right check and wrong bytes is refused", () => {
  refuses(altered((body) => body[0] = 0), /not well formed/);
  refuses(altered((body) => body[35] = 0), /not well formed/);
  refuses(altered((body) => body[35] = 4), /not well formed/);
  refuses(altered((body) => body[35] = 17), /not well formed/);
  refuses(altered((body) => body[37] = 5), /not well formed/);
  refuses(altered((body) => body[body.length - 1] = 10), /not well formed/);
  refuses(sealed(Uint8Array.of(1)), /not well formed/);
});

Deno.test("hints of an unknown type are skipped, but one must be left", () => {
  // The IPv4 hint becomes one of type 9.
  assert.deepEqual(parseTicket(altered((body) => body[36] = 9)).hints, ticket.hints.slice(1));
  const only = decodeBase32(encodeTicket({ ...ticket, hints: ticket.hints.slice(0, 1) }).slice(6))?.subarray(0, -4);
  assert.ok(only !== undefined);
  only[36] = 9;
  refuses(sealed(only), /newer version/);
});

Deno.test("I15 no error repeats the ticket or its token", () => {
  const text = encodeTicket(ticket);
  const faulty = [
    text.slice(0, -1),
    text + "a",
    text + "a".repeat(512),
    "x" + text,
    text.replace("ultra1", "ultra2"),
    altered((body) => body[0] = 2),
    altered((body) => body[37] = 5),
  ];
  for (const word of faulty) {
    try {
      parseTicket(word);
      assert.fail("it was taken");
    } catch (error) {
      assert.ok(error instanceof UltraError);
      assert.equal(error.subject, undefined);
      assert.equal(error.cause, undefined);
      for (let at = 6; at + 6 <= text.length; at++) assert.ok(!error.message.includes(text.slice(at, at + 6)));
    }
  }
});

Deno.test("T27 white space inside a ticket is dropped, whoever wrapped it", () => {
  const text = encodeTicket(ticket);
  for (const width of [1, 10, 60, 76]) {
    for (const gap of ["\n", "\r\n", " ", "\n    ", "\u00a0"]) {
      const wrapped = text.match(new RegExp(`.{1,${width}}`, "g"))?.join(gap) ?? "";
      assert.deepEqual(parseTicket(wrapped), ticket);
      assert.ok(isTicketWord(wrapped));
    }
  }
});

Deno.test("T27 a ticket with something around it is known as one, and named as what is wrong", () => {
  const text = encodeTicket(ticket);
  const around = [`"${text}"`, `<${text}>`, `${text}.`, `ultra send PATH... ${text}`, `ticket: ${text}`, `(${text})`];
  for (const typed of [...around, around.join("\n"), `"${text.replaceAll(/.{30}/g, "$&\n")}"`]) {
    assert.ok(holdsTicket(typed) && !isTicketWord(typed), typed);
    refuses(typed, /looks like a ticket with something around it/);
  }
});

Deno.test("T27 names of files are not taken for tickets", () => {
  const names = [
    "ultra1.txt",
    "ultra10",
    "my ultra1 pictures of a holiday.jpg",
    "ultra1projectbackupof2024.tar",
    "ultra",
  ];
  for (const name of [...names, `./${encodeTicket(ticket)}`, `photos/${encodeTicket(ticket)}.bak`]) {
    assert.ok(!holdsTicket(name) && !isTicketWord(name), name);
  }
});

const PREFIX_CHARS = "ultra1".length;

Deno.test("T27 what is shown has no ticket in it", () => {
  const text = encodeTicket(ticket);
  const pieces = text.match(/.{1,10}/g) ?? [];
  const changed = [
    text,
    `./${text}.bak`,
    text.slice(0, 54),
    text.slice(PREFIX_CHARS),
    `${text.slice(0, 30)}0${text.slice(31)}`,
    ...["-", ".", "=\\x0a", "\u200b", "\\u{200b}", "\ufffd"].map((between) => pieces.join(between)),
  ];
  for (const one of changed) {
    const shown = withoutTickets(`no such file: "${one}": it is not there`);
    assert.match(shown, /^no such file: "(\.\/)?(ultra1)?\[ticket\]": it is not there$/, `${changed.indexOf(one)}`);
  }
});

Deno.test("T27 what is shown has no part of a ticket with its secret in it, wherever it was cut and whatever stands before it", () => {
  const text = encodeTicket(ticket);
  for (let cut = 1; cut <= PREFIX_CHARS + 26; cut++) {
    const rest = text.slice(cut);
    const shown = withoutTickets(`no such file: "${rest}"`);
    assert.equal(shown, `no such file: "${text.slice(cut, PREFIX_CHARS)}[ticket]"`, `cut off: ${cut}`);
  }
  const bare = text.slice(PREFIX_CHARS);
  for (const before of ["n", "n9", "name", "0", "_", "x\\n"]) {
    for (const one of [bare, bare.slice(3), bare.toUpperCase()]) {
      const shown = withoutTickets(`"${before}${one}.txt"`);
      assert.match(shown, /^"[^"]{0,3}\[ticket\]\.txt"$/, before);
    }
  }
});

Deno.test("T27 a ticket behind an escaped character is hidden, and JSON stays JSON", () => {
  const bare = encodeTicket(ticket).slice(PREFIX_CHARS);
  for (const before of ["\n", "\u001f", "\\", '"', "\ud83d"]) {
    const json = withoutTickets(JSON.stringify({ path: `${before}${bare}` }));
    assert.deepEqual(JSON.parse(json), { path: `${before}[ticket]` });
  }
});

Deno.test("T27 what is no ticket is shown as it is", () => {
  const root = "0123456789abcdef".repeat(4);
  const lines = [
    "tickets start with ultra1",
    "ultra1: no such file or directory, so nothing of it was sent to the other side",
    `{"type":"failed","path":"ultra1","kind":"disk","text":"permission denied on the other side","root":"${root}"}`,
    `BLAKE3 ${root}`,
    "photos/a-long-name-of-a-picture-from-a-holiday-in-the-mountains.jpg",
    `photos/${"abcdefghij".repeat(20)}`,
    `${"0123456789abcdef".repeat(2)}abcdef23`,
    "abcdef234567".repeat(6),
  ];
  for (const line of lines) assert.equal(withoutTickets(line), line);
});

Deno.test("G11 random words are refused, and nothing else happens", () => {
  const words = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^ultra1[a-z2-7]{0,100}$/));
  fc.assert(fc.property(words, (word) => refuses(word, /./)), { numRuns: 2000 });
});

Deno.test("a ticket out of its limits is never made", () => {
  const faults: Partial<Ticket>[] = [
    { pin: new Uint8Array(15) },
    { token: new Uint8Array(17) },
    { hints: [] },
    { hints: Array<TicketHint>(17).fill({ type: "name", name: "a", port: 1 }) },
    { hints: Array<TicketHint>(2).fill({ type: "name", name: "n".repeat(200), port: 1 }) },
    ...["", "a b", "büro", "a\x1b", "n".repeat(254)].map((name) => ({
      hints: [{ type: "name" as const, name, port: 1 }],
    })),
    ...["", "1.2.3", "1.2.3.256", "01.2.3.4", "fe80::1%eth0", "::1::", "1:2:3:4:5:6:7:8:9", "box"].map((address) => ({
      hints: [{ type: "address" as const, address, port: 1 }],
    })),
    { hints: [{ type: "name", name: "a", port: 65_536 }] },
  ];
  for (const fault of faults) {
    assert.throws(() => encodeTicket({ ...ticket, ...fault }), isInternalError, JSON.stringify(fault));
  }
});

Deno.test("of many hints the first that fit are kept, and they do fit", () => {
  fc.assert(fc.property(fc.array(hints, { minLength: 1, maxLength: 40 }), (many) => {
    const fitting = hintsThatFit(many);
    assert.deepEqual(fitting, many.filter((hint) => fitting.includes(hint)));
    assert.deepEqual(parseTicket(encodeTicket({ ...ticket, hints: fitting })).hints, fitting);
  }));
});

Deno.test("base32 comes back, and only from the one text that stands for the bytes", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assert.deepEqual(decodeBase32(encodeBase32(bytes)), bytes);
  }));
  fc.assert(fc.property(fc.stringMatching(/^[a-z2-7]{0,20}$/), (text) => {
    const bytes = decodeBase32(text);
    return bytes === undefined || encodeBase32(bytes) === text;
  }));
  assert.equal(encodeBase32(new TextEncoder().encode("foobar")), "mzxw6ytboi");
});

/** A ticket with changed bytes and a right check. */
function altered(change: (body: Uint8Array) => void): string {
  const body = decodeBase32(encodeTicket(ticket).slice(6))?.subarray(0, -4);
  assert.ok(body !== undefined);
  change(body);
  return sealed(body);
}

function sealed(body: Uint8Array): string {
  const check = createHash("sha256").update(body).digest().subarray(0, 4);
  return "ultra1" + encodeBase32(Uint8Array.of(...body, ...check));
}

function refuses(word: string, message: RegExp): void {
  assert.throws(() => parseTicket(word), (error) => {
    return error instanceof UltraError && error.kind === "usage" && message.test(error.message);
  });
}
