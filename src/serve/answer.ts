/**
 * The conversation with one client of `serve`: what it may do follows from its ticket, what it wants from its request.
 *
 * @module
 */

import { mayRead, namesOf, NO_RIGHTS, type Rights } from "../auth/rights.ts";
import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import type { Peer } from "../meet/join.ts";
import { sendAbort } from "../meet/prove.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { Request } from "../protocol/messages.ts";
import type { SourceId } from "../protocol/words.ts";
import type { RunContext } from "../session/events.ts";
import type { Offering } from "../session/offering.ts";
import { type RunOptions, send } from "../session/once.ts";
import type { SendOptions } from "../session/outgoing.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { Conversation } from "./clients.ts";
import type { Listings } from "./listings.ts";
import type { SharedRate } from "./rate.ts";
import { answerList, notFound, requestOf } from "./request.ts";
import type { Shares } from "./shares.ts";

export interface ServeSite {
  readonly shares: Shares;
  readonly listings: Listings;
  /** `undefined`: as fast as it goes. */
  readonly rate: SharedRate | undefined;
  readonly options: SendOptions & RunOptions;
  /** Receives what a client sends; `undefined`: nothing is taken. */
  readonly take: Conversation | undefined;
}

export function answering(site: ServeSite): Conversation {
  return async (peer, context) => {
    const rights = peer.admission?.rights ?? NO_RIGHTS;
    if (peer.proved.peer.type === "dialer-hello" && peer.proved.peer.direction === "dialer-sends") {
      if (site.take !== undefined && rights.write) return await site.take(peer, context);
      const why = site.take === undefined
        ? "This side serves files, and takes none from anybody"
        : "This side serves files, and takes none with this ticket";
      return await refuse(peer, new UltraError("usage", why));
    }
    peer.link.admit(0);
    const request = await orEnded(requestOf(peer.link, context.timers), context.ended);
    const { what, paths } = request;
    context.tell({ type: "asked", remote: peer.link.remote, ticket: peer.admission?.label, what, paths });
    if (request.what === "list") return await list(request, peer, rights, site, context);
    return await fetch(request, peer, rights, site, context);
  };
}

async function refuse(peer: Peer, error: UltraError): Promise<never> {
  sendAbort(peer.link, error);
  await peer.link.close(EXIT_CODES[error.kind]);
  throw error;
}

async function list(
  { paths: [path] }: Request,
  peer: Peer,
  rights: Rights,
  { shares, listings }: ServeSite,
  context: RunContext,
): Promise<undefined> {
  // What is above the one place that may be read is that place alone.
  const asked = path ?? rights.under?.join("/");
  if (!rights.read || (asked !== undefined && !mayRead(rights, asked))) {
    return await refuse(peer, notFound(asked));
  }
  const offering = asked === undefined ? listings.top(shares.names) : listings.names(asked, namesOf(rights));
  try {
    await orEnded(answerList(peer.link, asked, offering, context), context.ended);
    return undefined;
  } finally {
    context.hub.engine.dispose(offering.id, "nothing");
  }
}

async function fetch(
  { paths }: Request,
  peer: Peer,
  rights: Rights,
  { listings, rate, options }: ServeSite,
  context: RunContext,
): Promise<Outcome> {
  const allowed = paths.filter((path) => mayRead(rights, path));
  const denied = paths.filter((path) => !mayRead(rights, path));
  const literal = namesOf(rights);
  const begun: SourceId[] = [];
  let bytesPerSecond: number | undefined;
  const offer = (): Offering => {
    const offering = listings.offer({ allowed, denied, literal });
    begun.push(offering.id);
    bytesPerSecond = rate?.begin(offering.id);
    return offering;
  };
  try {
    const offering = offer();
    try {
      await orEnded(offering.sized(context), context.ended);
    } catch (error) {
      if (error instanceof UltraError) await refuse(peer, error);
      throw error;
    }
    const tuning = { ...options.tuning, bytesPerSecond };
    return await send(offering, peer, { ...options, tuning, isAsked: true }, context, offer);
  } finally {
    for (const id of begun) {
      rate?.end(id);
      context.hub.engine.dispose(id, "nothing");
    }
  }
}
