/** The side that waits: who it is for its peers, and what they are to type. @module */

import { UltraError } from "../base/errors.ts";
import { ListenError } from "../engine/engine.ts";
import { type LastingIdentity, parseIdentity, readIdentity, writeIdentity } from "../meet/identity.ts";
import { systemAddresses } from "../meet/hints.ts";
import type { Peer } from "../meet/join.ts";
import { nextPeer, startWaiting, type WaitRequest } from "../meet/meet.ts";
import type { CommandContext } from "./context.ts";
import type { IdentitySource } from "./arguments.ts";
import type { Keeping } from "./keeping.ts";
import type { ReceiveTask, SendTask, Way } from "./resolve.ts";
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
    tuning: task.tuning,
    isLasting: way.identity !== undefined,
  } as const;
  const { listener, ticket, port } = await startedAs(request, lasting, keeping, context);
  if (lasting === undefined && way.identity?.from === "file") {
    await writeIdentity(way.identity.path, { identity: listener.identity, token: listener.secret, port });
  }
  await showTicket(ticket, role, way.ticketOut, tell);
  return {
    async next() {
      const peer = await nextPeer(listener, context);
      await keeping.met(peer, { identity: listener.identity, port });
      return peer;
    },
  };
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
