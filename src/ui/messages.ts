/**
 * Sentences and sheets that more than one kind of output shows. Pure.
 *
 * @module
 */

import { UltraError } from "../errors.ts";
import { escapeText } from "./escape.ts";
import { formatBytes, formatCount, formatDuration, formatHex, formatRate, rateOf } from "./format.ts";
import type { Measurement, TestVerdict } from "../tuning/test_verdict.ts";
import type { Verdict } from "../tuning/verdict.ts";
import { bottleneckLine, completeLine, incompleteLine, verdictLine } from "./lines.ts";
import { LEFT_OUT_REASONS } from "./left_out.ts";
import type { FileFailure, RunPhase, TicketNotice, TransferFacts } from "./output.ts";

/** Failures that the fact sheet lists; all of them were told when they happened. */
const MAX_LISTED = 20;

export const PHASES: Readonly<Record<RunPhase, string>> = {
  waiting: "Waiting for the other side",
  connecting: "Connecting",
  proving: "Checking the ticket",
  listing: "Listing files",
  moving: "Transferring",
  committing: "Finishing files",
  confirming: "Waiting for the confirmation",
  reconnecting: "Connection lost, connecting again",
};

/** What the other side is to run, by what this one does. */
const COMMANDS: Readonly<Record<TicketNotice["role"], string>> = {
  receive: "ultra send PATH...",
  send: "ultra recv",
  test: "ultra test",
};

/** What to type on the other side. */
export function commandFor(role: TicketNotice["role"], ticket: string): string {
  return `${COMMANDS[role]} ${ticket}`;
}

/** What to type there when the ticket travels in a file. */
export function commandForFile(role: TicketNotice["role"]): string {
  return `${COMMANDS[role]} --ticket FILE`;
}

/** One line for one file. */
export function failureLine({ path, text }: FileFailure): string {
  return `ultra: ${shownPath(path)}: ${escapeText(text)}`;
}

/** One line for an expected failure; for a bug its stack. */
export function errorLines(error: unknown): string[] {
  if (error instanceof UltraError) return [`ultra: ${errorText(error)}`];
  const stack = error instanceof Error ? error.stack ?? `${error.name}: ${error.message}` : String(error);
  return ["ultra: internal error; this is a bug in ultra:", ...stack.split("\n")].map(escapeText);
}

/** The sentence of an expected failure, with what it is about. */
export function errorText(error: UltraError): string {
  const { message, subject } = error;
  const named = subject === undefined || message.includes(subject) ? message : `${message}: ${subject}`;
  return escapeText(named);
}

/** The last line of a transfer, and what one may want to know of it. */
export function factSheet(facts: TransferFacts): string[] {
  const { bytes, seconds, failedCount, leftOutCount } = facts;
  const isComplete = failedCount + leftOutCount === 0;
  const head = isComplete ? completeLine(bytes, seconds) : incompleteLine(facts, bytes, seconds);
  const [rootName, root] = facts.fileRoot === undefined
    ? ["Transfer root", facts.transferRoot]
    : ["BLAKE3", facts.fileRoot];
  const rows: [string, string][] = [
    ["Files", formatCount(facts.files)],
    ["Bytes", `${formatCount(bytes)} (${formatBytes(bytes)})`],
    ["Time", formatDuration(seconds)],
    ["Rate", formatRate(rateOf(bytes, seconds))],
    [rootName, formatHex(root)],
    ["Resent", formatBytes(facts.resentBytes)],
    ["Already there", `${formatCount(facts.presentFiles)} files (${formatBytes(facts.presentBytes)})`],
    ["Failed", formatCount(failedCount)],
    ...leftOutCount > 0 ? [["Left out", formatCount(leftOutCount)] as [string, string]] : [],
    ["Durable", facts.durable ? "yes" : "no"],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const sheet = rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`);
  return [head, ...sheet, ...listed(facts), ...verdictLines(facts.verdict)];
}

/** What limited the speed, and what would help. */
export function verdictLines({ sentence, help }: Verdict): string[] {
  return help === undefined ? [verdictLine(sentence)] : [verdictLine(sentence), `  Help: ${help}`];
}

/** The heading of the table of a test. */
export function measurementHeading(): string {
  return measurementRow("FROM", "TO", "MB/s", "Mbit/s", "WHAT LIMITED IT");
}

/** One phase of a test. */
export function measurementLine({ way, from, to, bytes, seconds, verdict }: Measurement): string {
  const rate = rateOf(bytes, seconds);
  const [source, target] = placesOf(way, from, to);
  return measurementRow(source, target, (rate / 8e6).toFixed(1), (rate / 1e6).toFixed(1), verdict.sentence);
}

/** What a phase of a test moves. */
export function measuringText({ way, from, to, bytes }: Pick<Measurement, "way" | "from" | "to" | "bytes">): string {
  const [source, target] = placesOf(way, from, to);
  return `Measuring ${source} to ${target} (${formatBytes(bytes)}) ...`;
}

/** The columns: the longest place is "memory there". */
function measurementRow(source: string, target: string, bytes: string, bits: string, limit: string): string {
  return `  ${source.padEnd(14)}${target.padEnd(14)}${bytes.padStart(9)}${bits.padStart(10)}  ${limit}`;
}

function placesOf(way: Measurement["way"], from: string, to: string): [source: string, target: string] {
  if (way === "local") return [from, to];
  return way === "send" ? [`${from} here`, `${to} there`] : [`${from} there`, `${to} here`];
}

/** What is the bottleneck of one way. */
export function testVerdictLine({ way, sentence }: TestVerdict): string {
  return bottleneckLine(WAYS[way], sentence);
}

const WAYS: Readonly<Record<Measurement["way"], string>> = {
  send: "from here to there",
  receive: "from there to here",
  local: "on this machine",
};

function listed({ failed, failedCount, leftOut, leftOutCount, isLeftOutAccepted }: TransferFacts): string[] {
  const missing = leftOut.filter(({ reason }) => reason !== "chosen");
  const names = missing.map(({ path, reason }) => ({ path, text: LEFT_OUT_REASONS[reason] }));
  const lines = [
    ...shownNames(failed, failedCount, "failed"),
    ...shownNames(names, leftOutCount, "left out"),
  ];
  const isNew = leftOutCount > 0 && !isLeftOutAccepted;
  return isNew ? [...lines, "  If that is right, --allow-left-out makes it exit code 0"] : lines;
}

function shownNames(
  names: readonly { readonly path: string; readonly text: string }[],
  count: number,
  what: string,
): string[] {
  const shown = names.slice(0, MAX_LISTED);
  const lines = shown.map(({ path, text }) => `    ${shownPath(path)}: ${escapeText(text)}`);
  const more = count - shown.length;
  return more > 0 ? [...lines, `    and ${formatCount(more)} more ${what}`] : lines;
}

/** A name that looks like a flag is shown so that it can be copied into a command. */
function shownPath(path: string): string {
  return escapeText(path.startsWith("-") ? `./${path}` : path);
}
