/** Chooses the kind of output of a run. @module */

import type { Again } from "./command_line.ts";
import { HumanOutput } from "./human.ts";
import { JsonOutput } from "./json.ts";
import type { Output } from "./output.ts";
import { MIN_STATUS_COLUMNS } from "./progress.ts";
import { QuietOutput } from "./quiet.ts";
import type { Terminal } from "./writer.ts";

export interface OutputOptions {
  readonly mode: "human" | "json" | "quiet";
  readonly terminal: Terminal;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
  /** The command of this run, for a user who has to type it again; `undefined`: there is nothing to go on with. */
  readonly again?: () => Again | undefined;
  /** TERM. */
  readonly environment: { readonly term: string | undefined };
  /** Asked when something is shown: the command line is read later than the first line may have to be. */
  readonly isVerbose?: () => boolean;
}

export function createOutput(
  { mode, terminal, now, environment, again = () => undefined, isVerbose = () => false }: OutputOptions,
): Output {
  if (mode === "json") return new JsonOutput(terminal, now, again);
  if (mode === "quiet") return new QuietOutput(terminal);
  // NO_COLOR is about colour, and there is none.
  const plain = !terminal.stderr.isTerminal || environment.term === "dumb" ||
    (terminal.stderr.columns() ?? 0) < MIN_STATUS_COLUMNS;
  return new HumanOutput(terminal, { now, style: plain ? "plain" : "status", isVerbose, again });
}
