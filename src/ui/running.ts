/** The transfers that run at the same time, each with its own progress. Without clients there is one, and the last one counts. @module */

import type { UserEvent } from "../measure/events.ts";
import type { Client, OfTransfer } from "../session/events.ts";
import type { TransferId } from "../protocol/words.ts";
import type { Progress } from "../transfer/outcome.ts";
import { ProgressMeter, type StatusState } from "./progress.ts";

export class RunningTransfer {
  readonly meter: ProgressMeter;
  /** Where it stood last. */
  state: StatusState | undefined;
  /** When, and at which percentage, it was last told. */
  toldAt: number;
  toldPercent = 0;

  constructor(readonly name: string, readonly client: Client | undefined, now: number) {
    this.meter = new ProgressMeter(name);
    this.toldAt = now;
  }
}

export class RunningTransfers {
  readonly #running = new Map<TransferId, RunningTransfer>();
  readonly #beganAt: number;

  /** @param now what counts as the time of the last telling, for a transfer whose beginning was not told */
  constructor(now: number) {
    this.#beganAt = now;
  }

  /** The only one; of several there is none to speak of. */
  get only(): RunningTransfer | undefined {
    if (this.#running.size > 1) return undefined;
    return this.#running.values().next().value;
  }

  get count(): number {
    return this.#running.size;
  }

  begin({ transfer, client }: OfTransfer, name: string, now: number): void {
    if (client === undefined) this.#running.clear();
    this.#running.set(transfer, new RunningTransfer(name, client, now));
  }

  update({ transfer, client }: OfTransfer, progress: Progress, now: number): RunningTransfer {
    const running = this.#running.get(transfer) ?? new RunningTransfer("", client, this.#beganAt);
    this.#running.set(transfer, running);
    running.state = running.meter.update(now, progress);
    return running;
  }

  /** Takes note of what is over. */
  see(event: UserEvent): void {
    switch (event.type) {
      case "complete":
      case "peer-restarted":
        this.#running.delete(event.transfer);
        return;
      case "client-over":
        for (const [id, { client }] of this.#running) if (client?.id === event.client.id) this.#running.delete(id);
        return;
      case "error":
      case "interrupted":
        this.#running.clear();
    }
  }

  /** Those of which something is known, in the order in which they began. */
  get known(): readonly RunningTransfer[] {
    return [...this.#running.values()].filter(({ state }) => state !== undefined);
  }
}
