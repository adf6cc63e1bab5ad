/** What a command needs of the world. @module */

import type { MeasureContext } from "../measure/events.ts";

export type CommandContext = MeasureContext;

/** Tells the user something. */
export type Tell = CommandContext["tell"];
