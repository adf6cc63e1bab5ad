/**
 * Output for people: log lines on standard error, and on a terminal a status below them that is replaced in place: one line, or one for
 * each of several transfers.
 *
 * @module
 */

import { percentOf } from "../base/text.ts";
import type { UserEvent } from "../measure/events.ts";
import type { FileFailure, RunPhase, TicketNotice } from "../session/events.ts";
import { escapeText, shownText, truncate } from "./escape.ts";
import type { Again } from "./command_line.ts";
import { humanLines, ofClient } from "./human_lines.ts";
import { progressLine } from "./lines.ts";
import { commandFor, listedLine, measuringText, PHASES } from "./messages.ts";
import { answer, type EventOf, type EventTable, type Output } from "./output.ts";
import { MIN_STATUS_COLUMNS, progressDetail, progressShare, renderStatusLine, SPARE_COLUMNS } from "./progress.ts";
import { type RunningTransfer, RunningTransfers } from "./running.ts";
import { Unfinished } from "./unfinished.ts";
import type { Terminal, TextWriter } from "./writer.ts";

/** Ten times a second looks alive and costs nothing. */
const REDRAW_MS = 100;

/** A log gets a line so often, or when so much more has arrived. */
const PROGRESS_LINE_MS = 10_000;
const PROGRESS_LINE_PERCENT = 5;

/** No more often than this, however fast it goes. With `-v` there is a line each time. */
const LEAST_LINE_MS = 1000;

/** Events whose lines take the place of the status line. */
const ENDS_STATUS: ReadonlySet<UserEvent["type"]> = new Set(
  ["started", "complete", "tested", "listed", "error", "interrupted", "exit"] as const,
);

/** Back to the first column, and clear to the end; one line up, and clear it: the only control characters that `ultra` ever writes. */
const CLEAR_LINE = "\r\x1b[K";
const CLEAR_ABOVE = "\x1b[A\x1b[K";

/** Transfers that have a line each. */
const MOST_STATUS_LINES = 5;

export interface HumanOptions {
  readonly now: () => number;
  /** `status` needs a terminal that knows {@linkcode CLEAR_LINE}. */
  readonly style: "plain" | "status";
  readonly isVerbose: () => boolean;
  /** The command of this run. */
  readonly again: () => Again | undefined;
}

export class HumanOutput implements Output {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #status: StatusLine | undefined;
  readonly #isVerbose: () => boolean;
  readonly #lines: EventTable<readonly string[]>;
  readonly #running: RunningTransfers;
  #phase: RunPhase | undefined;
  #hasTable = false;
  #isServing = false;
  /** When the status line was drawn. */
  #drawnAt: number;
  /** Whether a transfer can be gone on with. */
  readonly #unfinished = new Unfinished();
  /** Files whose failure has been told. */
  readonly #told = new Set<FileFailure["path"]>();

