/**
 * `--json`: one object a line on standard output and nothing else there; the last one is the exit.
 *
 * Errors and debug lines go to standard error as well, for whoever reads the log of a script that failed.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { TestVerdict } from "../measure/verdict.ts";
import type { ShownMeasurement } from "./output.ts";
import { withoutTickets } from "../protocol/ticket.ts";
import type { ShownVerdict } from "./output.ts";
import { escapeJson, shownText } from "./escape.ts";
import { formatHex, percentOf, rateOf } from "../base/text.ts";
import { commandFor, commandForFile, errorLines, errorText } from "./messages.ts";
import { incompleteText } from "./left_out.ts";
import type { FactSheet, Output, TicketNotice } from "./output.ts";
import type {
  AddedConnection,
  FileFailure,
  OfferedFiles,
  ReportedSettings,
  TransferConfig,
  TransferStart,
} from "../session/events.ts";
import { ProgressMeter, type ProgressReport, type StatusState } from "./progress.ts";
import type { Terminal } from "./writer.ts";

/** Five times a second: enough to draw a bar from. */
const PROGRESS_MS = 200;

/** Exit codes above it are 128 + the number of the signal that ended the run. */
const SIGNALS = 128;

type Event =
  | "ticket"
  | "offering"
  | "target"
  | "memory"
  | "start"
  | "config"
  | "connection-added"
  | "settings"
  | "progress"
  | "warning"
  | "file-failed"
  | "complete"
  | "measurement"
  | "test"
  | "error"
  | "interrupted"
  | "exit";

export class JsonOutput implements Output {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #meter = new ProgressMeter();
  #shownAt = -Infinity;
  /** Where the last transfer stood last. */
  #state: StatusState | undefined;
  #ended = false;
  /** Why the exit code will not be 0, as far as that is known. */
  #why: string | undefined;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  ticket({ text, role, file }: TicketNotice): void {
    if (file === undefined) this.#event("ticket", { ticket: text, role, command: commandFor(role, text) });
    else this.#event("ticket", { file, role, command: commandForFile(role) });
  }

  memoryBound(boundBytes: number): void {
    this.#event("memory", { boundBytes });
  }

  offering(offered: OfferedFiles): void {
    this.#event("offering", { ...offered });
  }

  receivingInto(folder: string): void {
    this.#event("target", { folder });
  }

  started({ role, name, bytes }: TransferStart): void {
    this.#meter = new ProgressMeter();
    this.#shownAt = -Infinity;
    this.#event("start", { role, name, bytes: bytes ?? null });
  }

  config(config: TransferConfig): void {
    this.#event("config", { ...config });
  }

  added(added: AddedConnection): void {
    this.#event("connection-added", { ...added });
  }

  settings({ connection, settings }: ReportedSettings): void {
    this.#event("settings", { connection, ...settings });
  }

  progress(report: ProgressReport): void {
    const now = this.#now();
    const state = this.#state = this.#meter.update(now, report);
    if (now - this.#shownAt < PROGRESS_MS) return;
    this.#shownAt = now;
    this.#event("progress", {
      bytes: state.bytes,
      totalBytes: state.totalBytes,
      files: state.files,
      filesArrived: state.filesArrived,
      filesPresent: state.filesPresent,
      listed: state.listed,
      percent: state.listed ? percentOf(state.bytes, state.totalBytes) : null,
      bitsPerSecond: Math.round(state.rate),
      lastSecondBitsPerSecond: Math.round(state.lastSecondRate),
      secondsLeft: state.secondsLeft === undefined ? null : Math.ceil(state.secondsLeft),
    });
  }

  fileFailed({ path, kind, text }: FileFailure): void {
    this.#event("file-failed", { path, kind, text });
  }

  complete(facts: FactSheet): void {
    this.#why = incompleteText(facts);
    this.#event("complete", {
      ...facts,
      name: facts.name ?? null,
      savedTo: facts.savedTo ?? null,
      bitsPerSecond: Math.round(rateOf(facts.bytes, facts.seconds)),
      fileRoot: facts.fileRoot === undefined ? null : formatHex(facts.fileRoot),
      transferRoot: formatHex(facts.transferRoot),
      verdict: verdictFields(facts.verdict),
    });
  }

  measured({ way, from, to, bytes, seconds, verdict }: ShownMeasurement): void {
    const bitsPerSecond = Math.round(rateOf(bytes, seconds));
    this.#event("measurement", { way, from, to, bytes, seconds, bitsPerSecond, verdict: verdictFields(verdict) });
  }

  tested(verdicts: readonly TestVerdict[]): void {
    this.#event("test", { verdicts });
  }

  warning(text: string): void {
    this.#event("warning", { text });
  }

  error(error: unknown): void {
    this.#why = error instanceof UltraError ? errorText(error) : "internal error";
    const expected = error instanceof UltraError;
    this.#event("error", {
      kind: expected ? error.kind : "internal",
      text: expected ? errorText(error) : errorLines(error).join("\n"),
    });
    for (const line of errorLines(error)) this.debug(line);
  }

  debug(line: string): void {
    this.#terminal.stderr.write(`${shownText(line)}\n`);
  }

  exit(code: number): void {
    const why = this.#why ?? (code > SIGNALS ? "interrupted" : undefined);
    this.#event("exit", code === 0 || why === undefined ? { code } : { code, why });
    // Whatever still happens while the process ends: readers take the exit for the last line.
    this.#ended = true;
  }

  interrupted(): void {
    const state = this.#state;
    this.#event("interrupted", {
      files: state?.files ?? 0,
      filesArrived: state?.filesArrived ?? 0,
      filesPresent: state?.filesPresent ?? 0,
    });
  }

  phase(): void {}
  measuring(): void {}
  opened(): void {}
  note(): void {}

  #event(type: Event, fields: Readonly<Record<string, unknown>>): void {
    if (this.#ended) return;
    const json = escapeJson(JSON.stringify({ type, ...fields }));
    this.#terminal.stdout.write(`${type === "ticket" ? json : withoutTickets(json)}\n`);
  }
}

function verdictFields({ limit, sentence, help, reports }: ShownVerdict): Readonly<Record<string, unknown>> {
  return { limit, sentence, help: help ?? null, sender: reports.sender ?? null, receiver: reports.receiver ?? null };
}
