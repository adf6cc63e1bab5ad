/**
 * What a command leaves for itself, started again: `docs/design.md` 6, "Stopped process".
 *
 * @module
 */

import { resolve } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { secretId } from "../auth/keys.ts";
import type { Secret } from "../auth/secret.ts";
import { addressOf } from "../base/endpoints.ts";
import type { Timers } from "../base/timers.ts";
import type { Identity } from "../engine/engine.ts";
import type { Peer } from "../meet/join.ts";
import { type Came, formatKept, type KeptTransfer, parseKept } from "../meet/kept.ts";
import type { ErrorKind } from "../base/errors.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { CommandContext } from "./context.ts";
import type { GetTask, ReceiveTask, SendTask, WatchTask } from "./resolve.ts";

/** What of a command its name is made of. */
type Named =
  | ReceiveTask
  | GetTask
  | Pick<SendTask | WatchTask & { readonly paths: readonly string[] }, "command" | "peer" | "paths">;

/** Failures after which the same transfer would end in the same way. All others may be taken up. */
const FINAL: ReadonlySet<ErrorKind> = new Set(["authentication", "integrity", "protocol", "usage"]);

/** Transfers of a lasting listener that may still go on. Each of them may be the last one. */
const MOST_OPEN = 64;

/** Of each half of a name: enough that no two commands share it. */
const HALF_BYTES = 8;

/** How often it is noted how far a transfer has come, while that changes; and how often somebody looks, so that a short one costs nothing. */
const NOTE_MS = 10_000;
const LOOK_MS = 1000;

/** Commands that a later process may go on with. */
export type KeptTask = SendTask | ReceiveTask | GetTask;

export class Keeping {
  readonly #name: string;
  /** What the name begins with, and those of the same command with other tickets of the same listener; `undefined` on the side that waits. */
  readonly #family: string | undefined;
  readonly #context: CommandContext;
  #kept: KeptTransfer | undefined;
  /** What is written of each peer's transfer that may go on, by its session key; the last one is what the next process takes up. */
  readonly #open = new Map<string, string>();
  #isToldUnkept = false;

  private constructor({ name, family }: Names, kept: KeptTransfer | undefined, context: CommandContext) {
    this.#name = name;
    this.#family = family;
    this.#kept = kept;
    this.#context = context;
  }

  /** Looks for what the same command left. */
  static async begin(task: Named, context: CommandContext): Promise<Keeping> {
    const names = nameOf(task);
    const isAfresh = (task.command === "recv" || task.command === "get") && task.restart;
    const text = await context.states.take(names.name);
    const kept = text === undefined || isAfresh ? undefined : parseKept(text, context.wallMs());
    return new Keeping(names, kept, context);
  }

