/**
 * Output for people: log lines on standard error, and on a terminal one status line below them that is replaced in place.
 *
 * @module
 */

import { escapeText, shownText, truncate } from "./escape.ts";
import { formatBytes } from "./format.ts";
import { addedLine, configLine, openedLine, progressLine, startLine } from "./lines.ts";
import type { Measurement, TestVerdict } from "../tuning/test_verdict.ts";
import {
  commandFor,
  commandForFile,
  errorLines,
  factSheet,
  failureLine,
  measurementHeading,
  measurementLine,
  measuringText,
  PHASES,
  testVerdictLine,
} from "./messages.ts";
import type {
  AddedConnection,
  FileFailure,
  Output,
  RunPhase,
  TicketNotice,
  TransferConfig,
  TransferFacts,
  TransferStart,
} from "./output.ts";
import { MIN_STATUS_COLUMNS, ProgressMeter, type ProgressReport, renderStatusLine } from "./progress.ts";
import type { Terminal, TextWriter } from "./writer.ts";

/** Ten times a second looks alive and costs nothing. */
const REDRAW_MS = 100;

/** Log files get a line each second (`docs/design.md` 10). */
const PROGRESS_LINE_MS = 1000;

/** Back to the first column, and clear to the end: the only control characters that `ultra` ever writes. */
const CLEAR_LINE = "\r\x1b[K";

export class HumanOutput implements Output {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #status: StatusLine | undefined;
  #meter = new ProgressMeter();
  #phase: RunPhase | undefined;
  #hasTable = false;
  #shownAt: number;

  /** @param style `status` needs a terminal that knows {@linkcode CLEAR_LINE} */
  constructor(terminal: Terminal, now: () => number, style: "plain" | "status") {
    this.#terminal = terminal;
    this.#now = now;
    this.#status = style === "status" ? new StatusLine(terminal.stderr) : undefined;
    this.#shownAt = now();
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

  started({ name, bytes }: TransferStart): void {
    this.#meter = new ProgressMeter();
    this.#shownAt = this.#now();
    this.#status?.hide();
    this.#line(startLine(name, bytes));
  }

  config({ streams, chunks, chunkBytes }: TransferConfig): void {
    this.#line(configLine(streams, chunks, chunkBytes));
  }

  opened(streams: number): void {
    this.#line(openedLine(streams));
  }

  added({ connection, streams }: AddedConnection): void {
    this.#line(addedLine(connection, streams));
  }

  progress(report: ProgressReport): void {
    const now = this.#now();
    const state = this.#meter.update(now, report);
    if (now - this.#shownAt < (this.#status === undefined ? PROGRESS_LINE_MS : REDRAW_MS)) return;
    this.#shownAt = now;
    if (this.#status === undefined) {
      return this.#line(progressLine(state.bytes, state.totalBytes, state.lastSecondRate));
    }
    // Other phases keep their word in place of the bar: the last of them may take long on a slow disk.
    if (this.#phase === undefined || this.#phase === "moving" || this.#phase === "listing") {
      this.#status.render((columns) => renderStatusLine(state, columns));
    }
  }

  fileFailed(failure: FileFailure): void {
    this.#line(failureLine(failure));
  }

  complete(facts: TransferFacts): void {
    this.#status?.hide();
    for (const line of factSheet(facts)) this.#line(line);
  }

  measuring(phase: Pick<Measurement, "way" | "from" | "to" | "bytes">): void {
    this.#status?.show(measuringText(phase));
  }

  measured(measurement: Measurement): void {
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
  }

  debug(line: string): void {
    this.#line(line);
  }

  exit(): void {
    this.#status?.hide();
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
    this.render((columns) => truncate(text, columns - 1));
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
