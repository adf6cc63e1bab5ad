/** `serve` on the simulated network: clients that say nothing, too much or the wrong thing, and those that never read. */

import assert from "node:assert/strict";
import { serveCommand } from "../../src/cli/serve.ts";
import type { ServeTask } from "../../src/cli/resolve.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import { PRESERVE_NOTHING_MORE } from "../../src/protocol/words.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { PROGRESS_MS } from "../../src/serve/clients.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { Listening, SENDER } from "../session/support.ts";
import { type Item, MIB, tree } from "../support/made_up.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";

const ITEMS: readonly Item[] = [["photos", "folder"], ["photos/a", 5], ["photos/big", 40 * MIB]];

async function serving(changes: Partial<ServeTask> = {}) {
  const world = new SimulatedWorld();
  const server = world.process({ address: SENDER, tree: tree(ITEMS) });
  const task: ServeTask = {
    command: "serve",
    folders: ["photos"],
    accept: undefined,
    maxClients: 8,
    ...{ links: "inside", preserve: PRESERVE_NOTHING_MORE },
    ...{ existing: "refuse", hidden: false, noSync: false, allowSleep: true, retryForMs: 60_000 },
    peer: {
      type: "listen",
      endpoint: { address: SENDER, port: 0 },
      ...{ advertise: [], ticketOut: undefined, identity: undefined },
    },
    ...{ tuning: DEFAULT_TUNING, output: "human", verbose: false, warnings: [] },
    ...changes,
  };
  const running = server.run(() => serveCommand(task, server.context));
  return { world, server, running, ticket: await world.time.until(server.ticket) };
}

/** A client that proves itself, and then says what the test wants. */
async function client(world: SimulatedWorld, ticket: Ticket, number: number, ...say: readonly Message[]) {
  const { context } = world.process({ address: `10.0.2.${number}` });
  const { link } = await world.time.until(meetByTicket(ticket, "receive", DEFAULT_TUNING, context));
  link.admit(0);
  const heard = new Listening();
  link.handle(heard);
  for (const message of say) link.send(message);
  return { link, heard };
}

const request = (...paths: readonly string[]): Message => ({ type: "request", what: "paths", paths });

const codes = ({ output }: SimulatedProcess) =>
  output.events.flatMap((event) => event.type === "client-over" ? [event.client.code] : []);

async function stops({ world, server, running }: Awaited<ReturnType<typeof serving>>): Promise<void> {
  server.interrupt();
  assert.equal(await world.time.until(running), 130);
}

Deno.test("H3: G10: a client that asks and then only keeps its connection alive loses its place, and others do not notice", async () => {
  const scene = await serving();
  const { world, server, ticket } = scene;
  const stuck = await client(world, ticket, 1, request("photos"));
  const beat = world.time.every(1000, () => stuck.link.send({ type: "heartbeat" }));
  const began = world.time.now();
  const quick = await client(world, ticket, 2, { type: "request", what: "list", paths: [] });
  await world.time.pass(1000);
  assert.ok(quick.heard.types.includes("pages-end"));
  await world.time.until(stuck.link.over);
  beat[Symbol.dispose]();
  const lasted = world.time.now() - began;
  assert.ok(lasted > PROGRESS_MS - 5000 && lasted < PROGRESS_MS + 5000, `${lasted} ms`);
  assert.ok(codes(server).includes(5));
  await stops(scene);
});

Deno.test("G8: a client that proves itself and asks for nothing is sent away after seconds", async () => {
  const scene = await serving();
  const { world, ticket } = scene;
  const mute = await client(world, ticket, 1);
  const began = world.time.now();
  assert.equal((await world.time.until(mute.link.over)).code, 5);
  assert.ok(world.time.now() - began < 7000);
  await stops(scene);
});

Deno.test("hostile: requests at the wrong time, for nothing, for several lists, and needs that nobody asked for end that client with 8", async () => {
  const scene = await serving();
  const { world, ticket } = scene;
  const list: Message = { type: "request", what: "list", paths: ["photos"] };
  const need: Message = { type: "need", items: [{ what: "skipped", entry: 0, entries: 1 }] };
  const cases: readonly (readonly Message[])[] = [
    [request()],
    [{ type: "request", what: "list", paths: ["a", "b"] }],
    [need],
    [{ type: "accept", transfer: 1, host: "h", lanes: 1 }],
    [{ type: "offer", transfer: 1, host: "h", name: "n", totalSize: 1, lanes: 1 }],
    [list, list],
    [list, need, need, need, need],
  ];
  for (const [number, say] of cases.entries()) {
    const { link } = await client(world, ticket, number, ...say);
    const names = say.map(({ type }) => type).join(" ");
    assert.equal((await world.time.until(link.over)).code, 8, names);
  }
  // A request in the middle of a transfer that was accepted.
  const late = await client(world, ticket, 50, request("photos"));
  await world.time.pass(500);
  late.link.send({ type: "accept", transfer: 1, host: "h", lanes: 1 });
  late.link.send(request("photos"));
  assert.equal((await world.time.until(late.link.over)).code, 8);
  await stops(scene);
});

Deno.test("hostile: H9: a client that takes no page of a list is told no more than 64, and is sent away", async () => {
  const many: Item[] = Array.from({ length: 600 }, (_, i): Item => [`photos/${String(i).padStart(4, "0")}`, 1]);
  const world = new SimulatedWorld();
  const server = world.process({ address: SENDER, tree: tree([["photos", "folder"], ...many], { pageEntries: 3 }) });
  const task: ServeTask = {
    ...{ command: "serve", folders: ["photos"], accept: undefined, maxClients: 8 },
    ...{ links: "inside", preserve: PRESERVE_NOTHING_MORE },
    ...{ existing: "refuse", hidden: false, noSync: false, allowSleep: true, retryForMs: 0 },
    ...{ tuning: DEFAULT_TUNING, output: "human", verbose: false, warnings: [] },
    peer: {
      type: "listen",
      endpoint: { address: SENDER, port: 0 },
      ...{ advertise: [], ticketOut: undefined, identity: undefined },
    },
  };
  const running = server.run(() => serveCommand(task, server.context));
  const ticket = await world.time.until(server.ticket);
  const greedy = await client(world, ticket, 1, { type: "request", what: "list", paths: ["photos"] });
  await world.time.pass(5000);
  assert.equal(greedy.heard.types.filter((type) => type === "page").length, 64);
  assert.equal((await world.time.until(greedy.link.over)).code, 5);
  server.interrupt();
  assert.equal(await world.time.until(running), 130);
});
