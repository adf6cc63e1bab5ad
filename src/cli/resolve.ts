/**
 * From what was typed to what is to be done: a ticket is read from where it is, and `-o` becomes a folder and perhaps a name.
 *
 * `arguments.ts` has the types of what was typed; what a command gets has the types of this file.
 *
 * @module
 */

import { orEnded } from "../base/interrupted.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { type Distance, distanceOf } from "../settings/distance.ts";
import { UltraError } from "../base/errors.ts";
import type {
  GetInvocation,
  ListeningPeer,
  ListInvocation,
  Peer,
  ReceiveInvocation,
  SendInvocation,
  ServeInvocation,
  TestInvocation,
  TicketSource,
  WatchInvocation,
} from "./invocation.ts";
import type { Tell } from "./context.ts";
import type { TransferCommand } from "./flags.ts";
import { type Target, targetOf } from "./target.ts";
import { ticketOf } from "./ticket.ts";

export type TransferInvocation =
  | SendInvocation
  | ReceiveInvocation
  | GetInvocation
  | ListInvocation
  | ServeInvocation
  | TestInvocation
  | WatchInvocation;

/** How to meet the other side, with everything at hand that it takes. */
export type Way = DialingWay | ListeningPeer;

export interface DialingWay {
  readonly type: "dial";
  readonly ticket: Ticket;
}

export interface SendTask extends Omit<SendInvocation, "peer"> {
  readonly peer: Way;
}

export interface ReceiveTask extends Omit<ReceiveInvocation, "peer" | "into" | "target"> {
  readonly peer: Way;
  readonly target: Target;
}

export interface GetTask extends Omit<GetInvocation, "peer" | "into" | "target"> {
  readonly peer: DialingWay;
  readonly target: Target;
}

export interface ListTask extends Omit<ListInvocation, "peer"> {
  readonly peer: DialingWay;
}

export type ServeTask = ServeInvocation;

export interface TestTask extends Omit<TestInvocation, "peer"> {
  /** `local`: this process is both sides. */
  readonly peer: Way | { readonly type: "local" };
}

export interface WatchTask extends Omit<WatchInvocation, "peer"> {
  readonly peer: DialingWay;
  /** It is tried again and again, and not waited for meanwhile. */
  readonly waitMs: 0;
}

export type Task = SendTask | ReceiveTask | GetTask | ListTask | ServeTask | TestTask | WatchTask;

/**
 * @param ended ends the reading of a ticket: a pipe may stay silent for ever
 * @throws {UltraError} `usage` or `disk`
 * @throws {Interrupted}
 */
export async function resolve(typed: TransferInvocation, ended: AbortSignal, tell: Tell): Promise<Task> {
  switch (typed.command) {
    case "send":
      return { ...typed, peer: await wayOf(typed.command, typed.peer, ended, tell) };
    case "recv": {
      const { into, target, peer, ...rest } = typed;
      const way = await wayOf(typed.command, peer, ended, tell);
      return { ...rest, peer: way, target: await targetOf(into, target) };
    }
    case "get": {
      const { into, target, peer, ...rest } = typed;
      const way = await dialingWay(typed.command, peer.ticket, ended, tell);
      return { ...rest, peer: way, target: await targetOf(into, target) };
    }
    case "ls":
      return { ...typed, peer: await dialingWay(typed.command, typed.peer.ticket, ended, tell) };
    case "serve":
      return typed;
    case "watch": {
      const ticket = await orEnded(ticketOf(typed.command, typed.peer.ticket, tell), ended);
      if (!ticket.longLived) throw new UltraError("usage", WORKS_ONCE);
      return { ...typed, peer: { type: "dial", ticket }, waitMs: 0 };
    }
    case "test": {
      const { peer } = typed;
      return { ...typed, peer: peer.type === "local" ? peer : await wayOf(typed.command, peer, ended, tell) };
    }
  }
}

const WORKS_ONCE =
  "This ticket works for one transfer, and a folder is watched for many: run `ultra recv --stay` there";

async function wayOf(command: TransferCommand, peer: Peer, ended: AbortSignal, tell: Tell): Promise<Way> {
  return peer.type === "listen" ? peer : await dialingWay(command, peer.ticket, ended, tell);
}

async function dialingWay(
  command: TransferCommand,
  source: TicketSource,
  ended: AbortSignal,
  tell: Tell,
): Promise<DialingWay> {
  return { type: "dial", ticket: await orEnded(ticketOf(command, source, tell), ended) };
}

/** Nearest first. */
const DISTANCES: readonly Distance[] = ["loopback", "near", "far"];

/** How far the farthest way is that a run may take; buffers are sized by it. */
export function farthest({ peer }: Task): Distance {
  switch (peer.type) {
    case "local":
      return "loopback";
    case "listen":
      return distanceOf(peer.endpoint.address);
    case "dial": {
      const ways = peer.ticket.hints.map((hint) => hint.type === "address" ? distanceOf(hint.address) : "far");
      return DISTANCES.findLast((one) => ways.includes(one)) ?? "far";
    }
  }
}
