/** Whether the run ends with a transfer that the same commands go on with. @module */

import { UltraError } from "../base/errors.ts";
import type { UserEvent } from "../measure/events.ts";

export class Unfinished {
  #is = false;

  get is(): boolean {
    return this.#is;
  }

  see(event: UserEvent): void {
    // The listener goes on by itself.
    if ("client" in event && event.client !== undefined) return;
    switch (event.type) {
      case "started":
        this.#is = true;
        return;
      case "complete":
        this.#is = false;
        return;
      case "phase":
        // The next one is waited for, and nothing has to be typed here.
        if (event.phase === "waiting") this.#is = false;
        return;
      case "error":
        // Everything else would happen again.
        if (!(event.error instanceof UltraError && event.error.kind === "network")) this.#is = false;
    }
  }
}
