/**
 * Output for people: log lines on standard error, and on a terminal one status line below them that is replaced in place.
 *
 * @module
 */

import { escapeText, shownText, truncate } from "./escape.ts";
import { counted, formatBytes, formatCount, formatSize, percentOf } from "../base/text.ts";
import { addedLine, configLine, openedLine, progressLine, settingsLine, startLine } from "./lines.ts";
import type { TestVerdict } from "../measure/verdict.ts";
import type { ShownMeasurement } from "./output.ts";
import {
  arrivedText,
  commandFor,
  commandForFile,
  errorLines,
  failureLine,
  measurementHeading,
  measurementLine,
  measuringText,
  PHASES,
  testVerdictLine,
} from "./messages.ts";
import type { FactSheet, Output, RunPhase, TicketNotice } from "./output.ts";
import type {
  AddedConnection,
  FileFailure,
  OfferedFiles,
  ReportedSettings,
  TransferConfig,
  TransferStart,
} from "../session/events.ts";
import {
  MIN_STATUS_COLUMNS,
  progressDetail,
  ProgressMeter,
  type ProgressReport,
  progressShare,
  renderStatusLine,
  SPARE_COLUMNS,
  type StatusState,
} from "./progress.ts";
import { closingSheet } from "./sheet.ts";
import type { Terminal, TextWriter } from "./writer.ts";

/** Ten times a second looks alive and costs nothing. */
const REDRAW_MS = 100;

/** A log gets a line so often, or when so much more has arrived. */
const PROGRESS_LINE_MS = 10_000;
const PROGRESS_LINE_PERCENT = 5;

/** No more often than this, however fast it goes. With `-v` there is a line each time. */
const LEAST_LINE_MS = 1000;

/** Back to the first column, and clear to the end: the only control characters that `ultra` ever writes. */
const CLEAR_LINE = "\r\x1b[K";

export class HumanOutput implements Output {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #status: StatusLine | undefined;
  readonly #isVerbose: () => boolean;
  #meter = new ProgressMeter();
  #phase: RunPhase | undefined;
  #hasTable = false;
  /** When the status line was drawn, and when and at which percentage the last line of a log was written. */
  #drawnAt: number;
  #linedAt: number;
  #linedPercent = 0;
  /** Where the transfer that runs stood last. */
  #state: StatusState | undefined;
  /** Files whose failure has been told. */
  readonly #told = new Set<string>();

  /** @param style `status` needs a terminal that knows {@linkcode CLEAR_LINE} */
  constructor(terminal: Terminal, now: () => number, style: "plain" | "status", isVerbose: () => boolean) {
    this.#terminal = terminal;
    this.#now = now;
    this.#isVerbose = isVerbose;
    this.#status = style === "status" ? new StatusLine(terminal.stderr) : undefined;
    this.#drawnAt = this.#linedAt = now();
  }

