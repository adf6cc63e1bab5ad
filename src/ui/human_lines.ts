/**
 * Each type of event as the lines that a person reads. Pure: what an event does to the status line is in `human.ts`.
 *
 * @module
 */

import { type Again, TICKET_PLACE } from "./command_line.ts";
import { UltraError } from "../base/errors.ts";
import { counted, formatBytes, formatCount, formatLeft, formatSize } from "../base/text.ts";
import type { Existing } from "../protocol/words.ts";
import type { Client, FileFailure } from "../session/events.ts";
import { LEAVES_PARTS } from "../transfer/outcome.ts";
import { describe } from "./advice.ts";
import { escapeText } from "./escape.ts";
import { lastingTicketLine, listedTicketLine, listedTicketsLine, revokedTicketLine } from "./lasting_tickets.ts";
import { cleanedLines, leftoverLine } from "./leftovers.ts";
import { addedLine, configLine, openedLine, settingsLine, startLine } from "./lines.ts";
import {
  AGAIN,
  arrivedText,
  askedText,
  clientLine,
  clientText,
  commandForFile,
  errorLines,
  failureLine,
  leftOverText,
  lostText,
  measurementHeading,
  measurementLine,
  nameLostText,
  OLDER_FORMAT,
  PEER_RESTARTED,
  PHASES,
  restartedLine,
  returnedText,
  servingText,
  stalledText,
  takenUpText,
  testVerdictLine,
  unkeptText,
  unsentText,
  warningText,
  watchingText,
} from "./messages.ts";
import type { EventTable } from "./output.ts";
import type { StatusState } from "./progress.ts";
import { clientSheet, closingSheet } from "./sheet.ts";

/** What the lines of an event depend on besides the event. */
export interface HumanView {
  readonly isVerbose: () => boolean;
  /** Whether a status line shows what the run is busy with. */
  readonly hasStatus: boolean;
  /** Where the transfer that runs stood last. */
  readonly state: () => StatusState | undefined;
  /** Whether a failure has not been told yet. */
  readonly isNews: (failure: FileFailure) => boolean;
  /** Whether a measurement was told before. */
  readonly hasTable: () => boolean;
  /** The command that goes on with what the run leaves unfinished. */
  readonly again: () => Again | undefined;
  /** Whether that takes up what an interrupted transfer leaves of a file. */
  readonly resumes: () => boolean;
  /** Whether this is a server, which has its own word on what counts as complete. */
  readonly isServing: () => boolean;
}

