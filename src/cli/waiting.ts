/** The side that waits: who it is for its peers, and what they are to type. @module */

import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import { atMost, pause } from "../base/timers.ts";
import { ListenError } from "../engine/engine.ts";
import { type LastingIdentity, parseIdentity, readIdentity, writeIdentity } from "../meet/identity.ts";
import { systemAddresses } from "../meet/hints.ts";
import type { Peer } from "../meet/join.ts";
import { meetByTicket, nextPeer, startWaiting, type WaitRequest } from "../meet/meet.ts";
import type { CommandContext } from "./context.ts";
import type { IdentitySource } from "./invocation.ts";
import type { Keeping } from "./keeping.ts";
import type { ReceiveTask, SendTask, WatchTask, Way } from "./resolve.ts";
import { showTicket } from "./ticket.ts";

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
  task: SendTask | ReceiveTask,
  way: Extract<Way, { type: "listen" }>,
  keeping: Keeping,
  context: CommandContext,
): Promise<Waiting> {
  const { tell } = context;
  const role = task.command === "send" ? "send" : "receive";
  const lasting = await identityFrom(way.identity);
  const request = {
    role,
    endpoint: way.endpoint,
    advertise: way.advertise,
    machine: systemAddresses(context.hub.engine),
    longLived: task.command === "recv" && task.stay,
    isShared: task.command === "recv" && task.stay,
    tuning: task.tuning,
    isLasting: way.identity !== undefined,
  } as const;
  const { listener, ticket, port } = await startedAs(request, lasting, keeping, context);
  if (lasting === undefined && way.identity?.from === "file") {
    await writeIdentity(way.identity.path, { identity: listener.identity, token: listener.secret, port });
  }
  await showTicket(ticket, role, way.ticketOut, tell);
  // Waiting has a bound until somebody has come.
  let { waitMs } = task;
  return {
    async next() {
      const peer = await inTime(nextPeer(listener, context), waitMs, context);
      waitMs = undefined;
      await keeping.met(peer, { identity: listener.identity, port });
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
  task: Pick<SendTask | ReceiveTask | WatchTask, "command" | "tuning" | "waitMs">,
  { ticket }: Extract<Way, { type: "dial" }>,
  keeping: Keeping,
  context: CommandContext,
): Promise<Peer> {
  const { clock, timers, ended } = context;
  const endMs = clock.now() + (task.waitMs ?? 0);
  while (true) {
    try {
      const role = task.command === "recv" ? "receive" : "send";
      const peer = await meetByTicket(ticket, role, task.tuning, context, keeping.kept?.key);
      await keeping.met(peer, undefined);
      return peer;
    } catch (error) {
      const mayCome = error instanceof UltraError && error.kind === "network" && clock.now() + AGAIN_MS <= endMs;
      if (!mayCome) throw error;
    }
    await orEnded(pause(AGAIN_MS, timers), ended);
  }
}

async function inTime(met: Promise<Peer>, waitMs: number | undefined, { timers }: CommandContext): Promise<Peer> {
  const peer = waitMs === undefined ? await met : await atMost(waitMs, met, timers);
  if (peer !== undefined) return peer;
  throw new UltraError("network", "The other side did not come in time", { reason: "waited" });
}

/** Under its lasting name, or the one that the transfer knows which is taken up; otherwise under a new one. */
async function startedAs(
  request: WaitRequest,
  lasting: LastingIdentity | undefined,
  keeping: Keeping,
  context: CommandContext,
): ReturnType<typeof startWaiting> {
  const { kept } = keeping;
  const known = (started: Awaited<ReturnType<typeof startWaiting>>) => {
    if (kept !== undefined) context.tell({ type: "taken-up", taken: { role: request.role, ...kept } });
    return started;
  };
  const at = (port: number): WaitRequest["endpoint"] => {
    return request.endpoint.port === 0 ? { ...request.endpoint, port } : request.endpoint;
  };
  if (lasting !== undefined) {
    const { identity, token, port } = lasting;
    const options = { ...request, endpoint: at(port), known: { identity, token, key: kept?.key } };
    return known(await startWaiting(options, context));
  }
  if (kept?.listener === undefined) return await startWaiting(request, context);
  const { identity, port } = kept.listener;
  try {
    const options = { ...request, endpoint: at(port), known: { identity, key: kept.key } };
    return known(await startWaiting(options, context));
  } catch (error) {
    // Something else has the port now, and the other side can find this one nowhere else.
    if (!(error instanceof ListenError) || request.endpoint.port !== 0) throw error;
    return await startWaiting(request, context);
  }
}

async function identityFrom(source: IdentitySource | undefined): Promise<LastingIdentity | undefined> {
  if (source === undefined) return undefined;
  if (source.from === "file") return await readIdentity(source.path);
  const identity = parseIdentity(source.text);
  if (identity !== undefined) return identity;
  throw new UltraError(
    "usage",
    "ULTRA_IDENTITY holds no identity, or only a part of one: it takes the contents of the file of --identity",
  );
}
