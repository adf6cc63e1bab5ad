/** The side that waits: who it is for its peers, and what they are to type. @module */

import { answersRequests } from "../auth/features.ts";
import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import { atMost, pause } from "../base/timers.ts";
import { ListenError } from "../engine/engine.ts";
import { changeIdentity, followIdentity, type IdentityFile, parseIdentity, readIdentity } from "../meet/identity.ts";
import { TicketTable } from "../meet/further_tickets.ts";
import { systemAddresses } from "../meet/hints.ts";
import type { Peer } from "../meet/join.ts";
import { meetByTicket, type MeetOptions, nextPeer, startWaiting, type WaitRequest } from "../meet/meet.ts";
import type { Ticket } from "../protocol/ticket.ts";
import type { CommandContext } from "./context.ts";
import type { IdentitySource, ListeningPeer } from "./invocation.ts";
import type { KeptTransfer } from "../meet/kept.ts";
import type { Keeping } from "./keeping.ts";
import type { DialingWay, GetTask, ListTask, ReceiveTask, SendTask, ServeTask, WatchTask } from "./resolve.ts";
import { showTicket } from "./ticket.ts";

export type WaitingTask = SendTask | ReceiveTask | ServeTask;

export type DialingTask = SendTask | ReceiveTask | GetTask | ListTask | WatchTask;

/** What the maker of a ticket does. */
const ROLES = { send: "send", recv: "receive", serve: "serve" } as const;

/** A listener whose ticket was shown. */
export interface Waiting {
  /** The next peer that has proved itself. */
  next(): Promise<Peer>;
}

/**
 * Starts to wait, as the same listener as an earlier process where that left something to go on with, and shows the ticket.
 *
 * @throws {UltraError}
 */
export async function wait(
  task: WaitingTask,
  way: ListeningPeer,
  keeping: Keeping | undefined,
  context: CommandContext,
): Promise<Waiting> {
  const { tell } = context;
  const role = ROLES[task.command];
  const isShared = task.command === "serve" || (task.command === "recv" && task.stay);
  const lasting = await identityFrom(way.identity);
  const request = {
    role,
    endpoint: way.endpoint,
    advertise: way.advertise,
    machine: systemAddresses(context.hub.engine),
    longLived: isShared,
    isShared,
    tuning: task.tuning,
    isLasting: way.identity !== undefined,
  } as const;
  const further = new TicketTable(lasting?.tickets ?? [], context.wallMs);
  const { listener, ticket, port } = await startedAs(request, lasting, further, keeping, context);
  if (way.identity?.from === "file") {
    const { path } = way.identity;
    const { identity, secret: token } = listener;
    if (lasting === undefined) {
      await changeIdentity(path, (found) => {
        if (found === undefined) return { identity, token, port, tickets: [] };
        throw new UltraError("usage", "Another process has made this identity meanwhile: run this again", {
          subject: path,
        });
      }, context.timers);
    }
    void followIdentity(path, identity.hash, further, context.timers);
  }
  await showTicket(ticket, role, way.ticketOut, tell);
  // Waiting has a bound until somebody has come.
  let waitMs = task.command === "serve" ? undefined : task.waitMs;
  return {
    async next() {
      const peer = await inTime(nextPeer(listener, context), waitMs, context);
      waitMs = undefined;
      await keeping?.met(peer, { identity: listener.identity, port });
      return peer;
    },
  };
}

/** A listener that is not there may still come: between two tries as long as between two at an address that refuses. */
const AGAIN_MS = 500;

/**
 * Dials until the other side is there and has proved itself, as long as the user wants to wait.
 *
 * @throws {UltraError} that of the last try
 */