export function humanLines(view: HumanView): EventTable<readonly string[]> {
  const ifVerbose = (line: () => string) => view.isVerbose() ? [line()] : [];
  return {
    // On a status line it stands there; in a log the ⚡ lines tell of moving.
    "phase": ({ phase }) => view.hasStatus || phase === "moving" ? [] : [`${PHASES[phase]} ...`],
    "ipv4-only": () => ["This system has no IPv6: listening on IPv4 only"],
    "older-format": ({ asked }) => asked ? [] : [`Note: ${OLDER_FORMAT}`],
    "wrong-proof": ({ error }) => [`Warning: ${describe(error)}`],
    // A ticket on the terminal stands in a command, which is no line like others.
    "ticket": ({ ticket: { file, role } }) =>
      file === undefined ? [] : [
        `The ticket is in ${file}. With a copy of it, run on the other computer:`,
        "",
        `    ${commandForFile(role)}`,
        "",
      ],
    "memory-bound": ({ bytes }) => [
      `Profile max: windows and buffers of this process may take up to ${formatBytes(bytes)} of memory`,
    ],
    "offering": ({ offered: { files, bytes, leftOut } }) => {
      const less = leftOut === 0 ? "" : `, ${formatCount(leftOut)} left out`;
      return [`Offering ${counted(files, "file")}, ${formatSize(bytes)}${less}`];
    },
    "receiving-into": ({ folder, existing }) => [`Files will be saved in ${folder}${EXISTING[existing]}`],
    "watching": ({ folder, then, quietMs }) => [watchingText(folder, then, quietMs)],
    "retrying": ({ afterMs }) => [`Trying again in ${formatLeft(Math.ceil(afterMs / 1000))}`],
    "on-clipboard": ({ content, paths }) => [
      content === "text"
        ? "The text is on the clipboard, and nowhere else"
        : `On the clipboard: ${counted(paths.length, "item")}`,
    ],
    "started": ({ start: { name, bytes }, client }) => [startLine(name, bytes) + ofClient(client)],
    "config": ({ config }) => ifVerbose(() => configLine(config)),
    "opened": ({ streams }) => ifVerbose(() => openedLine(streams)),
    "added": ({ added: { connection, streams } }) => ifVerbose(() => addedLine(connection, streams)),
    "settings": ({ reported }) => ifVerbose(() => settingsLine(reported)),
    // How often it has a line depends on the time.
    "progress": () => [],
    "stalled": ({ silentMs }) => [stalledText(silentMs)],
    "connection-lost": ({ error, retryForMs }) => [lostText(error, retryForMs)],
    "returned": (event) => [returnedText(event)],
    "peer-restarted": () => [PEER_RESTARTED],
    "file-failed": ({ failure }) => [failureLine(failure)],
    "name-lost": ({ path }) => [`Note: ${nameLostText(path)}`],
    "restarted": ({ restarted }) => [restartedLine(restarted)],
    "left-over": ({ leftOver }) => [`Note: ${leftOverText(leftOver)}`],
    "unkept": ({ unkept, folder }) => [`Warning: ${unkeptText(unkept, folder)}`],
    "unsent": ({ unsent }) => [`Warning: ${unsentText(unsent)}`],
    "complete": ({ facts, client }) => {
      const sheet = closingSheet(facts, {
        isVerbose: view.isVerbose(),
        isNews: view.isNews,
        canAccept: !view.isServing(),
      });
      if (client === undefined) return sheet;
      // One line for each client that is done, unless there is more that one has to know.
      const [first = "", ...more] = sheet;
      const isAsExpected = facts.failedCount === 0 && facts.leftOutCount === 0;
      const what = facts.name === undefined ? "" : `, ${escapeText(facts.name)}`;
      return [`${first}${what}${ofClient(client)}`, ...isAsExpected && !view.isVerbose() ? clientSheet(facts) : more];
    },
    "serving": ({ served }) => [servingText(served)],
    "asked": (event) => [askedText(event)],
    // It is what was asked for, and goes to standard output.
    "listed": () => [],
    "version": () => [],
    "client-over": ({ client }) => client.error === undefined ? [] : [clientLine(client)],
    "measuring": () => [],
    "measuring-again": ({ why }) => [AGAIN[why]],
    "measured": ({ measurement }) => [
      ...view.hasTable() ? [] : [measurementHeading()],
      measurementLine(measurement),
    ],
    "tested": ({ verdicts }) => verdicts.map(testVerdictLine),
    "leftover": ({ leftover, ageSeconds }) => [leftoverLine(leftover, ageSeconds)],
    "cleaned": ({ cleaned }) => cleanedLines(cleaned),
    // The ticket itself goes to standard output.
    "lasting-ticket": ({ port, ticket }) => [lastingTicketLine(port, ticket)],
    "ticket-listed": ({ ticket, isExpired }) => [listedTicketLine(ticket, isExpired)],
    "tickets-listed": ({ count }) => [listedTicketsLine(count)],
    "ticket-revoked": ({ label }) => [revokedTicketLine(label)],
    "taken-up": ({ taken }) => [takenUpText(taken)],
    "warning": ({ warning }) => [`Warning: ${warningText(warning)}`],
    "error": (event) => [...errorLines(event), ...arrivedBefore(event.error, view)],
    "interrupted": () => arrived("Interrupted. ", view, true),
    "debug": ({ line }) => [line],
    "exit": () => goOn(view.again()),
  };
}

/** What becomes of files that are there and differ, where a user wanted something else than that what arrives is left out. */
const EXISTING: Readonly<Record<Existing, string>> = {
  refuse: "",
  skip: "; those that are there stay as they are",
  update: "; those that are there and older are replaced",
  replace: "; those that are there and differ are replaced",
  rename: "; those that are there stay, and what differs gets another name",
  backup: "; those that are there and differ become NAME.~1~",
};

/** Whose a line is, where there may be several transfers. */
export function ofClient(client: Client | undefined): string {
  return client === undefined ? "" : ` - ${clientText(client)}`;
}

/** What to type to go on with a transfer that came to no end; apart from other lines, so that it is easy to select. */
function goOn(again: Again | undefined): string[] {
  if (again === undefined) return [];
  const { command, other } = again;
  const ticket = command.includes(TICKET_PLACE) ? `, with the same ticket in place of ${TICKET_PLACE}` : "";
  const how = other === "ends"
    ? `run the same commands again on both sides. On this one${ticket}`
    : `run the same command again${ticket}; if the other side was \`ultra send\`, that one first`;
  return [`To go on, ${how}:`, "", `    ${command}`, ""];
}

/** Whether the receiver keeps what it has of a file after such an end: a ticket that was taken back ends more than a transfer. */
function leavesParts(error: unknown): boolean {
  return error instanceof UltraError && LEAVES_PARTS.has(error.kind);
}

/** What had arrived before an error. Where that is everything, and the disk failed the end of it, the error itself says what became of it. */
function arrivedBefore(error: unknown, view: HumanView): string[] {
  const state = view.state();
  const isAll = state?.listed === true && state.filesArrived === state.files;
  if (isAll && error instanceof UltraError && error.kind === "disk") return [];
  return arrived("", view, leavesParts(error));
}

/** What of a transfer that did not come to its end is there all the same. */
function arrived(before: string, view: HumanView, hasParts: boolean): string[] {
  const state = view.state();
  const text = `${before}${state === undefined ? "" : arrivedText(state, hasParts && view.resumes())}`.trim();
  return text === "" ? [] : [text];
}