  constructor(terminal: Terminal, { now, style, isVerbose, again }: HumanOptions) {
    this.#terminal = terminal;
    this.#now = now;
    this.#isVerbose = isVerbose;
    this.#status = style === "status" ? new StatusLine(terminal.stderr) : undefined;
    this.#drawnAt = now();
    this.#running = new RunningTransfers(this.#drawnAt);
    this.#lines = humanLines({
      isVerbose,
      hasStatus: this.#status !== undefined,
      state: () => this.#running.only?.state,
      isNews: ({ path }) => !this.#told.has(path),
      hasTable: () => this.#hasTable,
      again: () => this.#unfinished.is ? again() : undefined,
      resumes: () => this.#unfinished.resumes,
      isServing: () => this.#isServing,
    });
  }

  tell(event: UserEvent): void {
    if (event.type === "phase" && (event.phase === this.#phase || isOfClient(event))) return;
    if (ENDS_STATUS.has(event.type)) this.#status?.hide();
    this.#unfinished.see(event);
    for (const line of answer(this.#lines, event)) this.#line(line);
    this.#running.see(event);
    switch (event.type) {
      case "phase":
        this.#phase = event.phase;
        return this.#status?.show(`${PHASES[event.phase]} ...`);
      case "ticket":
        return this.#showTicket(event.ticket);
      case "lasting-ticket":
        // On a terminal as well: it is to be kept somewhere, not typed.
        return this.#terminal.stdout.write(`${escapeText(event.text)}\n`);
      case "listed":
        return this.#terminal.stdout.write(`${shownText(listedLine(event.listed))}\n`);
      case "started":
        this.#drawnAt = this.#now();
        this.#running.begin(event, event.start.name, this.#drawnAt);
        return this.#told.clear();
      case "progress":
        return this.#showProgress(event);
      case "file-failed":
        return void this.#told.add(event.failure.path);
      case "measuring":
        return this.#status?.show(measuringText(event.phase));
      case "serving":
        this.#isServing = true;
        return;
      case "measured":
        this.#hasTable = true;
    }
  }

  #showProgress(event: EventOf<"progress">): void {
    const now = this.#now();
    const running = this.#running.update(event, event.progress, now);
    if (this.#status === undefined || this.#isVerbose()) this.#progressLine(now, running);
    if (this.#status === undefined || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    // Other phases keep their word in place of the bar: the last of them may take long on a slow disk.
    if (this.#phase === undefined || this.#phase === "moving" || this.#phase === "listing") {
      const { known } = this.#running;
      if (known.length > 0) this.#status.render((columns) => statusLines(known, columns));
    }
  }

  #showTicket({ text, role, file }: TicketNotice): void {
    if (file !== undefined) return;
    if (!this.#terminal.stdout.isTerminal) return this.#terminal.stdout.write(`${escapeText(text)}\n`);
    this.#line("On the other computer, run:");
    // Apart from other lines, so that it is easy to select.
    this.#line("");
    this.#write(`    ${escapeText(commandFor(role, text))}\n`);
    this.#line("");
  }

  #progressLine(now: number, running: RunningTransfer): void {
    const { state } = running;
    if (state === undefined) return;
    const percent = state.listed ? percentOf(state.bytes, state.totalBytes) : 0;
    const passedMs = now - running.toldAt;
    const isDue = this.#isVerbose() || passedMs >= PROGRESS_LINE_MS ||
      percent - running.toldPercent >= PROGRESS_LINE_PERCENT;
    if (passedMs < LEAST_LINE_MS || !isDue) return;
    running.toldAt = now;
    running.toldPercent = percent;
    const line = progressLine(progressShare(state), state.lastSecondRate, progressDetail(state));
    // Where there may be several, each line says which one it is about: two clients may have the same file.
    this.#line(
      running.client === undefined ? line : `${line} - ${escapeText(running.name)}${ofClient(running.client)}`,
    );
  }

  /** Everything but a ticket's command passes here, so that nothing reaches the terminal unescaped, and no ticket with it. */
  #line(text: string): void {
    this.#write(`${shownText(text)}\n`);
  }

  #write(line: string): void {
    if (this.#status === undefined) this.#terminal.stderr.write(line);
    else this.#status.above(line);
  }
}

/** Phases of several transfers would only take each other's place. */
function isOfClient(event: EventOf<"phase">): boolean {
  return "client" in event && event.client !== undefined;
}

/** A line for each transfer that runs, as far as there are lines; whose it is comes first, as that tells them apart. */
function statusLines(running: readonly RunningTransfer[], columns: number): readonly string[] {
  const lines = running.slice(0, MOST_STATUS_LINES).flatMap(({ client, state }) => {
    const whose = client === undefined ? "" : `${client.remote}  `;
    return state === undefined ? [] : [whose + renderStatusLine(state, columns - whose.length)];
  });
  const more = running.length - lines.length;
  const all = more === 0 ? lines : [...lines, `and ${more} more`];
  return all.map((line) => truncate(line, columns - SPARE_COLUMNS));
}

/** The last lines of the terminal. */
class StatusLine {
  readonly #writer: TextWriter;
  #render: ((columns: number) => readonly string[]) | undefined;
  /** How many lines stand there. */
  #drawn = 1;

  constructor(writer: TextWriter) {
    this.#writer = writer;
  }

  show(text: string): void {
    this.render((columns) => [truncate(text, columns - SPARE_COLUMNS)]);
  }

  /** @param render makes the lines; called again whenever they are drawn again, with the width of that moment */
  render(render: (columns: number) => readonly string[]): void {
    this.#render = render;
    this.#writer.write(this.#cleared() + this.#text());
  }

  /** Writes a finished line, and the status again below it. In one piece, so that nothing flickers. */
  above(line: string): void {
    this.#writer.write(this.#render === undefined ? line : this.#cleared() + line + this.#text());
  }

  hide(): void {
    if (this.#render === undefined) return;
    this.#render = undefined;
    this.#writer.write(this.#cleared());
  }

  #cleared(): string {
    const text = CLEAR_LINE + CLEAR_ABOVE.repeat(this.#drawn - 1);
    this.#drawn = 1;
    return text;
  }

  #text(): string {
    const lines = this.#render?.(this.#writer.columns() ?? MIN_STATUS_COLUMNS) ?? [];
    this.#drawn = Math.max(1, lines.length);
    return lines.map(shownText).join("\n");
  }
}
