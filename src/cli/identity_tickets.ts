/** `ultra ticket`. @module */

import { Secret } from "../auth/secret.ts";
import { UltraError } from "../base/errors.ts";
import { LISTEN_EVERYWHERE } from "../base/endpoints.ts";
import type { RandomBytes } from "../base/random.ts";
import type { Timers } from "../base/timers.ts";
import type { Engine } from "../engine/engine.ts";
import { type FurtherTicket, isExpired, MAX_TICKETS } from "../meet/further_tickets.ts";
import { systemAddresses, ticketHints } from "../meet/hints.ts";
import { changeIdentity, type IdentityFile, readIdentity, tooMany } from "../meet/identity.ts";
import { TOKEN_LEN } from "../protocol/limits.ts";
import { encodeTicket } from "../protocol/ticket.ts";
import type { LastingTicket } from "../session/events.ts";
import type { Tell } from "./context.ts";
import { EXIT_DONE } from "./exit.ts";
import type { NewTicket, TicketInvocation } from "./invocation.ts";

/** What `ultra ticket` needs of the world. */
export interface TicketContext {
  readonly engine: Pick<Engine, "identity" | "outward">;
  readonly tell: Tell;
  readonly timers: Timers;
  readonly random: RandomBytes;
  /** The time of day, in milliseconds since 1970: tickets outlast processes. */
  readonly wallMs: () => number;
}

export async function ticketCommand(invocation: TicketInvocation, context: TicketContext): Promise<number> {
  const { act } = invocation;
  switch (act.type) {
    case "show":
      await show(invocation, context);
      break;
    case "make":
      await make(act, invocation, context);
      break;
    case "list":
      await list(invocation, context);
      break;
    case "revoke":
      await revoke(act.label, invocation, context);
  }
  return EXIT_DONE;
}

async function show(invocation: TicketInvocation, context: TicketContext): Promise<void> {
  const fresh = newIdentity(invocation, context);
  const found = await changeIdentity(invocation.identity, (there) => there ?? fresh(), context.timers);
  tellTicket(found, found.token, undefined, invocation, context);
}

async function make(wanted: NewTicket, invocation: TicketInvocation, context: TicketContext): Promise<void> {
  const fresh = newIdentity(invocation, context);
  const nowMs = context.wallMs();
  const { use, under, expiresInMs } = wanted;
  const token = new Secret(context.random(TOKEN_LEN));
  const expiresMs = expiresInMs === undefined ? undefined : nowMs + expiresInMs;
  let made: FurtherTicket | undefined;
  const changed = await changeIdentity(invocation.identity, (there) => {
    const found = there ?? fresh();
    made = { label: labelFor(wanted.label, found), token, use, under, expiresMs };
    return { ...found, tickets: [...withRoom(found, nowMs, invocation.identity), made] };
  }, context.timers);
  tellTicket(changed, token, made, invocation, context);
}

async function list({ identity: path }: TicketInvocation, { tell, wallMs }: TicketContext): Promise<void> {
  const { tickets } = await readIdentity(path) ?? missing(path);
  const nowMs = wallMs();
  for (const ticket of tickets) {
    tell({ type: "ticket-listed", ticket: factsOf(ticket), isExpired: isExpired(ticket, nowMs) });
  }
  tell({ type: "tickets-listed", count: tickets.length });
}

async function revoke(
  label: string,
  { identity: path }: TicketInvocation,
  { tell, timers }: TicketContext,
): Promise<void> {
  await changeIdentity(path, (there) => {
    const found = there ?? missing(path);
    const tickets = found.tickets.filter((ticket) => ticket.label !== label);
    if (tickets.length === found.tickets.length) {
      throw new UltraError("usage", `There is no ticket with the label ${label} in this identity`, { subject: path });
    }
    return { ...found, tickets };
  }, timers);
  tell({ type: "ticket-revoked", label });
}

/** Made at most once, and only where there is none: a certificate takes a moment. */
function newIdentity({ advertise }: TicketInvocation, { engine, random }: TicketContext): () => IdentityFile {
  let made: IdentityFile | undefined;
  return () => {
    const port = advertise.find((host) => host.port !== undefined)?.port ?? portFrom(random);
    return made ??= { identity: engine.identity(), token: new Secret(random(TOKEN_LEN)), port, tickets: [] };
  };
}

/** Ports below those that systems give to programs which ask for any. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

function portFrom(random: RandomBytes): number {
  const [high = 0, low = 0] = random(2);
  return FIRST_PORT + (high * 256 + low) % PORTS;
}

/** A free label, or the one that was wanted. */
function labelFor(wanted: string | undefined, { tickets }: IdentityFile): string {
  const taken = new Set(tickets.map(({ label }) => label));
  if (wanted !== undefined) {
    if (!taken.has(wanted)) return wanted;
    throw new UltraError("usage", `There is a ticket with the label ${wanted} already: take it back first (--revoke)`);
  }
  for (let number = 1;; number++) if (!taken.has(`ticket-${number}`)) return `ticket-${number}`;
}

/** Tickets that have expired make room for new ones, once there is none. */
function withRoom({ tickets }: IdentityFile, nowMs: number, path: string): readonly FurtherTicket[] {
  if (tickets.length < MAX_TICKETS) return tickets;
  const valid = tickets.filter((ticket) => !isExpired(ticket, nowMs));
  if (valid.length === MAX_TICKETS) throw tooMany(path);
  return valid;
}

function missing(path: string): never {
  throw new UltraError("usage", "There is no identity: ultra ticket --identity FILE makes one", { subject: path });
}

function factsOf({ label, use, under, expiresMs }: FurtherTicket): LastingTicket {
  return { label, use, under: under?.join("/"), expiresMs };
}

function tellTicket(
  { identity, port }: IdentityFile,
  token: Secret,
  further: FurtherTicket | undefined,
  { advertise }: TicketInvocation,
  { engine, tell }: TicketContext,
): void {
  const endpoint = { ...LISTEN_EVERYWHERE, port };
  const hints = ticketHints(advertise, endpoint, systemAddresses(engine), identity.hash.length);
  const use = further?.use === undefined ? {} : { use: further.use };
  const pin = identity.hash;
  const text = encodeTicket({ role: "identity", longLived: true, pin, token: token.reveal(), hints, ...use });
  tell({ type: "lasting-ticket", text, port, ticket: further && factsOf(further) });
}
