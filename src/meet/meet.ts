/**
 * How two sides meet: one has a ticket and dials, the other one made it and waits. Who sends is another question.
 *
 * @module
 */

import { Secret } from "../auth/secret.ts";
import type { DialerOptions } from "../auth/handshake.ts";
import { type MachineAddresses, ticketHints } from "./hints.ts";
import type { Format, FormatChoice } from "../auth/versions.ts";
import type { AdvertisedHost, ListenEndpoint } from "../base/endpoints.ts";
import type { DialerHello, Direction, ListenerHello } from "../protocol/messages.ts";
import { encodeTicket, type Ticket } from "../protocol/ticket.ts";
import type { Tuning } from "../settings/tuning.ts";
import { dial, DIAL_MS, type Dialed, RETRY_MS } from "./dial.ts";
import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import { pause } from "../base/timers.ts";
import { directionOf, type Role } from "./direction.ts";
import { DialerConnections, ListenerConnections, type Peer } from "./join.ts";
import { type Known, Listener } from "./listen.ts";
import type { ControlLink } from "../link/control_link.ts";
import { isTurnedAway, proveAsDialer, type ProvedLink } from "./prove.ts";
import type { Context } from "../link/context.ts";
import type { MeetEvent } from "./events.ts";

/** How a dialer meets the maker of its ticket, where there is more to it. */
export interface MeetOptions extends Pick<DialerOptions, "refuse"> {
  /** The session key of a transfer that an earlier process began with this ticket: it is tried first, and once. */
  readonly kept?: Secret | undefined;
}

/** Finds the maker of a ticket and proves the ticket's secret to it. */
export async function meetByTicket(
  ticket: Ticket,
  role: Role,
  tuning: Tuning,
  context: Context<MeetEvent>,
  { kept, refuse }: MeetOptions = {},
): Promise<Peer<ListenerHello>> {
  const { clock, tell, timers, ended } = context;
  const direction = directionOf(role, "dialer");
  const endMs = clock.now() + DIAL_MS;
  let key = kept;
  while (true) {
    tell({ type: "phase", phase: "connecting" });
    const dialed = await dial(ticket, tuning, context, endMs - clock.now());
    tell({ type: "phase", phase: "proving" });
    try {
      const { link, format, proved } = await proveTicket(dialed, ticket, direction, context, { kept: key, refuse });
      tellFormat(format, tuning.format, context);
      const first = { dialed, proved, ticket, direction, tuning };
      return { link, format, proved, extra: new DialerConnections(first, context) };
    } catch (error) {
      if (key !== undefined && error instanceof UltraError && error.kind === "authentication") {
        key = undefined;
        continue;
      }
      if (!await wasTurnedAway(dialed.link) || clock.now() + RETRY_MS >= endMs) throw error;
    }
    await orEnded(pause(RETRY_MS, timers), ended);
  }
}

function proveTicket(
  dialed: Dialed,
  ticket: Ticket,
  direction: Direction,
  context: Context,
  { kept: key, refuse }: MeetOptions,
): Promise<ProvedLink<ListenerHello>> {
  const { random, timers } = context;
  const proving = proveAsDialer(dialed.link, {
    alpn: dialed.alpn,
    certificateHash: dialed.certificate,
    random,
    secret: key ?? new Secret(ticket.token),
    secretKind: key === undefined ? "token" : "session",
    purpose: "new",
    direction,
    isLasting: ticket.longLived && key === undefined,
    refuse,
  }, timers);
  return orEnded(proving, context.ended);
}

/** A listener full of strangers may close a dialer in the middle of its proof, to make room for the next one. */
async function wasTurnedAway(link: ControlLink): Promise<boolean> {
  return link.isOver && isTurnedAway(await link.over);
}

export interface WaitRequest {
  readonly role: Role;
  readonly endpoint: ListenEndpoint;
  readonly advertise: readonly AdvertisedHost[];
  readonly machine: MachineAddresses;
  readonly longLived: boolean;
  readonly tuning: Tuning;
  readonly isLasting?: boolean;
  readonly isShared?: boolean;
  readonly known?: Known | undefined;
}

/** Starts to wait. The ticket says where, and holds the secret. */
export async function startWaiting(
  request: WaitRequest,
  context: Context<MeetEvent>,
): Promise<{ readonly listener: Listener; readonly ticket: string; readonly port: number }> {
  const listener = new Listener(request, context);
  const endpoint = await listener.started;
  const parts = listener.ticketParts;
  const ticket = encodeTicket({
    role: request.role,
    ...parts,
    hints: ticketHints(request.advertise, endpoint, request.machine, parts.pin.length),
  });
  return { listener, ticket, port: endpoint.port };
}

/** The next peer that has proved the ticket's secret. */
export async function nextPeer(listener: Listener, context: Context<MeetEvent>): Promise<Peer<DialerHello>> {
  const first = await orEnded(listener.next(), context.ended);
  tellFormat(first.format, listener.format, context);
  return { ...first, extra: new ListenerConnections(listener, first) };
}

/** The older format is never spoken without a word: it promises less. */
function tellFormat(format: Format, wanted: FormatChoice, { tell }: Context<MeetEvent>): void {
  if (format === "blazing") tell({ type: "older-format", asked: wanted === "blazing" });
}
