/**
 * Sentences and sheets that more than one kind of output shows. Pure.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { isInterruption } from "../base/interrupted.ts";
import { counted, formatBytes, formatCount, formatLeft, formatShare, formatSize, rateOf } from "../base/text.ts";
import { isTooShort, type Measurement, neededBytes, type TestVerdict } from "../measure/verdict.ts";
import type { RestartReason, Unkept } from "../protocol/words.ts";
import type {
  Client,
  ClientEnd,
  FileFailure,
  LeftOver,
  ListedName,
  RestartedFile,
  RunPhase,
  ServedFolders,
  TakenUp,
  TicketNotice,
  Warning,
} from "../session/events.ts";
import { advised } from "./advice.ts";
import { escapeText, peerText, truncate } from "./escape.ts";
import { commandLine } from "./command_line.ts";
import { bottleneckLine } from "./lines.ts";
import type { EventOf } from "./output.ts";
import type { StatusState } from "./progress.ts";
import { bottleneckText, findingText } from "./verdict.ts";

export const PHASES: Readonly<Record<RunPhase, string>> = {
  waiting: "Waiting for the other side",
  watching: "Watching the folder",
  connecting: "Connecting",
  proving: "Checking the ticket",
  listing: "Listing files",
  moving: "Transferring",
  committing: "Finishing files",
  confirming: "Waiting for the confirmation",
};

/** What the other side is to run, by what this one does. */
const COMMANDS: Readonly<Record<TicketNotice["role"], string>> = {
  receive: "ultra send PATH...",
  send: "ultra recv",
  serve: "ultra ls",
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

/** One line for one file, which is named once. */
export function failureLine({ path = UNNAMED, text }: FileFailure): string {
  return text.includes(`"${path}"`) ? `ultra: ${escapeText(text)}` : `ultra: ${shownPath(path)}: ${escapeText(text)}`;
}

/** Why a file does not go on where an earlier run ended. */
export function restartedLine({ path = UNNAMED, why }: RestartedFile): string {
  return `${shownPath(path)} begins anew: ${RESTARTS[why]}`;
}

const RESTARTS: Readonly<Record<RestartReason, string>> = {
  "source-changed": "the sender's file has changed since the interrupted transfer",
  "broken-journal": "the record of what had arrived is damaged",
  "other-version": "another version of ultra received its part",
  "other-part": "its part is gone, or another one",
  "not-ours": "something that is not yours has the name of its part",
  "chosen": "--restart",
};

/** What interrupted transfers have left. */
export function leftOverText({ parts, bytes, folder }: LeftOver): string {
  const [many, them] = parts === 1
    ? ["a part of a file that was", "it"]
    : [`${formatCount(parts)} parts of files that were`, "them"];
  const command = commandLine(["clean", folder]);
  return `${folder} holds ${many} not received to the end (${formatSize(bytes)}): ${command} lists ${them}`;
}

/** In place of a name that the engine does not know any more. */
export const UNNAMED = "a file";

type ErrorEvent = Omit<EventOf<"error">, "type">;

/** One line for an expected failure; for a bug its stack. */
export function errorLines(event: ErrorEvent): string[] {
  const { error } = event;
  if (error instanceof UltraError) return [`ultra: ${errorText(error, event.fromPeer)}`];
  const stack = error instanceof Error ? error.stack ?? `${error.name}: ${error.message}` : String(error);
  return ["ultra: internal error; this is a bug in ultra:", ...stack.split("\n")].map(escapeText);
}

/** The sentence of an expected failure: with what this side can do about it, or as the other side's words. */
export function errorText(error: UltraError, fromPeer: boolean): string {
  if (!fromPeer) return escapeText(advised(error));
  return isInterruption(error) ? "The other side was interrupted" : `The other side: ${peerText(error.message)}`;
}

/** How a client of a listener has gone that goes on without it. */
export function clientLine({ error, at, ...client }: ClientEnd): string {
  const who = clientText(client);
  if (error === undefined) return `${who}: done`;
  return `${who}: ${at === "door" ? "not let in: " : ""}${errorText(error, at === "peer")}`;
}

/** What is served, and what is done with what others send. */
export function servingText({ names, accept, maxClients }: ServedFolders): string {
  const takes = accept === undefined ? "" : `; what others send is saved in ${accept}`;
  return `Serving ${names.map(shownPath).join(", ")} to ${counted(maxClients, "client")} at the same time${takes}`;
}

/** What a client wants; of many paths the first ones. */
export function askedText({ remote, ticket, what, paths }: EventOf<"asked">): string {
  const shown = paths.slice(0, SHOWN_PATHS).map((path) => truncate(shownPath(path), SHOWN_PATH_COLUMNS));
  const more = paths.length > shown.length ? ` and ${formatCount(paths.length - shown.length)} more` : "";
  return `${clientText({ remote, ticket })}: ${what === "list" ? "ls" : "get"}${
    shown.length === 0 ? "" : ` ${shown.join(" ")}`
  }${more}`;
}

/** A client by its address, and by the label of its ticket. */
export function clientText({ remote, ticket }: Pick<Client, "remote" | "ticket">): string {
  return ticket === undefined ? remote : `${remote} (ticket ${ticket})`;
}

const SHOWN_PATHS = 5;
const SHOWN_PATH_COLUMNS = 200;

/** A line of a list: size, time, and the path that fetches it. */
export function listedLine({ path, kind, bytes, modifiedSeconds, target }: ListedName): string {
  const size = kind === "file" ? formatCount(bytes) : "-";
  const what = kind === "folder" ? "/" : target === undefined ? "" : ` -> ${shownPath(target)}`;
  return `${size.padStart(SIZE_COLUMNS)}  ${minuteOf(modifiedSeconds)}  ${shownPath(path)}${what}`;
}

/** A hundred gigabytes with their commas. */
const SIZE_COLUMNS = 15;

/** By the clock on the wall here. */
function minuteOf(seconds: number): string {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return "-".padEnd(16);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${
    two(at.getMinutes())
  }`;
}

/** Nothing comes from the other side, and it may still come back by itself. */
export function stalledText(silentMs: number): string {
  return `Stalled: nothing heard of the other side for ${Math.floor(silentMs / 1000)} s`;
}

export function lostText(error: UltraError, retryForMs: number): string {
  return `${error.message}; retrying for up to ${formatLeft(retryForMs / 1000)}`;
}

export function returnedText({ lostMs, connection }: Pick<EventOf<"returned">, "lostMs" | "connection">): string {
  const how = connection === "new" ? " on a new connection" : "";
  const seconds = (lostMs / 1000).toFixed(1);
  return `The other side is back${seconds === "0.0" ? "" : ` after ${seconds} s`}${how}`;
}

/** A listener that was started again. What it shows next works as well. */
export function takenUpText({ role, peer, beganMs, came }: TakenUp): string {
  const began = new Date(beganMs);
  const clock = [began.getHours(), began.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
  const afresh = role === "send" ? "" : "; --restart starts afresh";
  const whose = `the transfer ${role === "send" ? "to" : "from"} ${peer} of ${clock}`;
  if (came?.hasMoved === false) return `Waiting again for ${whose}, of which nothing has moved yet${afresh}`;
  return `Going on with ${whose}${farText(came)}${afresh}`;
}

function farText(came: TakenUp["came"]): string {
  if (came === undefined) return "";
  const files = counted(came.files, "file");
  // Of several files more may have arrived; that a lone one has is noted at once.
  if (came.isAtLeast !== true || came.files === 1) return ` (${formatCount(came.filesArrived)} of ${files})`;
  return came.filesArrived === 0 ? ` (${files})` : ` (at least ${formatCount(came.filesArrived)} of ${files})`;
}

/** What a user has to know who did not ask for it. */
export const OLDER_FORMAT =
  "the other side speaks only the older format (blazing): slower, not verified per block, no resume";

/** The other side of a transfer is another process now. */
export const PEER_RESTARTED = "The other side was started again: going on with what is there";

/** What the user may want to change. */
export function warningText(warning: Warning): string {
  switch (warning.about) {
    case "long-lived-ticket-typed":
      return "This ticket works more than once, and what is typed may stay in the shell's history: use --ticket FILE";
    case "previous-version": {
      const { path, name } = warning;
      const file = name === "" ? "a file that is gone" : name;
      return `${path} is the previous version of ${file}, left by a run that was killed: see ultra clean`;
    }
    case "not-sent":
      if (warning.name.includes("\u{fffd}")) {
        return `${shownPath(warning.name)} is no file or folder of a name in UTF-8, and stays where it is`;
      }
      return `${shownPath(warning.name)} is neither a file nor a folder, and stays where it is`;
    case "no-place-for-sent":
      return `${
        shownPath(warning.name)
      } is no folder, though what has arrived is moved there: give it another name, and it is sent as well`;
    case "not-put-away":
      return `${shownPath(warning.name)} has arrived and is still in the folder: ${warning.why}`;
    case "nothing-kept":
      return warning.why === "in-use"
        ? "This transfer cannot be taken up after a restart: another ultra that does the same is running"
        : "This transfer cannot be taken up after a restart: the folder for state cannot be written (XDG_STATE_HOME names another one)";
    case "confirmed-not-kept":
      return "Files that are taken away are received again if they are sent again: what was confirmed cannot be kept (XDG_STATE_HOME names another folder for it), or another ultra keeps it for this folder";
    case "ticket-file-readable":
      return `Other users may read the ticket file ${warning.path}: chmod 600 makes it private`;
    case "ticket-file-unprotected": {
      const { path } = warning;
      return `The disk of the ticket file ${path} keeps no permissions: whoever can reach that disk can read and change it`;
    }
  }
}

/** What happens with what is dropped into a folder. */
export function watchingText(folder: string, then: EventOf<"watching">["then"], quietMs: number): string {
  return `Watching ${folder}: what has not changed for ${quietMs / 1000} s is sent, and ${THEN[then]}`;
}

const THEN: Readonly<Record<EventOf<"watching">["then"], string>> = {
  keep: "stays there",
  move: "moved to sent/ when it has arrived",
  delete: "removed when it has arrived",
};

/** A file that is complete although nobody finds it any more under its name. */
export function nameLostText(path: string = UNNAMED): string {
  return `${shownPath(path)} was deleted or replaced while it was sent; the file that was opened is sent complete`;
}

/** One warning for a whole transfer: the contents are there, but not all that is known of the files. */
export function unkeptText(unkept: Unkept, folder: string): string {
  const who = unkept.owner || unkept.xattrs || unkept.acl
    ? "or the rights of its user do not allow them"
    : "refuses them";
  return `${unkeptWords(unkept)} are not kept there: the file system of ${folder} ${who}`;
}

/** Likewise at the sender. */
export function unsentText(unsent: Unkept): string {
  return `${
    unkeptWords(unsent)
  } of some entries are not sent: they cannot be read, are too large, or have names that are not UTF-8`;
}

function unkeptWords(unkept: Unkept): string {
  const what = UNKEPT_WORDS.filter(([word]) => unkept[word]).map(([, text]) => text);
  const last = what.pop() ?? "";
  const list = what.length === 0 ? last : `${what.join(", ")} and ${last}`;
  return `${list.charAt(0).toUpperCase()}${list.slice(1)}`;
}

const UNKEPT_WORDS: readonly (readonly [keyof Unkept, string])[] = [
  ["mode", "modes"],
  ["time", "times"],
  ["links", "hard links"],
  ["owner", "owners"],
  ["xattrs", "extended attributes"],
  ["acl", "ACLs"],
];

/**
 * What of a transfer that did not come to its end is there all the same; empty when nothing can be said.
 *
 * @param resumes whether the same command goes on with a file that did not arrive
 */
export function arrivedText(
  state: StatusState,
  resumes: boolean,
): string {
  const { files, filesArrived, filesPresent, movedBytes, listed } = state;
  const arrived = filesArrived - filesPresent;
  // Nothing has changed on the receiver: the reason of the end says it all.
  if (files === 0 || (arrived === 0 && movedBytes <= 0)) return "";
  const partBytes = resumes ? state.partBytes : 0;
  // (A sender may not have heard of those that did.)
  if (filesArrived === 0) return partBytes === 0 ? "No file is known to have arrived" : partText(state);
  const count = listed ? `${formatCount(arrived)} of ${counted(files, "file")}` : counted(arrived, "file");
  const parts = partBytes === 0 ? "" : ` and ${formatSize(partBytes)} of the rest`;
  const verb = arrived === 1 && partBytes === 0 ? "is" : "are";
  const there = `${formatCount(filesPresent)} ${filesPresent === 1 ? "was" : "were"} there already`;
  const what = filesPresent === 0 ? `arrived and ${verb} kept` : `arrived, ${there}`;
  const next = partBytes === 0 ? "the next transfer skips what is there" : "the same command again goes on from there";
  return `${count}${parts} ${what}; ${next}`;
}

/** The same where no file is at its place, and parts of some stay. */
function partText({ name, files, partBytes, totalBytes, listed }: StatusState): string {
  const whose = name === "" ? "" : ` of ${shownPath(name)}`;
  const share = listed ? formatShare(partBytes, totalBytes) : formatSize(partBytes);
  const count = listed && files > 1 ? ` (0 of ${counted(files, "file")})` : "";
  return `${share}${whose} arrived and are kept${count}; the same command again goes on with them`;
}

/** The heading of the table of a test. */
export function measurementHeading(): string {
  return measurementRow("FROM", "TO", "MB/s", "Mbit/s", "WHAT LIMITED IT");
}

/** One phase of a test. */
export function measurementLine({ way, from, to, bytes, seconds, verdict }: Measurement): string {
  const rate = rateOf(bytes, seconds);
  const [source, target] = placesOf(way, from, to);
  const limit = isTooShort({ verdict, seconds })
    ? `too short to say (${seconds.toFixed(2)} s); it takes about ${formatBytes(neededBytes([{ bytes, seconds }]))}`
    : findingText(verdict.finding);
  return measurementRow(source, target, (rate / 8e6).toFixed(1), (rate / 1e6).toFixed(1), limit);
}

/** Why a test goes on when all kinds were measured once. */
export const AGAIN: Readonly<Record<EventOf<"measuring-again">["why"], string>> = {
  "too-short": "Some of that was too short to say: measuring it again with more ...",
  "chance": "Measuring some of it again, so that no moment's chance is taken for a bottleneck ...",
};

/** What a phase of a test moves. */
export function measuringText(
  { way, from, to, bytes }: Pick<Measurement, "way" | "from" | "to" | "bytes">,
): string {
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
export function testVerdictLine(verdict: TestVerdict): string {
  return bottleneckLine(WAYS[verdict.way], bottleneckText(verdict));
}

const WAYS: Readonly<Record<Measurement["way"], string>> = {
  send: "from here to there",
  receive: "from there to here",
  local: "on this machine",
};

/** A name that looks like a flag is shown so that it can be copied into a command. */
export function shownPath(path: string): string {
  return escapeText(path.startsWith("-") ? `./${path}` : path);
}
