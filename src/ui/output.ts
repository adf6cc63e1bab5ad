/**
 * What a run tells its user, whatever the user is: a person at a terminal, a log file or a program.
 *
 * Commands call these methods and know nothing of terminals. All texts may hold foreign names; they are escaped here.
 *
 * @module
 */

import type { ErrorKind } from "../base/errors.ts";
import type { LeftOutName, LeftOutReason } from "../protocol/messages.ts";
import type { Measurement, TestVerdict } from "../measure/verdict.ts";
import type { Verdict } from "../verdict/judges.ts";
import { HumanOutput } from "./human.ts";
import { JsonOutput } from "./json.ts";
import { MIN_STATUS_COLUMNS, type ProgressReport } from "./progress.ts";
import { QuietOutput } from "./quiet.ts";
import type { Terminal } from "./writer.ts";

/** What a run is busy with. */
export type RunPhase =
  | "waiting"
  | "connecting"
  | "proving"
  | "listing"
  | "moving"
  | "committing"
  | "confirming"
  | "reconnecting";

export interface TicketNotice {
  readonly text: string;
  /** What its maker does. */
  readonly role: "send" | "receive" | "test";
  /** Where it was written (`--ticket-out`): then it is shown nowhere else, so that no log holds it. */
  readonly file: string | undefined;
}

export interface TransferStart {
  readonly role: "send" | "receive";
  readonly name: string;
  /** `undefined` while they are not known. */
  readonly bytes: number | undefined;
}

export interface TransferConfig {
  readonly streams: number;
  readonly chunks: number;
  readonly chunkBytes: number;
}

/** A further connection of a transfer. */
export interface AddedConnection {
  /** Its number; the first connection is 1. */
  readonly connection: number;
  /** The streams that run on it. */
  readonly streams: number;
}

export interface FileFailure {
  readonly path: string;
  readonly kind: ErrorKind;
  readonly text: string;
}

/** What a sender that waits has to offer. */
export interface OfferedFiles {
  readonly files: number;
  readonly bytes: number;
}

/** The fact sheet of a transfer. */
export interface FactSheet {
  readonly role: "send" | "receive";
  /** The one thing at the top level; `undefined` when there are several. */
  readonly name: string | undefined;
  /** Where that is now, or the folder that holds everything; `undefined` on the side that sends. */
  readonly savedTo: string | undefined;
  /** Files that arrived in this transfer. */
  readonly files: number;
  /** Their bytes. */
  readonly bytes: number;
  readonly seconds: number;
  /** BLAKE3 of the file when there was one. */
  readonly fileRoot: Uint8Array | undefined;
  readonly transferRoot: Uint8Array;
  readonly resentBytes: number;
  /** What the receiver had already. */
  readonly presentFiles: number;
  readonly presentBytes: number;
  /** The first of them; `failedCount` is how many there were. */
  readonly failed: readonly FileFailure[];
  readonly failedCount: number;
  /** The first of what was left out on either side; `leftOutCount` is how much is missing so against the users' will. */
  readonly leftOut: readonly LeftOutName[];
  readonly leftOutCount: number;
  /** All that was left out, by reason. */
  readonly leftOutReasons: Readonly<Partial<Record<LeftOutReason, number>>>;
  /** Whether the user takes what is left out for no failure. */
  readonly isLeftOutAccepted: boolean;
  /** Whether everything is on stable storage. */
  readonly durable: boolean;
  /** What limited its speed. */
  readonly verdict: Verdict;
}

export interface Output {
  phase(phase: RunPhase): void;
  ticket(notice: TicketNotice): void;
  /** Bytes that windows and buffers may take in this run: more than usual, because the user wanted it so. */
  memoryBound(bytes: number): void;
  /** A sender knows what it is going to offer, and nobody has come yet. */
  offering(offered: OfferedFiles): void;
  /** A receiver waits; what arrives will be in this folder. */
  receivingInto(folder: string): void;
  /** A transfer begins; progress counts from here. */
  started(start: TransferStart): void;
  config(config: TransferConfig): void;
  opened(streams: number): void;
  added(added: AddedConnection): void;
  /** To be called often, also when nothing changed; it is shown as often as makes sense. */
  progress(report: ProgressReport): void;
  fileFailed(failure: FileFailure): void;
  complete(facts: FactSheet): void;
  /** A phase of a test begins. */
  measuring(phase: Pick<Measurement, "way" | "from" | "to" | "bytes">): void;
  /** A phase of a test is over. */
  measured(measurement: Measurement): void;
  /** A test is over. */
  tested(verdicts: readonly TestVerdict[]): void;
  /** Something the user may want to change. */
  warning(text: string): void;
  /** Something good to know. */
  note(text: string): void;
  /** Why the run ends. */
  error(error: unknown): void;
  /** The run ends because the user or the system wants it to. */
  interrupted(): void;
  /** A line of `-v`. */
  debug(line: string): void;
  /** The last call. */
  exit(code: number): void;
}

export interface OutputOptions {
  readonly mode: "human" | "json" | "quiet";
  readonly terminal: Terminal;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
  /** TERM. */
  readonly environment: { readonly term: string | undefined };
  /** Asked when something is shown: the command line is read later than the first line may have to be. */
  readonly isVerbose?: () => boolean;
}

export function createOutput({ mode, terminal, now, environment, isVerbose = () => false }: OutputOptions): Output {
  if (mode === "json") return new JsonOutput(terminal, now);
  if (mode === "quiet") return new QuietOutput(terminal);
  // NO_COLOR is about colour, and there is none.
  const plain = !terminal.stderr.isTerminal || environment.term === "dumb" ||
    (terminal.stderr.columns() ?? 0) < MIN_STATUS_COLUMNS;
  return new HumanOutput(terminal, now, plain ? "plain" : "status", isVerbose);
}
