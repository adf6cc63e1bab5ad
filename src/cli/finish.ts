/** From the outcome of a transfer to the last event and the exit code. @module */

import type { Outcome } from "../transfer/outcome.ts";
import type { Tell } from "./context.ts";
import { exitCodeOfError, exitCodeOfKind } from "./exit.ts";

/** The exit code. Reports a failure; a success was reported with its fact sheet. */
export function finish(outcome: Outcome, options: { readonly allowLeftOut: boolean }, tell: Tell): number {
  switch (outcome.state) {
    case "finished": {
      const { exitKind, exitKindIfAccepted } = outcome.summary;
      return exitCodeOfKind(options.allowLeftOut ? exitKindIfAccepted : exitKind);
    }
    case "failed": {
      const { error, fromPeer } = outcome;
      tell({ type: "error", error, fromPeer });
      return exitCodeOfError(error);
    }
    case "running":
      throw new Error("The session ended before the transfer did");
  }
}
