/** Whether the run ends with a transfer that the same commands go on with. @module */

import { UltraError } from "../base/errors.ts";
import type { UserEvent } from "../measure/events.ts";
import type { RunPhase } from "../session/events.ts";

/** What comes before the other side is met. */
const STARTS: ReadonlySet<RunPhase> = new Set<RunPhase>(["waiting", "watching", "connecting"]);

export class Unfinished {
  #is = false;
  #resumes = true;

  get is(): boolean {
    return this.#is;
  }

  /** Whether what is left of a file is taken up. */
  get resumes(): boolean {
    return this.#resumes;
  }

  see(event: UserEvent): void {
    // The listener goes on by itself.
    if ("client" in event && event.client !== undefined) return;
    switch (event.type) {
      // What meets the other side says it once more for each.
      case "phase":
        if (STARTS.has(event.phase)) this.#resumes = true;
        // With --stay the next one is waited for, or watched for, and nothing has to be typed here.
        if (event.phase === "waiting" || event.phase === "watching") this.#is = false;
        return;
      case "older-format":
        this.#resumes = false;
        return;
      case "started":
        this.#is = this.#resumes;
        return;
      case "complete":
        this.#is = false;
        return;
      case "error":
        // Everything else would happen again.
        if (!(event.error instanceof UltraError && event.error.kind === "network")) this.#is = false;
    }
  }
}
