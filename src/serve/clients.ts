/**
 * The lasting listener: whoever proves the secret of its ticket is a client, and many of them are served at the same time.
 *
 * Each client has a conversation of its own. However it ends, the listener goes on; what ends the listener is the end of the run, and all
 * conversations end in good order with it.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { Interrupted } from "../base/interrupted.ts";
import type { Peer } from "../meet/join.ts";
import { sendAbort } from "../meet/prove.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { Client, ClientEnd, ClientId, RunContext } from "../session/events.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { Place, whoGivesWay } from "./places.ts";

/** Clients at the same time, where the user names no number: what each may take of windows and buffers is bounded, and so is all of it. */
export const MOST_CLIENTS = 64;

/** The most that a user may name: each has a buffer of a block for itself. */
export const MOST_MAX_CLIENTS = 1000;

/**
 * How long a client may take part and get nothing done before its place is for others (G8, G10, H3). Longer than a slow disk takes for a block
 * or a group of files, and than a sender reads a file again that was touched.
 */
export const PROGRESS_MS = 180_000;

/** What a conversation came to; `undefined`: it was none that moves anything. */
export type Conversation = (peer: Peer, context: RunContext) => Promise<Outcome | undefined>;

export interface Hosting {
  /** The next peer that has proved itself. Rejected when the run is over. */
  readonly next: () => Promise<Peer>;
  /** Clients at the same time. Others are told to come again, unless somebody gives way to them. */
  readonly maxClients: number;
  readonly converse: Conversation;
  /** Called when a client came or went, with how many there are. */
  readonly counted?: (clients: number) => void;
}

/**
 * Serves until the run is over.
 *
 * @throws {Interrupted} then
 * @throws {UltraError} when nobody can come any more
 */
export async function hostClients(hosting: Hosting, context: RunContext): Promise<never> {
  const clients = new Clients(hosting, context);
  try {
    while (true) {
      const peer = await Promise.race([hosting.next(), clients.bug]);
      clients.take(peer);
    }
  } finally {
    await clients.gone;
  }
}

class Clients {
  readonly #hosting: Hosting;
  readonly #context: RunContext;
  readonly #places = new Set<Place>();
  /** Those that give way are gone a moment later. */
  readonly #running = new Set<Promise<void>>();
  readonly #bug = Promise.withResolvers<never>();
  #last: ClientId = 0;

  constructor(hosting: Hosting, context: RunContext) {
    this.#hosting = hosting;
    this.#context = context;
    this.#bug.promise.catch(() => {});
  }

  /** Rejected with what is no expected failure of a client. */
  get bug(): Promise<never> {
    return this.#bug.promise;
  }

  /** Resolved when all conversations are over. */
  get gone(): Promise<unknown> {
    return Promise.allSettled(this.#running);
  }

  take(peer: Peer): void {
    const id = ++this.#last;
    const client = { id, remote: peer.link.remote, ticket: peer.admission?.label };
    const { clock } = this.#context;
    const place = new Place(peer, clock.now());
    const isFull = this.#places.size >= this.#hosting.maxClients;
    const leaving = isFull ? whoGivesWay(this.#places, place.ticket, clock.now()) : undefined;
    if (isFull && leaving === undefined) {
      const error = crowded(this.#hosting.maxClients);
      this.#context.tell({
        type: "client-over",
        client: { ...client, code: EXIT_CODES[error.kind], error, at: "door" },
      });
      sendAbort(peer.link, error);
      return void peer.link.close(EXIT_CODES[error.kind]);
    }
    if (leaving !== undefined) {
      this.#places.delete(leaving);
      leaving.giveWay();
    }
    // There are never more than that at the same time.
    const running = (leaving?.gone ?? Promise.resolve()).then(() => this.#converse(peer, client, place))
      .catch((error) => this.#bug.reject(error)).finally(() => {
        this.#running.delete(running);
        this.#places.delete(place);
        this.#hosting.counted?.(this.#places.size);
      });
    place.gone = running;
    this.#running.add(running);
    this.#places.add(place);
    this.#hosting.counted?.(this.#places.size);
  }

  async #converse(peer: Peer, client: Client, place: Place): Promise<void> {
    const { tell, clock, ended } = this.#context;
    const own: RunContext = {
      ...this.#context,
      ended: AbortSignal.any([ended, place.left]),
      tell: (event) => {
        place.see(event, clock.now());
        tell("transfer" in event ? { ...event, client } : event);
      },
    };
    const over = (end: Pick<ClientEnd, "code" | "error" | "at">) => {
      tell({ type: "client-over", client: { ...client, ...end } });
    };
    try {
      const outcome = await this.#hosting.converse(peer, own);
      if (outcome?.state !== "failed") return over({ code: codeOf(outcome), error: undefined, at: "here" });
      const { error, fromPeer } = outcome;
      over({ code: EXIT_CODES[error.kind], error, at: fromPeer ? "peer" : "here" });
    } catch (thrown) {
      const error = thrown instanceof Interrupted && place.left.aborted ? place.left.reason : thrown;
      if (error instanceof Interrupted) return;
      if (!(error instanceof UltraError)) throw error;
      // Nothing else may have told the peer, such as when the folder for uploads is gone: it would wait for an answer.
      sendAbort(peer.link, error);
      void peer.link.close(EXIT_CODES[error.kind]);
      over({ code: EXIT_CODES[error.kind], error, at: "here" });
    }
  }
}

/** Several files, some of which did not arrive. */
const SOME_FAILED = 3;

function codeOf(outcome: Outcome | undefined): number {
  if (outcome?.state !== "finished") return 0;
  const { exitKind } = outcome.summary;
  if (exitKind === "done") return 0;
  return exitKind === "some-failed" ? SOME_FAILED : EXIT_CODES[exitKind];
}

function crowded(most: number): UltraError {
  return new UltraError(
    "network",
    `It serves as many clients as it takes at the same time (${most}); try again in a while`,
  );
}