  /** Runs one transfer. While it moves, and when it ends before its end, it is noted how far it came. */
  async during(context: CommandContext, run: (context: CommandContext) => Promise<Outcome>): Promise<Outcome> {
    const { clock, timers } = this.#context;
    let came: Came | undefined;
    let noted: { readonly at: number; readonly written: Promise<void> } | undefined;
    const note = () => {
      const now = came;
      // That nothing has moved yet would soon be untrue.
      if (now?.hasMoved !== true) return;
      const before = noted?.written ?? Promise.resolve();
      noted = { at: clock.now(), written: before.then(() => this.#keepCame({ ...now, isAtLeast: true })) };
    };
    const look = () => void (clock.now() - (noted?.at ?? -Infinity) >= NOTE_MS && note());
    const tell: CommandContext["tell"] = (event) => {
      if (event.type === "progress") {
        const { listed, files, filesArrived, verifiedBytes } = event.progress;
        const hasMoved = filesArrived > 0 || verifiedBytes > 0;
        came = listed || !hasMoved ? { files, filesArrived, hasMoved } : undefined;
        // So that of a lone file that has arrived nobody says that it has not.
        if (noted !== undefined && filesArrived === files) note();
      }
      context.tell(event);
    };
    try {
      const outcome = await meanwhile(look, timers, () => run({ ...context, tell })).finally(() => noted?.written);
      if (outcome.state === "failed") await this.#keepCame(came);
      return outcome;
    } catch (error) {
      await this.#keepCame(came);
      throw error;
    }
  }

  /** (What was kept at the proof is there in any case.) */
  async #keepCame(came: Came | undefined): Promise<void> {
    const [name, text] = [...this.#open].at(-1) ?? [];
    const kept = text === undefined ? undefined : parseKept(text, this.#context.wallMs());
    if (name === undefined || kept === undefined || came === undefined) return;
    const further = formatKept({ ...kept, came });
    if (further === text) return;
    this.#open.set(name, further);
    await this.#context.states.keep(this.#name, further);
  }

  /** The transfer that an earlier process began. */
  get kept(): KeptTransfer | undefined {
    return this.#kept;
  }

  /** The other side has proved itself: from here on this process may be followed by another one. */
  async met(
    { link, format, proved, admission }: Peer,
    listener: { readonly identity: Identity; readonly port: number } | undefined,
  ): Promise<void> {
    // Nothing of it could be taken up.
    if (format === "blazing") return;
    const { states, tell, wallMs } = this.#context;
    const key = proved.sessionKey;
    const isSame = proved.peer.type === "dialer-hello" && proved.peer.secretKind === "session";
    const beganMs = (isSame ? this.#kept?.beganMs : undefined) ?? wallMs();
    const text = formatKept({ key, peer: addressOf(link.remote), beganMs, listener, ticket: admission?.ticket });
    const name = nameOfKey(key);
    this.#open.delete(name);
    this.#open.set(name, text);
    for (const oldest of this.#open.keys()) if (this.#open.size > MOST_OPEN) this.#open.delete(oldest);
    const kept = await states.keep(this.#name, text);
    if (kept === "kept" || this.#isToldUnkept) return;
    this.#isToldUnkept = true;
    tell({ type: "warning", warning: { about: "nothing-kept", why: kept } });
  }

  /**
   * The transfer is confirmed or refused: nothing is left of it, and of a confirmed one nothing that the same command left with earlier tickets
   * of the same listener. Otherwise the next process may go on.
   */
  async over(outcome: Outcome, { proved }: Peer): Promise<void> {
    const isOver = outcome.state === "finished" || (outcome.state === "failed" && FINAL.has(outcome.error.kind));
    // What this process dials next goes on with it as well, or is another transfer.
    const open = this.#open.get(nameOfKey(proved.sessionKey));
    this.#kept = isOver || open === undefined ? undefined : parseKept(open, this.#context.wallMs());
    if (!isOver) return;
    if (outcome.state === "finished" && this.#family !== undefined) {
      await this.#context.states.removeAlike(this.#family);
    }
    this.#open.delete(nameOfKey(proved.sessionKey));
    const last = [...this.#open.values()].at(-1);
    if (last === undefined) await this.#context.states.remove(this.#name);
    else await this.#context.states.keep(this.#name, last);
  }
}

async function meanwhile<Result>(look: () => void, timers: Timers, run: () => Promise<Result>): Promise<Result> {
  using _looks = timers.every(LOOK_MS, look);
  return await run();
}

function nameOfKey(key: Secret): string {
  return secretId(key).toHex();
}

interface Names {
  readonly name: string;
  readonly family: string | undefined;
}

/**
 * The same for the same command: what it does, with which files, and whom it waits for or dials. Nothing can be read from it. Of a side that dials
 * the first half leaves the ticket's secret out, so that it is common to all tickets of a listener.
 */
function nameOf(task: Named): Names {
  const { peer } = task;
  const way = peer.type === "dial" ? [peer.ticket.pin.toHex()] : [peer.endpoint.address, String(peer.endpoint.port)];
  const files = task.command === "recv" || task.command === "get"
    ? [resolve(task.target.folder), task.target.rename ?? "", ...task.command === "get" ? task.paths : []]
    : task.paths.map((path) => resolve(path));
  const first = half([task.command, peer.type, way, files]);
  return peer.type === "dial"
    ? { name: first + half([first, peer.ticket.token.toHex()]), family: first }
    : { name: first + half([first]), family: undefined };
}

function half(words: readonly unknown[]): string {
  return sha256(new TextEncoder().encode(JSON.stringify(words))).slice(0, HALF_BYTES).toHex();
}