export async function dialFor(
  task: Pick<DialingTask, "command" | "tuning" | "waitMs">,
  { ticket }: DialingWay,
  keeping: Keeping | undefined,
  context: CommandContext,
): Promise<Peer> {
  const { clock, timers, ended } = context;
  const endMs = clock.now() + (task.waitMs ?? 0);
  while (true) {
    try {
      const role = task.command === "send" || task.command === "watch" ? "send" : "receive";
      const options = { kept: keeping?.kept?.key, refuse: refusalOf(task.command, ticket) };
      const peer = await meetByTicket(ticket, role, task.tuning, context, options);
      await keeping?.met(peer, undefined);
      return peer;
    } catch (error) {
      const mayCome = error instanceof UltraError && error.kind === "network" && clock.now() + AGAIN_MS <= endMs;
      if (!mayCome) throw error;
    }
    await orEnded(pause(AGAIN_MS, timers), ended);
  }
}

/** What a lasting ticket is for depends on what its owner does with it today: what does not fit is refused before it disturbs anybody. */
function refusalOf(command: DialingTask["command"], ticket: Ticket): MeetOptions["refuse"] {
  if (ticket.role !== "identity") return undefined;
  if (command === "recv") return (listener) => answersRequests(listener) ? new UltraError("usage", SERVED) : undefined;
  if (command === "ls") return (listener) => answersRequests(listener) ? undefined : new UltraError("usage", UNSERVED);
  return undefined;
}

const SERVED = "The other side serves folders: choose: `ultra ls TICKET [PATH]`, `ultra get TICKET PATH...`";
const UNSERVED =
  "The other side serves no folders that could be listed: run `ultra recv TICKET` if it sends, `ultra send PATH... TICKET` if it receives";

async function inTime(met: Promise<Peer>, waitMs: number | undefined, { timers }: CommandContext): Promise<Peer> {
  const peer = waitMs === undefined ? await met : await atMost(waitMs, met, timers);
  if (peer !== undefined) return peer;
  throw new UltraError("network", "The other side did not come in time", { reason: "waited" });
}

/** Under its lasting name, or the one that the transfer knows which is taken up; otherwise under a new one. */
async function startedAs(
  request: WaitRequest,
  lasting: IdentityFile | undefined,
  further: TicketTable,
  keeping: Keeping | undefined,
  context: CommandContext,
): ReturnType<typeof startWaiting> {
  const kept = keeping?.kept;
  const known = (started: Awaited<ReturnType<typeof startWaiting>>) => {
    if (kept !== undefined) context.tell({ type: "taken-up", taken: { role: request.role, ...kept } });
    return started;
  };
  const at = (port: number): WaitRequest["endpoint"] => {
    return request.endpoint.port === 0 ? { ...request.endpoint, port } : request.endpoint;
  };
  if (lasting !== undefined) {
    const { identity, token, port } = lasting;
    const options = { ...request, endpoint: at(port), known: { identity, token, ...keyOf(kept), further } };
    return known(await startWaiting(options, context));
  }
  if (kept?.listener === undefined) return await startWaiting({ ...request, known: { further } }, context);
  const { identity, port } = kept.listener;
  try {
    const options = { ...request, endpoint: at(port), known: { identity, ...keyOf(kept), further } };
    return known(await startWaiting(options, context));
  } catch (error) {
    // Something else has the port now, and the other side can find this one nowhere else.
    if (!(error instanceof ListenError) || request.endpoint.port !== 0) throw error;
    return await startWaiting({ ...request, known: { further } }, context);
  }
}

function keyOf(kept: KeptTransfer | undefined) {
  return { key: kept?.key, keyTicket: kept?.ticket };
}

async function identityFrom(source: IdentitySource | undefined): Promise<IdentityFile | undefined> {
  if (source === undefined) return undefined;
  if (source.from === "file") return await readIdentity(source.path);
  const identity = parseIdentity(source.text);
  if (identity !== undefined) return identity;
  throw new UltraError(
    "usage",
    "ULTRA_IDENTITY holds no identity, or only a part of one: it takes the contents of the file of --identity",
  );
}