  phase(phase: RunPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    if (this.#status !== undefined) this.#status.show(`${PHASES[phase]} ...`);
    // The ⚡ lines tell of moving.
    else if (phase !== "moving") this.#line(`${PHASES[phase]} ...`);
  }

  ticket({ text, role, file }: TicketNotice): void {
    if (file !== undefined) {
      this.#line(`The ticket is in ${file}. With a copy of it, run on the other computer:`);
      return this.#command(commandForFile(role));
    }
    if (!this.#terminal.stdout.isTerminal) return this.#terminal.stdout.write(`${escapeText(text)}\n`);
    this.#line("On the other computer, run:");
    this.#command(commandFor(role, text));
  }

  memoryBound(bytes: number): void {
    this.#line(`Profile max: windows and buffers of this process may take up to ${formatBytes(bytes)} of memory`);
  }

  offering({ files, bytes, leftOut }: OfferedFiles): void {
    const less = leftOut === 0 ? "" : `, ${formatCount(leftOut)} left out`;
    this.#line(`Offering ${counted(files, "file")}, ${formatSize(bytes)}${less}`);
  }

  receivingInto(folder: string): void {
    this.#line(`Files will be saved in ${folder}`);
  }

  started({ name, bytes }: TransferStart): void {
    this.#meter = new ProgressMeter(name);
    this.#drawnAt = this.#linedAt = this.#now();
    this.#linedPercent = 0;
    this.#told.clear();
    this.#status?.hide();
    this.#line(startLine(name, bytes));
  }

  config(config: TransferConfig): void {
    if (this.#isVerbose()) this.#line(configLine(config));
  }

  opened(streams: number): void {
    if (this.#isVerbose()) this.#line(openedLine(streams));
  }

  added({ connection, streams }: AddedConnection): void {
    if (this.#isVerbose()) this.#line(addedLine(connection, streams));
  }

  settings(reported: ReportedSettings): void {
    if (this.#isVerbose()) this.#line(settingsLine(reported));
  }

  progress(report: ProgressReport): void {
    const now = this.#now();
    const state = this.#state = this.#meter.update(now, report);
    if (this.#status === undefined || this.#isVerbose()) this.#progressLine(now, state);
    if (this.#status === undefined || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    // Other phases keep their word in place of the bar: the last of them may take long on a slow disk.
    if (this.#phase === undefined || this.#phase === "moving" || this.#phase === "listing") {
      this.#status.render((columns) => renderStatusLine(state, columns));
    }
  }

  fileFailed(failure: FileFailure): void {
    this.#told.add(failure.path);
    this.#line(failureLine(failure));
  }

  complete(facts: FactSheet): void {
    this.#state = undefined;
    this.#status?.hide();
    const isNews = ({ path }: FileFailure) => !this.#told.has(path);
    for (const line of closingSheet(facts, { isVerbose: this.#isVerbose(), isNews })) this.#line(line);
  }

  measuring(phase: Pick<ShownMeasurement, "way" | "from" | "to" | "bytes">): void {
    this.#status?.show(measuringText(phase));
  }

  measured(measurement: ShownMeasurement): void {
    if (!this.#hasTable) this.#line(measurementHeading());
    this.#hasTable = true;
    this.#line(measurementLine(measurement));
  }

  tested(verdicts: readonly TestVerdict[]): void {
    this.#status?.hide();
    for (const verdict of verdicts) this.#line(testVerdictLine(verdict));
  }

  warning(text: string): void {
    this.#line(`Warning: ${text}`);
  }

  note(text: string): void {
    this.#line(text);
  }

  error(error: unknown): void {
    this.#status?.hide();
    for (const line of errorLines(error)) this.#line(line);
    this.#tellArrived("");
  }

  interrupted(): void {
    this.#status?.hide();
    this.#tellArrived("Interrupted. ");
  }

  debug(line: string): void {
    this.#line(line);
  }

  exit(): void {
    this.#status?.hide();
  }

  #progressLine(now: number, state: StatusState): void {
    const percent = state.listed ? percentOf(state.bytes, state.totalBytes) : 0;
    const passedMs = now - this.#linedAt;
    const isDue = this.#isVerbose() || passedMs >= PROGRESS_LINE_MS ||
      percent - this.#linedPercent >= PROGRESS_LINE_PERCENT;
    if (passedMs < LEAST_LINE_MS || !isDue) return;
    this.#linedAt = now;
    this.#linedPercent = percent;
    this.#line(progressLine(progressShare(state), state.lastSecondRate, progressDetail(state)));
  }

  /** What of a transfer that did not come to its end is there all the same. */
  #tellArrived(before: string): void {
    const text = `${before}${this.#state === undefined ? "" : arrivedText(this.#state)}`.trim();
    this.#state = undefined;
    if (text !== "") this.#line(text);
  }

  /** Apart from other lines, so that it is easy to select. */
  #command(command: string): void {
    this.#line("");
    this.#write(`    ${escapeText(command)}\n`);
    this.#line("");
  }

  /** Everything but the command passes here, so that nothing reaches the terminal unescaped, and no ticket with it. */
  #line(text: string): void {
    this.#write(`${shownText(text)}\n`);
  }

  #write(line: string): void {
    if (this.#status === undefined) this.#terminal.stderr.write(line);
    else this.#status.above(line);
  }
}

/** The last line of the terminal. */
class StatusLine {
  readonly #writer: TextWriter;
  #render: ((columns: number) => string) | undefined;

  constructor(writer: TextWriter) {
    this.#writer = writer;
  }

  show(text: string): void {
    this.render((columns) => truncate(text, columns - SPARE_COLUMNS));
  }

  /** @param render makes the line; called again whenever it is drawn again, with the width of that moment */
  render(render: (columns: number) => string): void {
    this.#render = render;
    this.#writer.write(CLEAR_LINE + this.#text());
  }

  /** Writes a finished line, and the status again below it. In one piece, so that nothing flickers. */
  above(line: string): void {
    this.#writer.write(this.#render === undefined ? line : CLEAR_LINE + line + this.#text());
  }

  hide(): void {
    if (this.#render === undefined) return;
    this.#render = undefined;
    this.#writer.write(CLEAR_LINE);
  }

  #text(): string {
    return shownText(this.#render?.(this.#writer.columns() ?? MIN_STATUS_COLUMNS) ?? "");
  }
}
