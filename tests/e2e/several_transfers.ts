/**
 * Several transfers over one proved QUIC link, both of whose ends are in this process, for `several_transfers_test.ts`: an engine exists once
 * in a process. Prints what was offered, accepted and opened, as JSON.
 *
 * Arguments: the folder to receive into, and what each transfer sends.
 *
 * @module
 */

import { meetByTicket, nextPeer, startWaiting } from "../../src/meet/meet.ts";
import { MessageReader } from "../../src/protocol/decode.ts";
import { parseTicket } from "../../src/protocol/ticket.ts";
import { USUAL_CHOICES } from "../../src/session/offering.ts";
import { openSink } from "../../src/session/sink.ts";
import { LinkTransfers } from "../../src/session/link_transfers.ts";
import { Offering } from "../../src/session/offering.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { ownEngine } from "../support/own_engine.ts";

/** A lost connection ends its transfer. */
const AT_ONCE = { retryForMs: 0 };

const [folder = "", ...paths] = Deno.args;

const { engine, hub, context } = ownEngine();

/** What goes out: offers and accepts from the control streams' bytes, and the prefaces of lanes. */
const wire: (readonly [what: string, transfer: number, lane?: number])[] = [];
const readers = new Map<number, MessageReader>();
const send = engine.send.bind(engine);
engine.send = (connection, bytes) => {
  const reader = readers.get(connection) ?? new MessageReader();
  readers.set(connection, reader);
  reader.push(bytes);
  for (const { message } of reader) {
    if (message?.type === "offer" || message?.type === "accept") wire.push([message.type, message.transfer]);
  }
  send(connection, bytes);
};
const openLanes = engine.openLanes.bind(engine);
engine.openLanes = (options) => {
  wire.push(["lanes", options.transfer, options.firstNumber]);
  openLanes(options);
};

const events = hub.run();
const tuning = { ...DEFAULT_TUNING, connections: 2 };
const { listener, ticket } = await startWaiting({
  role: "receive",
  endpoint: { address: "127.0.0.1", port: 0 },
  advertise: [],
  machine: { interfaces: [], outward: [] },
  longLived: false,
  tuning,
}, context);
const waiting = nextPeer(listener, context);
const sending = new LinkTransfers(await meetByTicket(parseTicket(ticket), "send", tuning, context), AT_ONCE, context);
const receiving = new LinkTransfers(await waiting, AT_ONCE, context);
const results: unknown[] = [];
for (const path of paths) {
  const options = {
    folder,
    create: false,
    rename: undefined,
    existing: "refuse" as const,
    restart: false,
    hidden: false,
    ...USUAL_CHOICES,
    noSync: false,
    allowLeftOut: false,
    lanes: 8,
    connections: 2,
  };
  const offering = Offering.ofPaths([path], USUAL_CHOICES, context);
  const outcomes = await Promise.all([
    sending.send(offering, { tuning, allowLeftOut: false }, () => offering),
    receiving.receive(openSink(options, context), options),
  ]);
  engine.dispose(offering.id, "nothing");
  results.push(outcomes.map((outcome) => {
    if (outcome.state !== "finished") return outcome.state === "failed" ? outcome.error.message : outcome.state;
    const { counts, transferRoot } = outcome.summary;
    return [counts.committed, counts.present, counts.skipped, counts.failed, transferRoot.toHex()];
  }));
}
await Promise.all([sending.hangUp(), receiving.hangUp()]);
engine.stop();
await events;
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify({ wire, results })));
