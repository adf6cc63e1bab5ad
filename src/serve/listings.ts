/**
 * Walks that several clients share: who asks for the same things while others fetch them is told the same pages, and the walk happens once.
 *
 * Pages are kept as they go on the wire, about 90 bytes an entry, as long as anybody uses them. Each client beside has what its transfer
 * needs of every entry, which is no part of the listing.
 *
 * @module
 */

import { isPattern } from "../base/patterns.ts";
import type { Context } from "../link/context.ts";
import type { SourceId } from "../protocol/words.ts";
import {
  type OfferChoices,
  Offering,
  type PageEvent,
  type WalkEndEvent,
  type WalkFailedEvent,
} from "../session/offering.ts";

/** A listing is used again for as many times as long as its walk took: a tree that takes a minute to walk is not walked for each client. */
const AGE_FACTOR = 10;
const MOST_AGE_MS = 60_000;

/** What of a request is looked for. */
export interface Allowed {
  readonly allowed: readonly string[];
  /** What counts as not found. */
  readonly denied: readonly string[];
  /** How many of the first components of each path are names, and no patterns. */
  readonly literal: number;
}

type WalkEvent = PageEvent | WalkEndEvent | WalkFailedEvent;

export class Listings {
  readonly #shares: SourceId;
  readonly #choices: OfferChoices;
  readonly #context: Context;
  readonly #known = new Map<string, Listing>();

  constructor(shares: SourceId, choices: OfferChoices, context: Context) {
    this.#shares = shares;
    this.#choices = choices;
    this.#context = context;
  }

  /** What a client asks for. Its source is the caller's to dispose of. */
  offer({ allowed, denied, literal }: Allowed): Offering {
    for (const [key, listing] of this.#known) if (listing.isOld) this.#known.delete(key);
    const key = JSON.stringify([allowed, denied, literal]);
    let listing = this.#known.get(key);
    if (listing === undefined) {
      const first = Offering.ofRequest(this.#shares, allowed, denied, { ...this.#choices, literal }, this.#context);
      listing = new Listing(first, this.#context);
      this.#known.set(key, listing);
    }
    return listing.offer();
  }

  /** What lies at a path, for a list: of a folder with what is in it, of a pattern what fits it. Each by the path that fetches it. */
  names(path: string, literal: number): Offering {
    const depth = path.split("/").slice(literal).some(isPattern) ? 0 : 1;
    return Offering.ofRequest(
      this.#shares,
      [path],
      [],
      { ...this.#choices, literal, depth, byPath: true },
      this.#context,
    );
  }

  /** The shared names themselves. */
  top(names: readonly string[]): Offering {
    return Offering.ofRequest(this.#shares, names, [], { ...this.#choices, literal: 1, depth: 0 }, this.#context);
  }
}

class Listing {
  readonly #first: Offering;
  readonly #context: Context;
  readonly #events: WalkEvent[] = [];
  readonly #hearing = new Set<Offering>();
  readonly #beganMs: number;
  #endedMs: number | undefined;
  #isFailed = false;

  constructor(first: Offering, context: Context) {
    this.#first = first;
    this.#context = context;
    this.#beganMs = context.clock.now();
    first.known.catch(() => {});
    first.handOver((event) => {
      if (event.type === "page") this.#tell(shared(event));
      else if (event.type === "walk-end" || event.type === "walk-failed") this.#tell(event);
    });
  }

  /** Whether the next client gets a walk of its own. Those that have this one keep it; its files stay as long as any source has them. */
  get isOld(): boolean {
    if (this.#endedMs === undefined) return false;
    const lasted = this.#endedMs - this.#beganMs;
    const isOld = this.#isFailed ||
      this.#context.clock.now() - this.#endedMs > Math.min(AGE_FACTOR * lasted, MOST_AGE_MS);
    if (isOld) this.#context.hub.engine.dispose(this.#first.id, "nothing");
    return isOld;
  }

  offer(): Offering {
    const offering = Offering.ofSame(this.#first, this.#context);
    for (const event of this.#events) offering.hear(event);
    if (this.#endedMs === undefined) this.#hearing.add(offering);
    return offering;
  }

  #tell(event: WalkEvent): void {
    this.#events.push(event);
    for (const offering of this.#hearing) offering.hear(event);
    if (event.type === "page") return;
    this.#endedMs = this.#context.clock.now();
    this.#isFailed = event.type === "walk-failed";
    this.#hearing.clear();
  }
}

/** A page that can be taken by everybody. Nobody writes into it. */
function shared(event: PageEvent): PageEvent {
  const entries = event.take();
  return { ...event, take: () => entries };
}
