/** Further tickets at a listener: who is let in, and for what. */

import assert from "node:assert/strict";
import { secretId } from "../../src/auth/keys.ts";
import { Secret } from "../../src/auth/secret.ts";
import { dial } from "../../src/meet/dial.ts";
import { type FurtherTicket, TicketTable } from "../../src/meet/further_tickets.ts";
import type { Listener } from "../../src/meet/listen.ts";
import { startWaiting } from "../../src/meet/meet.ts";
import { proveAsDialer, type ProvedLink } from "../../src/meet/prove.ts";
import { parseSafePath } from "../../src/protocol/safe_path.ts";
import { parseTicket, type Ticket } from "../../src/protocol/ticket.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { Listening } from "../session/support.ts";
import { SimulatedWorld } from "../support/simulated_process.ts";

const HOST = "10.0.0.2";

function further(byte: number, more: Partial<FurtherTicket> = {}): FurtherTicket {
  const token = new Secret(new Uint8Array(16).fill(byte));
  return { label: `t${byte}`, token, use: undefined, under: undefined, expiresMs: undefined, ...more };
}

interface Stage {
  readonly role: "receive" | "send";
  readonly world: SimulatedWorld;
  readonly listener: Listener;
  readonly ticket: Ticket;
  readonly table: TicketTable;
}

async function stage(role: "receive" | "send", tickets: readonly FurtherTicket[], longLived = true): Promise<Stage> {
  const world = new SimulatedWorld();
  const process = world.process({ address: HOST });
  const table = new TicketTable(tickets, () => world.time.now());
  const { listener, ticket } = await world.time.until(startWaiting({
    role,
    endpoint: { address: HOST, port: 7000 },
    advertise: [],
    machine: { interfaces: [], outward: [] },
    longLived,
    isLasting: true,
    tuning: DEFAULT_TUNING,
    known: { further: table },
  }, process.context));
  return { role, world, listener, ticket: parseTicket(ticket), table };
}

async function visit(
  { role, world, ticket }: Stage,
  secret: Secret,
  kind: "token" | "session" = "token",
): Promise<ProvedLink> {
  const visitor = world.process({ address: "10.0.0.1" });
  const { link, certificate } = await dial(ticket, DEFAULT_TUNING, visitor.context);
  return await proveAsDialer(link, {
    alpn: "ultra/2",
    certificateHash: certificate,
    random: visitor.context.random,
    secret,
    secretKind: kind,
    purpose: "new",
    direction: role === "receive" ? "dialer-sends" : "dialer-receives",
    isLasting: true,
  }, world.time);
}

Deno.test("further tickets: a listener's lasting ticket names its whole certificate", async () => {
  const { ticket } = await stage("receive", []);
  assert.deepEqual([ticket.pin.length, ticket.longLived], [32, true]);
});

Deno.test("further tickets: one that fits is let in with its rights, beside the listener's own ticket", async () => {
  for (const [role, use] of [["receive", "write"], ["send", "read"], ["receive", undefined]] as const) {
    const ticket = further(5, { use });
    const scene = await stage(role, [further(4), ticket]);
    const { world, listener } = scene;
    const first = listener.next();
    await world.time.until(visit(scene, ticket.token));
    const { admission } = await world.time.until(first);
    const rights = { read: use !== "write", write: use !== "read", under: undefined };
    assert.deepEqual([admission?.rights, admission?.ticket, admission?.label], [rights, secretId(ticket.token), "t5"]);
    assert.equal(admission?.isTakenBack(), false);
    const second = listener.next();
    await world.time.until(visit(scene, new Secret(scene.ticket.token)));
    assert.deepEqual((await world.time.until(second)).admission?.ticket, undefined);
  }
});

Deno.test("further tickets: one for the other way, or for a folder, is told so and let go", async () => {
  const cases = [
    ["receive", { use: "read" }, /for fetching files, and the other side receives/],
    ["send", { use: "write" }, /for bringing files, and the other side sends/],
    ["receive", { use: "write", under: parseSafePath("a") }, /for one folder/],
  ] as const;
  for (const [role, more, text] of cases) {
    const ticket = further(5, more);
    const scene = await stage(role, [ticket], false);
    const { world, listener } = scene;
    const met = await world.time.until(visit(scene, ticket.token));
    const listening = new Listening();
    met.link.handle(listening);
    assert.equal((await world.time.until(met.link.over)).code, 6);
    const abort = listening.messages[0]?.message;
    assert.ok(
      abort?.type === "abort" && abort.kind === "authentication" && text.test(abort.text),
      listening.types.join(),
    );
    // It has used nothing up.
    const next = listener.next();
    await world.time.until(visit(scene, new Secret(scene.ticket.token)));
    await world.time.until(next);
  }
});

Deno.test("further tickets: an expired and a revoked one are unknown, with a sentence that says so", async () => {
  const forever = further(5);
  const short = further(6, { expiresMs: 5000 });
  const scene = await stage("receive", [forever, short]);
  const { world, table } = scene;
  const refused = (ticket: FurtherTicket) =>
    assert.rejects(world.time.until(visit(scene, ticket.token)), {
      kind: "authentication",
      message: /does not know this ticket.*has expired or was taken back/,
    });
  await world.time.until(visit(scene, short.token));
  await world.time.pass(5000);
  await refused(short);
  await world.time.until(visit(scene, forever.token));
  table.replace([]);
  await refused(forever);
  table.replace([forever]);
  await world.time.until(visit(scene, forever.token));
});

Deno.test("further tickets: the key of a running transfer begins no other one once its ticket is taken back", async () => {
  const ticket = further(5);
  const scene = await stage("receive", [ticket], false);
  const { world, listener, table } = scene;
  const next = listener.next();
  await world.time.until(visit(scene, ticket.token));
  const { link, admission } = await world.time.until(next);
  const key = new Secret(new Uint8Array(32).fill(1));
  const returned: unknown[] = [];
  listener.open({
    link,
    key,
    most: 1,
    path: "near",
    take: () => {},
    returned: (met) => returned.push(met.admission),
    admission,
  });
  await world.time.until(visit(scene, key, "session"));
  await world.time.pass(100);
  assert.deepEqual(returned, [admission]);
  table.replace([]);
  await assert.rejects(world.time.until(visit(scene, key, "session")), { kind: "authentication" });
  assert.equal(returned.length, 1);
});
