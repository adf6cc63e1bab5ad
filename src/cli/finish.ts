/** From the outcome of a transfer to the last lines and the exit code. @module */

import { isInterruption } from "../base/interrupted.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { peerText } from "../ui/escape.ts";
import type { Output } from "../ui/output.ts";
import { UltraError } from "../base/errors.ts";
import { advised } from "./advice.ts";
import { exitCodeOfError, exitCodeOfKind } from "./exit.ts";

/** The exit code; a failure is told here, a success was told by its fact sheet. */
export function finish(outcome: Outcome, options: { readonly allowLeftOut: boolean }, output: Output): number {
  switch (outcome.state) {
    case "finished": {
      const { exitKind, exitKindIfAccepted } = outcome.summary;
      return exitCodeOfKind(options.allowLeftOut ? exitKindIfAccepted : exitKind);
    }
    case "failed": {
      const { error, fromPeer } = outcome;
      output.error(fromPeer ? new UltraError(error.kind, sentenceOf(error)) : advised(error));
      return exitCodeOfError(error);
    }
    case "running":
      throw new Error("The session ended before the transfer did");
  }
}

/** What the other side said, as its words. */
function sentenceOf(error: UltraError): string {
  return isInterruption(error) ? "The other side was interrupted" : `The other side: ${peerText(error.message)}`;
}
