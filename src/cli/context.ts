/** What a command needs of the world. @module */

import type { MeasureContext } from "../measure/events.ts";
import type { Output } from "../ui/output.ts";

export interface CommandContext extends MeasureContext {
  readonly output: Output;
}
