/**
 * The last line of a transfer and the sheet that hangs under it: what it was, where it is, its hash, what limited it, and whatever is not as
 * expected. With `-v` the sheet has everything. Pure.
 *
 * @module
 */

import { isChosen } from "../transfer/left_out.ts";
import type { FileFailure, TransferFacts } from "../session/events.ts";
import type { Verdict } from "../verdict/finding.ts";
import { helpText } from "./advice.ts";
import { escapeText, widthOf } from "./escape.ts";
import {
  counted,
  formatBytes,
  formatCount,
  formatDuration,
  formatHex,
  formatRate,
  formatSize,
  rateOf,
} from "../base/text.ts";
import { LEFT_OUT_REASONS } from "./left_out.ts";
import { completeLine, incompleteLine, nothingToDoLine } from "./lines.ts";
import { shownPath, UNNAMED } from "./messages.ts";
import { findingText } from "./verdict.ts";

export interface SheetOptions {
  readonly isVerbose: boolean;
  /** Whether a failure has not been told yet. */
  readonly isNews: (failure: FileFailure) => boolean;
  /** Whether the command has a flag that takes what is left out for no failure. */
  readonly canAccept: boolean;
}

/** Failures and names that the sheet lists. */
const MAX_LISTED = 20;

/** Columns of a sheet: it fits the narrowest usual terminal. Paths are longer where they are, so that they can be copied. */
const WIDTH = 79;

const INDENT = "  ";

/** Columns of the labels: behind the longer ones, which `-v` has, a hash of 64 digits still fits. */
const LABELS = { short: 10, long: 13 } as const;

type Row = readonly [label: string, value: string];

export function closingSheet(facts: TransferFacts, { isVerbose, isNews, canAccept }: SheetOptions): string[] {
  const { seconds, failedCount, leftOutCount, files, presentFiles } = facts;
  // What did not travel is no speed.
  const bytes = facts.bytes - facts.resumedBytes;
  if (failedCount + leftOutCount > 0) {
    const told = facts.failed.filter((failure) => !isNews(failure)).length;
    return [
      incompleteLine(facts, bytes, seconds),
      ...rows(facts, isVerbose),
      ...listed(facts, isNews, told, isVerbose),
      // What was not found has a wrong name more often than a right one.
      ...canAccept && leftOutCount > (facts.leftOutReasons["not-found"] ?? 0) && !facts.isLeftOutAccepted
        ? ["  If that is right, --allow-left-out takes it for complete"]
        : [],
      ...verdict(facts, isVerbose),
    ];
  }
  if (files === 0 && presentFiles > 0 && keptFiles(facts) === 0) {
    return [
      nothingToDoLine(presentText(facts)),
      ...isVerbose ? [...rows(facts, isVerbose), ...verdict(facts, isVerbose)] : [],
    ];
  }
  return [completeLine(bytes, seconds), ...rows(facts, isVerbose), ...verdict(facts, isVerbose)];
}

/** Files that are there and differ, and stay by choice. */
function keptFiles({ leftOutReasons }: TransferFacts): number {
  return leftOutReasons.kept ?? 0;
}

/** What was there before, when it was everything. */
function presentText(
  { name, presentFiles, confirmedFiles }: Pick<TransferFacts, "name" | "presentFiles" | "confirmedFiles">,
): string {
  if (confirmedFiles === presentFiles) {
    const what = name === undefined ? counted(presentFiles, "file") : escapeText(name);
    return `${what} ${name === undefined && presentFiles > 1 ? "were" : "was"} confirmed before`;
  }
  if (confirmedFiles > 0) {
    const there = presentFiles - confirmedFiles;
    const confirmed = `${formatCount(confirmedFiles)} ${confirmedFiles === 1 ? "was" : "were"} confirmed before`;
    return `${counted(there, "file")} ${there === 1 ? "is" : "are"} already there, ${alike(there)}, and ${confirmed}`;
  }
  const all = presentFiles === 2 ? "both files" : `all ${counted(presentFiles, "file")}`;
  if (name === undefined) return `${all} are already there, ${alike(presentFiles)}`;
  const many = presentFiles === 1 ? "" : ` (${counted(presentFiles, "file")})`;
  return `${escapeText(name)} is already there, ${alike(presentFiles)}${many}`;
}

/** What a file that was there was found by; its contents were not read. */
function alike(files: number): string {
  return files === 1 ? "with the same size and time" : "with the same sizes and times";
}

function rows(facts: TransferFacts, isVerbose: boolean): string[] {
  const all = isVerbose ? everything(facts) : expected(facts);
  return shownRows([...all, ...notices(facts, isVerbose)], isVerbose);
}

/** What limited the speed: the last word of a sheet. */
function verdict(facts: TransferFacts, isVerbose: boolean): string[] {
  return shownRows(verdictRows(facts.verdict, isVerbose), isVerbose);
}

function shownRows(all: readonly Row[], isVerbose: boolean): string[] {
  const width = isVerbose ? LABELS.long : LABELS.short;
  return all.flatMap(([label, value]) => shownRow(label, value, width));
}

