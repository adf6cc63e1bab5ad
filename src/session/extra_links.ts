/**
 * The further connections of a running transfer: what may come on them, and how they end.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { UltraError } from "../base/errors.ts";
import { CLOSE_REPLACED, EXIT_CODES } from "../protocol/codes.ts";
import type { Message } from "../protocol/messages.ts";
import type { ControlLink } from "../link/control_link.ts";
import type { Side } from "./side.ts";

const log = getLogger(["ultra", "peer"]);

/** They carry lanes. Losing one is no more than losing these: the transfer lasts as long as its first connection. */
export class ExtraLinks {
  readonly #side: Side;
  /** Lets something happen in the turn that runs. */
  readonly #let: (act: () => void) => void;
  readonly #links = new Set<ControlLink>();

  constructor(side: Side, letHappen: (act: () => void) => void) {
    this.#side = side;
    this.#let = letHappen;
  }

  /** A link whose other end has proved that it belongs to this transfer. Beyond the bound it is sent away. */
  take(link: ControlLink): void {
    const hasRoom = this.#isRunning && this.#links.size + 1 < this.#side.mostConnections;
    if (!hasRoom || !this.#side.joined(link)) {
      log.debug("{remote} joined where there was no room for it", { remote: link.remote });
      return void link.close(EXIT_CODES.network);
    }
    this.#links.add(link);
    link.handle({
      message: ({ message }) => this.#ifRunning(() => this.#receive(link, message)),
      broken: (error) => this.#ifRunning(() => this.#side.machine.handle({ type: "cancel", error })),
      ended: ({ error }) => {
        this.#links.delete(link);
        log.debug("{remote}: a further connection ended: {message}", { remote: link.remote, message: error.message });
        this.#ifRunning(() => this.#side.left(link));
      },
      laneOpened: () => this.#ifRunning(() => this.#side.laneOpened(link)),
      laneClosed: (lane) => this.#ifRunning(() => this.#side.laneClosed(lane)),
    });
  }

  /** Resolved when all of them are gone. */
  async close(code: number): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close(code)));
  }

  /** The first connection is lost or replaced, and takes the others with it; resolved when nothing can come of them any more. */
  async drop(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.drop(CLOSE_REPLACED)));
  }

  #receive(link: ControlLink, message: Message | undefined): void {
    // Unknown, but not critical: from a later version.
    if (message === undefined || message.type === "heartbeat") return;
    if (message.type === "accept" && this.#side.accepted(link, message)) return;
    const error = new UltraError("protocol", `The other side sent "${message.type}" on a further connection`);
    this.#side.machine.handle({ type: "cancel", error });
  }

  get #isRunning(): boolean {
    return this.#side.machine.outcome.state === "running";
  }

  #ifRunning(act: () => void): void {
    if (this.#isRunning) this.#let(act);
  }
}
