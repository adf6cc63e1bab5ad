/**
 * The further connections of a running transfer: what may come on them, and how they end.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { UltraError } from "../base/errors.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { Message } from "../protocol/messages.ts";
import type { ControlLink } from "../link/control_link.ts";
import type { Machine, SessionHooks } from "./transfer.ts";

const log = getLogger(["ultra", "peer"]);

/** They carry lanes. Losing one is no more than losing these: the transfer lasts as long as its first connection. */
export class ExtraLinks {
  readonly #machine: Machine;
  readonly #hooks: SessionHooks;
  /** Runs what may change the machine. */
  readonly #act: (what: () => void) => void;
  readonly #links = new Set<ControlLink>();

  constructor(machine: Machine, hooks: SessionHooks, act: (what: () => void) => void) {
    this.#machine = machine;
    this.#hooks = hooks;
    this.#act = act;
  }

  /** A link whose other end has proved that it belongs to this transfer. Beyond the bound it is sent away. */
  take(link: ControlLink): void {
    const hasRoom = this.#isRunning && this.#links.size + 1 < this.#hooks.mostConnections;
    if (!hasRoom || !this.#hooks.joined(link)) {
      log.debug("{remote} joined where there was no room for it", { remote: link.remote });
      return void link.close(EXIT_CODES.network);
    }
    this.#links.add(link);
    link.handle({
      message: ({ message }) => this.#actIfRunning(() => this.#receive(link, message)),
      broken: (error) => this.#actIfRunning(() => this.#machine.cancel(error)),
      ended: ({ error }) => {
        this.#links.delete(link);
        log.debug("{remote}: a further connection ended: {message}", { remote: link.remote, message: error.message });
        this.#actIfRunning(() => this.#hooks.left(link));
      },
      laneOpened: (lane) => this.#actIfRunning(() => this.#hooks.laneOpened?.(lane, link)),
      laneClosed: (lane) => this.#actIfRunning(() => this.#hooks.laneClosed?.(lane)),
    });
  }

  /** Resolved when all of them are gone. */
  async close(code: number): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close(code)));
  }

  #receive(link: ControlLink, message: Message | undefined): void {
    // Unknown, but not critical: from a later version.
    if (message === undefined || message.type === "heartbeat") return;
    if (message.type === "accept" && this.#hooks.accepted?.(link, message)) return;
    this.#machine.cancel(
      new UltraError("protocol", `The other side sent "${message.type}" on a further connection`),
    );
  }

  get #isRunning(): boolean {
    return this.#machine.outcome.state === "running";
  }

  #actIfRunning(what: () => void): void {
    if (this.#isRunning) this.#act(what);
  }
}
