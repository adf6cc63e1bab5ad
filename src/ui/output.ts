/**
 * What a run tells its user, whatever the user is: a person at a terminal, a log file or a program.
 *
 * Commands call these methods and know nothing of terminals. All texts may hold foreign names; they are escaped here.
 *
 * @module
 */

import type { Unkept } from "../protocol/words.ts";
import type { MeasureEvent } from "../measure/events.ts";
import type { Measurement, TestVerdict } from "../measure/verdict.ts";
import type { MeetPhase } from "../meet/events.ts";
import type {
  AddedConnection,
  FileFailure,
  OfferedFiles,
  ReportedSettings,
  TransferConfig,
  TransferFacts,
  TransferPhase,
  TransferStart,
} from "../session/events.ts";
import type { Help, Verdict } from "../verdict/finding.ts";
import type { ProgressReport } from "./progress.ts";

/** A verdict whose help is in the words of the command line. */
export type ShownVerdict = Omit<Verdict, "help"> & { readonly help: string | undefined };

/** The facts of a transfer as a sheet shows them. */
export type FactSheet = Omit<TransferFacts, "verdict"> & { readonly verdict: ShownVerdict };

export type ShownMeasurement = Omit<Measurement, "verdict"> & { readonly verdict: ShownVerdict };

export interface TicketNotice {
  readonly text: string;
  /** What its maker does. */
  readonly role: "send" | "receive" | "test";
  /** Where it was written (`--ticket-out`): then it is shown nowhere else, so that no log holds it. */
  readonly file: string | undefined;
}

/** What a run is busy with. */
export type RunPhase = "waiting" | MeetPhase | TransferPhase;

export interface Output {
  phase(phase: RunPhase): void;
  ticket(notice: TicketNotice): void;
  /** Bytes that windows and buffers may take in this run: more than usual, because the user wanted it so. */
  memoryBound(bytes: number): void;
  /** A transfer begins; progress counts from here. */
  /** A sender knows what it is going to offer, and nobody has come yet. */
  offering(offered: OfferedFiles): void;
  /** A receiver waits; what arrives will be in this folder. */
  receivingInto(folder: string): void;
  started(start: TransferStart): void;
  config(config: TransferConfig): void;
  opened(streams: number): void;
  added(added: AddedConnection): void;
  settings(reported: ReportedSettings): void;
  /** To be called often, also when nothing changed; it is shown as often as makes sense. */
  progress(report: ProgressReport): void;
  fileFailed(failure: FileFailure): void;
  complete(facts: FactSheet): void;
  /** A phase of a test begins. */
  measuring(phase: Pick<Measurement, "way" | "from" | "to" | "bytes">): void;
  /** A phase of a test is over. */
  measured(measurement: ShownMeasurement): void;
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

/** Gives the events of a run to an output. @param speedAdvice what would help, in the words of the command line */
export function teller(output: Output, speedAdvice: (help: Help) => string): (event: MeasureEvent) => void {
  const shown = ({ help, ...verdict }: Verdict): ShownVerdict => ({ ...verdict, help: help && speedAdvice(help) });
  return (event) => {
    switch (event.type) {
      case "phase":
        return output.phase(event.phase);
      case "ipv4-only":
        return output.note("This system has no IPv6: listening on IPv4 only");
      case "wrong-proof":
        return output.warning(event.error.message);
      case "started":
        return output.started(event.start);
      case "config":
        return output.config(event.config);
      case "opened":
        return output.opened(event.streams);
      case "added":
        return output.added(event.added);
      case "settings":
        return output.settings(event.reported);
      case "progress":
        return output.progress(event.progress);
      case "file-failed":
        return output.fileFailed(event.failure);
      case "unkept":
        return output.warning(unkeptText(event.unkept, event.folder));
      case "complete":
        return output.complete({ ...event.facts, verdict: shown(event.facts.verdict) });
      case "measuring":
        return output.measuring(event.phase);
      case "measured":
        return output.measured({ ...event.measurement, verdict: shown(event.measurement.verdict) });
      case "tested":
        return output.tested(event.verdicts);
    }
  };
}

/** One warning for a whole transfer: the contents are there, but not all that is known of the files. */
function unkeptText({ mode, time }: Unkept, folder: string): string {
  const what = mode && time ? "Modes and times" : mode ? "Modes" : "Times";
  return `${what} are not kept there: the file system of ${folder} refuses them`;
}
