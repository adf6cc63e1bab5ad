/**
 * Who has a place at a lasting listener, and who gives way when all are taken: no holder of one ticket keeps out those of another (T13).
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { Peer } from "../meet/join.ts";
import type { RunEvent } from "../session/events.ts";

/** A client that has had no connection for so long gives way to anybody. A short gap in a path takes nobody's place. */
export const AWAY_MS = 10_000;

/** The place of a client. */
export class Place {
  /** The ticket that it has proved; `""`: the listener's own. */
  readonly ticket: string;
  readonly #leave = new AbortController();
  /** Resolved when its conversation is over. */
  gone: Promise<void> = Promise.resolve();
  #mark = "";
  #movedMs: number;
  #lostMs: number | undefined;

  constructor(peer: Peer, nowMs: number) {
    this.ticket = peer.admission?.ticket?.toHex() ?? "";
    this.#movedMs = nowMs;
  }

  /** When something of it was last done. */
  get movedMs(): number {
    return this.#movedMs;
  }

  /** Since when it has no connection. */
  get lostMs(): number | undefined {
    return this.#lostMs;
  }

  /** Aborted with the reason when it has to give way. */
  get left(): AbortSignal {
    return this.#leave.signal;
  }

  /** Takes note of what its transfer tells. */
  see(event: RunEvent, nowMs: number): void {
    switch (event.type) {
      case "progress": {
        const { phase, entries, entriesDone, verifiedBytes } = event.progress;
        const mark = [phase, entries, entriesDone, verifiedBytes].join();
        if (mark !== this.#mark) this.#movedMs = nowMs;
        this.#mark = mark;
        return;
      }
      case "connection-lost":
        this.#lostMs = nowMs;
        return;
      case "returned":
        this.#lostMs = undefined;
    }
  }

  giveWay(): void {
    const why =
      "The place of this client went to another one, as all were taken; the same command goes on with it later";
    this.#leave.abort(new UltraError("network", why));
  }
}

/**
 * The client that gives way to one more when all places are taken; `undefined`: none, and the new one comes again. Pure.
 *
 * First one that is not there, the longest first. Then, of the ticket that has most places, the one that has moved nothing for the longest: but
 * only for a ticket that has fewer places also with one more, so that nobody is driven out in turn.
 */
export function whoGivesWay(places: Iterable<Place>, ticket: string, nowMs: number): Place | undefined {
  const all = [...places];
  const away = all.filter(({ lostMs }) => lostMs !== undefined && nowMs - lostMs >= AWAY_MS);
  if (away.length > 0) return away.reduce((one, other) => (other.lostMs ?? 0) < (one.lostMs ?? 0) ? other : one);
  const byTicket = Map.groupBy(all, (place) => place.ticket);
  const most = [...byTicket.values()].reduce((one, other) => other.length > one.length ? other : one, []);
  if (most.length <= (byTicket.get(ticket)?.length ?? 0) + 1) return undefined;
  return most.reduce((one, other) => other.movedMs < one.movedMs ? other : one);
}
