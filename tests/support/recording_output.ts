/** An Output that remembers what it was told. @module */

import type { FactSheet, Output, RunPhase, TicketNotice } from "../../src/ui/output.ts";
import type {
  AddedConnection,
  FileFailure,
  OfferedFiles,
  ReportedSettings,
  TransferConfig,
  TransferStart,
} from "../../src/session/events.ts";
import type { ProgressReport } from "../../src/ui/progress.ts";
import { errorText } from "../../src/ui/messages.ts";
import type { TestVerdict } from "../../src/measure/verdict.ts";
import type { ShownMeasurement } from "../../src/ui/output.ts";
import { UltraError } from "../../src/base/errors.ts";

export class RecordingOutput implements Output {
  /** Names of the calls in their order; of calls that follow each other with the same name one stands for all. */
  readonly calls: string[] = [];
  readonly phases: RunPhase[] = [];
  readonly tickets: TicketNotice[] = [];
  readonly starts: TransferStart[] = [];
  readonly configs: TransferConfig[] = [];
  readonly openedStreams: number[] = [];
  readonly additions: AddedConnection[] = [];
  readonly reportedSettings: ReportedSettings[] = [];
  readonly reports: ProgressReport[] = [];
  readonly failures: FileFailure[] = [];
  readonly facts: FactSheet[] = [];
  readonly measurements: ShownMeasurement[] = [];
  readonly testVerdicts: TestVerdict[] = [];
  readonly warnings: string[] = [];
  readonly notes: string[] = [];
  readonly errors: unknown[] = [];
  readonly lines: string[] = [];

  /** The errors as a user sees them. */
  get errorTexts(): string[] {
    return this.errors.map((error) => error instanceof UltraError ? errorText(error) : `bug: ${error}`);
  }

  phase(phase: RunPhase): void {
    if (this.phases.at(-1) !== phase) this.phases.push(phase);
  }

  ticket(notice: TicketNotice): void {
    this.#call("ticket");
    this.tickets.push(notice);
  }

  memoryBound(bytes: number): void {
    this.notes.push(`memory bound ${bytes}`);
  }

  offering(offered: OfferedFiles): void {
    this.notes.push(`offering ${offered.files} files, ${offered.bytes} bytes`);
  }

  receivingInto(folder: string): void {
    this.notes.push(`receiving into ${folder}`);
  }

  interrupted(): void {
    this.#call("interrupted");
  }

  started(start: TransferStart): void {
    this.#call("started");
    this.starts.push(start);
  }

  config(config: TransferConfig): void {
    this.#call("config");
    this.configs.push(config);
  }

  settings(reported: ReportedSettings): void {
    this.#call("settings");
    this.reportedSettings.push(reported);
  }

  opened(streams: number): void {
    this.#call("opened");
    this.openedStreams.push(streams);
  }

  added(added: AddedConnection): void {
    this.#call("added");
    this.additions.push(added);
  }

  progress(report: ProgressReport): void {
    this.#call("progress");
    const { verifiedBytes, totalBytes, listed } = report;
    this.reports.push({ verifiedBytes, totalBytes, listed });
  }

  fileFailed(failure: FileFailure): void {
    this.#call("fileFailed");
    this.failures.push(failure);
  }

  complete(facts: FactSheet): void {
    this.#call("complete");
    this.facts.push(facts);
  }

  measuring(): void {
    this.#call("measuring");
  }

  measured(measurement: ShownMeasurement): void {
    this.#call("measured");
    this.measurements.push(measurement);
  }

  tested(verdicts: readonly TestVerdict[]): void {
    this.#call("tested");
    this.testVerdicts.push(...verdicts);
  }

  warning(text: string): void {
    this.warnings.push(text);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  error(error: unknown): void {
    this.#call("error");
    this.errors.push(error);
  }

  debug(line: string): void {
    this.lines.push(line);
  }

  exit(): void {
    this.#call("exit");
  }

  #call(name: string): void {
    if (this.calls.at(-1) !== name) this.calls.push(name);
  }
}