/** What and where, and the hash of a single file. */
function expected({ role, name, savedTo, files, fileRoot }: TransferFacts): Row[] {
  const many = files === 1 ? "" : ` (${counted(files, "file")})`;
  const sent: Row = ["Sent", name === undefined ? counted(files, "file") : `${escapeText(name)}${many}`];
  const saved: Row[] = savedTo === undefined ? [] : [["Saved to", `${escapeText(savedTo)}${many}`]];
  const place = role === "send" ? [sent] : saved;
  return [
    ...files > 0 ? place : [],
    ...fileRoot === undefined ? [] : [["BLAKE3", formatHex(fileRoot)] as const],
  ];
}

function everything(facts: TransferFacts): Row[] {
  const { bytes, seconds, fileRoot } = facts;
  return [
    ...expected({ ...facts, fileRoot: undefined }),
    ["Files", formatCount(facts.files)],
    ["Bytes", `${formatCount(bytes)} (${formatBytes(bytes)})`],
    ["Time", formatDuration(seconds)],
    ["Rate", formatRate(rateOf(bytes - facts.resumedBytes, seconds))],
    ...fileRoot === undefined ? [] : [["BLAKE3", formatHex(fileRoot)] as const],
    // Two lines: the label and 64 digits are wider than a terminal.
    ["Transfer root", ""],
    ["", formatHex(facts.transferRoot)],
  ];
}

function formatRows({ format }: TransferFacts): Row[] {
  return format === "blazing" ? [["Format", "older (blazing): not verified per block, no resume"]] : [];
}

/** What hangs also under the one line of a client that is done: what a transfer in the older format does not promise. */
export function clientSheet(facts: TransferFacts): string[] {
  return facts.files === 0 ? [] : shownRows(formatRows(facts), false);
}

/** What is not as one expects it, or with `-v` that it is. */
function notices(facts: TransferFacts, isVerbose: boolean): Row[] {
  const { presentFiles, presentBytes, confirmedFiles, resumedBytes, resentBytes, durable, noSync } = facts;
  const present = `${counted(presentFiles, "file")}, ${formatSize(presentBytes)}`;
  const kept = keptFiles(facts);
  return [
    ...formatRows(facts),
    ...presentFiles > 0 || isVerbose
      ? [["There", `${present} ${presentFiles === 1 ? "was" : "were"} there before`] as const]
      : [],
    ...confirmedFiles > 0
      ? [["Confirmed", `${formatCount(confirmedFiles)} of these before, and not there any more`] as const]
      : [],
    ...kept > 0
      ? [["Kept", `${counted(kept, "other file")} that ${kept === 1 ? "was" : "were"} there before`] as const]
      : [],
    ...resumedBytes > 0 ? [["Resumed", `${formatSize(resumedBytes)} had arrived in an earlier run`] as const] : [],
    ...resentBytes > 0 || isVerbose ? [["Resent", formatBytes(resentBytes)] as const] : [],
    ...noSync
      ? [["Durable", "no: --no-sync did not wait for the disk, and a power cut may take the files"] as const]
      : [],
    ...!durable && !noSync
      ? [["Durable", "no: that file system cannot sync, and a power cut may take the files"] as const]
      : [],
    ...durable && !noSync && isVerbose ? [["Durable", "yes"] as const] : [],
  ];
}

/** What limited the speed, and what would help. */
function verdictRows({ finding, help }: Verdict, isVerbose: boolean): Row[] {
  if (finding.limit === "too-short" && !isVerbose) return [];
  return [["Verdict", findingText(finding)], ...help === undefined ? [] : [["Help", helpText(help)] as const]];
}

/** One row, its value continued below itself where it is words that do not fit. */
function shownRow(label: string, value: string, width: number): string[] {
  const head = `${INDENT}${label.padEnd(width)}`;
  const lines = wrapWords(value, WIDTH - head.length);
  return lines.map((line, index) => `${index === 0 ? head : " ".repeat(head.length)}${line}`.trimEnd());
}

/** Breaks a text between words; a longer word stays whole. */
function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && widthOf(longer) > columns) lines.push(line);
    line = line !== "" && widthOf(longer) > columns ? word : longer;
  }
  return [...lines, line];
}

function listed(
  { failed, failedCount, leftOut, leftOutCount }: TransferFacts,
  isNews: (failure: FileFailure) => boolean,
  told: number,
  isVerbose: boolean,
): string[] {
  const missing = leftOut.filter(({ reason }) => !isChosen(reason));
  const names = missing.map(({ path, reason }) => ({ path, text: LEFT_OUT_REASONS[reason] }));
  return [
    ...shownNames(failed.filter(isNews), failedCount - told, "failed"),
    ...leftOutCount > 0 ? shownRows([["Left out", formatCount(leftOutCount)]], isVerbose) : [],
    ...shownNames(names, leftOutCount, "left out"),
  ];
}

function shownNames(
  names: readonly Named[],
  count: number,
  what: string,
): string[] {
  const shown = names.slice(0, MAX_LISTED);
  const lines = shown.map((name) => `    ${aboutFile(name)}`);
  const more = count - shown.length;
  return more > 0 ? [...lines, `    and ${formatCount(more)} more ${what}`] : lines;
}

interface Named {
  readonly path: string | undefined;
  readonly text: string;
}

function aboutFile({ path = UNNAMED, text }: Named): string {
  return `${shownPath(path)}: ${escapeText(text)}`;
}
