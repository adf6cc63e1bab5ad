/** What a command needs of the world. @module */

import type { MeasureContext } from "../measure/events.ts";
import type { StateStore } from "../meet/state_store.ts";

export interface CommandContext extends MeasureContext {
  readonly states: StateStore;
  /** The clock on the wall, in milliseconds: for what people read, and what has to outlive a process. */
  readonly wallMs: () => number;
}

/** Tells the user something. */
export type Tell = CommandContext["tell"];
