/** What a conversation needs of the world; tests replace each part. @module */

import type { RandomBytes } from "../auth/handshake.ts";
import type { Clock } from "../base/clock.ts";
import type { Timers } from "../base/timers.ts";
import type { Output } from "../ui/output.ts";
import type { Hub } from "./hub.ts";

export interface Context {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  readonly output: Output;
  /** Name of this computer, told to the other side after proof. */
  readonly host: string;
  /** What runs at the same time here, which bounds how many connections are worth their while. */
  readonly cores: number;
  /** Aborted when the run shall end in good order. */
  readonly ended: AbortSignal;
}
