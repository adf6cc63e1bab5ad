/** `ultra send`. @module */

import type { Met } from "../peer/join.ts";
import { meetByTicket, nextPeer, orEnded, startWaiting } from "../peer/meet.ts";
import { Offering, send } from "../peer/send.ts";
import type { Surroundings } from "../peer/surroundings.ts";
import { systemAddresses } from "../platform/addresses.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { addressClass } from "../tuning/address_class.ts";
import { addressOf } from "../platform/endpoints.ts";
import { senderPlan } from "../tuning/connections.ts";
import type { SendInvocation } from "./arguments.ts";
import { EXIT_DONE, EXIT_SOME_FAILED } from "./exit.ts";
import { finish } from "./finish.ts";
import { showTicket } from "./ticket.ts";

/** Things left out that are named one by one; of the rest only the number is told. */
const MAX_NOTES = 20;

export async function sendCommand(
  invocation: SendInvocation,
  ticket: Ticket | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const offering = Offering.ofPaths(invocation.paths, surroundings);
  await offering.started(surroundings);
  const peer = await offering.orFailed(orEnded(meet(invocation, ticket, surroundings), surroundings));
  const { tuning } = invocation;
  const path = addressClass(addressOf(peer.link.remote));
  const plan = senderPlan({ path, cores: surroundings.cores, tuning });
  const { chunkBlocks, bytesPerSecond } = tuning;
  const outcome = await send(offering, peer, { plan, chunkBlocks, bytesPerSecond }, surroundings);
  const code = finish(outcome, output);
  const isIncomplete = tellNotes(offering.notes, surroundings);
  return code === EXIT_DONE && isIncomplete ? EXIT_SOME_FAILED : code;
}

async function meet(
  { peer, tuning }: SendInvocation,
  ticket: Ticket | undefined,
  surroundings: Surroundings,
): Promise<Met> {
  if (peer.type === "dial") {
    if (ticket === undefined) throw new Error("A dialer has a ticket");
    return await meetByTicket(ticket, "send", tuning, surroundings);
  }
  const { output } = surroundings;
  const { listener, ticket: text } = await startWaiting({
    role: "send",
    endpoint: peer.endpoint,
    advertise: peer.advertise,
    machine: systemAddresses(surroundings.hub.engine),
    longLived: false,
    tuning,
  }, surroundings);
  await showTicket(text, "send", peer.ticketOut, output);
  output.phase("waiting");
  return await nextPeer(listener, surroundings);
}

const REASONS: Readonly<Record<string, string>> = {
  link: "a symbolic link",
  special: "not a plain file",
  unreadable: "it cannot be read",
  unsendable: "its name cannot be sent",
  vanished: "it is gone",
};

/** Tells what was left out; the result says whether any of it was meant to be sent. */
function tellNotes(notes: readonly string[], { output }: Surroundings): boolean {
  let isIncomplete = false;
  notes.forEach((note, index) => {
    const [reason = "", path = ""] = splitOnce(note);
    isIncomplete ||= reason === "unreadable" || reason === "unsendable";
    if (index < MAX_NOTES) output.warning(`Not sent: ${path} (${REASONS[reason] ?? reason})`);
  });
  if (notes.length > MAX_NOTES) output.warning(`Not sent: ${notes.length - MAX_NOTES} more`);
  return isIncomplete;
}

function splitOnce(note: string): [string, string] {
  const tab = note.indexOf("\t");
  return [note.slice(0, tab), note.slice(tab + 1)];
}
