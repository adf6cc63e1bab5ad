/** What a conversation needs of the world; tests replace each part. @module */

import type { UltraError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/random.ts";
import type { Timers } from "../base/timers.ts";
import type { Hub } from "./hub.ts";

/** @template Event what is reported to the user; `never`: nothing */
export interface Context<Event = never> {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  readonly tell: (event: Event) => void;
  /** How a failure of this side reads, with what its user can do about it. */
  readonly describe: (error: UltraError) => string;
  /** Name of this computer, told to the other side after proof. */
  readonly host: string;
  /** What runs at the same time here, which bounds how many connections are worth their while. */
  readonly cores: number;
  /** The addresses of this computer, as they are now. */
  readonly addresses: () => readonly string[];
  /** Aborted when the run shall end in good order. */
  readonly ended: AbortSignal;
}
