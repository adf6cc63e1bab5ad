/**
 * How two sides meet: one has a ticket and dials, the other one made it and waits. Who sends is another question.
 *
 * @module
 */

import { Secret } from "../auth/secret.ts";
import { type MachineAddresses, ticketHints } from "./hints.ts";
import type { AdvertisedHost, ListenEndpoint } from "../base/endpoints.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { DialerHello, Direction, ListenerHello } from "../protocol/messages.ts";
import { encodeTicket, type Ticket } from "../protocol/ticket.ts";
import type { Tuning } from "../settings/tuning.ts";
import { dial, DIAL_MS, type Dialed, RETRY_MS } from "./dial.ts";
import { Interrupted } from "../base/interrupted.ts";
import { DialerConnections, ListenerConnections, type Peer } from "./join.ts";
import { Listener, type Role } from "./listen.ts";
import type { ControlLink } from "../link/control_link.ts";
import { proveAsDialer, type ProvedLink } from "./prove.ts";
import type { Context } from "../link/context.ts";

/** What a dialer of each role says it is going to do. */
const DIRECTIONS: Readonly<Record<Role, Direction>> = {
  send: "dialer-sends",
  receive: "dialer-receives",
  test: "test",
};

/** Finds the maker of a ticket and proves the ticket's secret to it. */
export async function meetByTicket(
  ticket: Ticket,
  role: Role,
  tuning: Tuning,
  context: Context,
): Promise<Peer<ListenerHello>> {
  const { clock, output } = context;
  const direction = DIRECTIONS[role];
  const endMs = clock.now() + DIAL_MS;
  while (true) {
    output.phase("connecting");
    const dialed = await dial(ticket, tuning, context, endMs - clock.now());
    output.phase("proving");
    try {
      const { link, proved } = await proveTicket(dialed, ticket, direction, context);
      const first = { dialed, proved, pin: ticket.pin, direction, tuning } as const;
      return { link, proved, extra: new DialerConnections(first, context) };
    } catch (error) {
      if (!await wasTurnedAway(dialed.link) || clock.now() + RETRY_MS >= endMs) throw error;
    }
    await orEnded(pause(RETRY_MS, context), context);
  }
}

function proveTicket(
  dialed: Dialed,
  ticket: Ticket,
  direction: Direction,
  context: Context,
): Promise<ProvedLink<ListenerHello>> {
  const { random, timers } = context;
  const proving = proveAsDialer(dialed.link, {
    alpn: dialed.alpn,
    certificateHash: dialed.certificate,
    random,
    secret: new Secret(ticket.token),
    secretKind: "token",
    purpose: "new",
    direction,
  }, timers);
  return orEnded(proving, context);
}

/** A listener full of strangers may close a dialer in the middle of its proof, to make room for the next one. */
async function wasTurnedAway(link: ControlLink): Promise<boolean> {
  if (!link.isOver) return false;
  const { cause, code } = await link.over;
  return cause === "peer" && code === EXIT_CODES.network;
}

async function pause(ms: number, { timers }: Context): Promise<void> {
  const over = Promise.withResolvers<void>();
  using _timer = timers.after(ms, () => over.resolve());
  await over.promise;
}

export interface WaitRequest {
  readonly role: Role;
  readonly endpoint: ListenEndpoint;
  readonly advertise: readonly AdvertisedHost[];
  readonly machine: MachineAddresses;
  readonly longLived: boolean;
  readonly tuning: Tuning;
}

/** Starts to wait. The ticket says where, and holds the secret. */
export async function startWaiting(
  request: WaitRequest,
  context: Context,
): Promise<{ readonly listener: Listener; readonly ticket: string }> {
  const listener = new Listener(request, context);
  const endpoint = await listener.started;
  const ticket = encodeTicket({
    role: request.role,
    ...listener.ticketParts,
    hints: ticketHints(request.advertise, endpoint, request.machine),
  });
  return { listener, ticket };
}

/** The next peer that has proved the ticket's secret. */
export async function nextPeer(listener: Listener, context: Context): Promise<Peer<DialerHello>> {
  const first = await orEnded(listener.next(), context);
  return { ...first, extra: new ListenerConnections(listener, first) };
}

/** @throws {Interrupted} when the run is ended before the promise is settled */
export async function orEnded<T>(promise: Promise<T>, { ended }: Pick<Context, "ended">): Promise<T> {
  const interrupted = Promise.withResolvers<never>();
  const onEnded = () => interrupted.reject(new Interrupted(String(ended.reason)));
  if (ended.aborted) onEnded();
  ended.addEventListener("abort", onEnded);
  // If the promise fails later, nobody waits for it any more.
  promise.catch(() => {});
  try {
    return await Promise.race([promise, interrupted.promise]);
  } finally {
    ended.removeEventListener("abort", onEnded);
  }
}
