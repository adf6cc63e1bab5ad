/** Events one by one, for what does nothing at the end of a batch. @module */

import type { Engine, EngineEvent } from "../../src/engine/engine.ts";

export async function* eachEvent(engine: Engine): AsyncGenerator<EngineEvent, void, void> {
  for await (const batch of engine.events()) yield* batch;
}
