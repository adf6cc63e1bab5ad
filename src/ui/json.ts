/**
 * `--json`: one object a line on standard output and nothing else there; the last one is the exit.
 *
 * Errors and debug lines go to standard error as well, so that the log of a script that failed has them.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { formatHex, percentOf, rateOf } from "../base/text.ts";
import type { UserEvent } from "../measure/events.ts";
import type { TestVerdict } from "../measure/verdict.ts";
import { withoutTickets } from "../protocol/ticket.ts";
import type { ClientEnd, FileFailure, LastingTicket, TicketNotice, TransferFacts } from "../session/events.ts";
import type { Verdict } from "../verdict/finding.ts";
import { describe, helpText } from "./advice.ts";
import type { Again } from "./command_line.ts";
import { escapeJson, shownText } from "./escape.ts";
import { incompleteText } from "./left_out.ts";
import {
  commandFor,
  commandForFile,
  errorLines,
  errorText,
  nameLostText,
  OLDER_FORMAT,
  unkeptText,
  UNNAMED,
  unsentText,
  warningText,
} from "./messages.ts";
import { answer, type EventOf, type EventTable, type Output } from "./output.ts";
import { percentShown, type StatusState } from "./progress.ts";
import { type RunningTransfer, RunningTransfers } from "./running.ts";
import { Unfinished } from "./unfinished.ts";
import { bottleneckText, findingText } from "./verdict.ts";
import type { Terminal } from "./writer.ts";

/** Of the objects: it changes when one of them, or a field, goes or means something else. */
const SCHEMA = 1;

/** Five times a second: enough to draw a bar from. */
const PROGRESS_MS = 200;

/** Exit codes above it are 128 + the number of the signal that ended the run. */
const SIGNALS = 128;

/** The objects that there are; a version may add to them, and fields to each. */
type ObjectType =
  | "version"
  | "ticket"
  | "offering"
  | "target"
  | "clipboard"
  | "watching"
  | "retrying"
  | "memory"
  | "start"
  | "config"
  | "connection-added"
  | "settings"
  | "progress"
  | "stalled"
  | "connection-lost"
  | "connection-returned"
  | "peer-restarted"
  | "taken-up"
  | "warning"
  | "note"
  | "format"
  | "file-failed"
  | "restarted"
  | "left-over"
  | "complete"
  | "leftover"
  | "cleaned"
  | "ticket-listed"
  | "tickets-listed"
  | "ticket-revoked"
  | "client"
  | "serving"
  | "request"
  | "entry"
  | "measurement"
  | "measuring-again"
  | "test"
  | "error"
  | "interrupted"
  | "exit";

type JsonObject = { readonly type: ObjectType } & Readonly<Record<string, unknown>>;

export class JsonOutput implements Output {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #objects: EventTable<JsonObject | undefined>;
  readonly #running = new RunningTransfers(-Infinity);
  /** Where the transfer stood last of which progress was told. */
  #state: StatusState | undefined;
  #ended = false;
  /** Why the exit code will not be 0, as far as that is known. */
  #why: string | undefined;

  /** Whether a transfer can be gone on with. */
  readonly #unfinished = new Unfinished();

  /** @param again the command of this run */
  constructor(terminal: Terminal, now: () => number, again: () => Again | undefined) {
    this.#terminal = terminal;
    this.#now = now;
    this.#objects = jsonObjects({
      state: () => this.#state,
      why: () => this.#why,
      again: () => this.#unfinished.is ? again()?.command : undefined,
    });
  }

  tell(event: UserEvent): void {
    this.#unfinished.see(event);
    switch (event.type) {
      case "debug":
        return this.#line(event.line);
      case "progress": {
        const running = this.#running.update(event, event.progress, this.#now());
        this.#state = running.state;
        if (!this.#isProgressDue(running)) return;
        break;
      }
      case "complete":
        if (event.client === undefined) this.#why = incompleteText(event.facts);
        break;
      case "error":
        this.#why = event.error instanceof UltraError ? errorText(event.error, event.fromPeer) : "internal error";
        break;
      case "started":
        this.#running.begin(event, event.start.name, -Infinity);
    }
    const object = answer(this.#objects, event);
    this.#running.see(event);
    if (object !== undefined) this.#write(ofClient(object, event));
    if (event.type === "error") { for (const line of errorLines(event)) this.#line(line); }
    // Whatever still happens while the process ends: readers take the exit for the last line.
    if (event.type === "exit") this.#ended = true;
  }

  #isProgressDue(running: RunningTransfer): boolean {
    const now = this.#now();
    const isDue = now - running.toldAt >= PROGRESS_MS;
    if (isDue) running.toldAt = now;
    return isDue;
  }

  #write(object: JsonObject): void {
    if (this.#ended) return;
    const json = escapeJson(JSON.stringify(object));
    this.#terminal.stdout.write(`${object.type === "ticket" ? json : withoutTickets(json)}\n`);
  }

  #line(text: string): void {
    this.#terminal.stderr.write(`${shownText(text)}\n`);
  }
}

/** What the objects depend on besides the event. */
interface JsonView {
  readonly state: () => StatusState | undefined;
  readonly why: () => string | undefined;
  readonly again: () => string | undefined;
}

const nothing = () => undefined;

function jsonObjects({ state, why, again }: JsonView): EventTable<JsonObject | undefined> {
  return {
    "version": ({ program }) => ({ type: "version", schema: SCHEMA, program }),
    "ticket": ({ ticket }) => ticketObject(ticket),
    "memory-bound": ({ bytes }) => ({ type: "memory", boundBytes: bytes }),
    "offering": ({ offered }) => ({ type: "offering", ...offered }),
    "receiving-into": ({ folder, existing }) => ({ type: "target", folder, existing }),
    "watching": ({ folder, then, quietMs }) => ({ type: "watching", folder, then, quietSeconds: quietMs / 1000 }),
    "retrying": ({ afterMs }) => ({ type: "retrying", afterSeconds: afterMs / 1000 }),
    "on-clipboard": ({ content, paths }) => ({ type: "clipboard", content, paths }),
    "started": ({ start: { role, name, bytes } }) => ({ type: "start", role, name, bytes: bytes ?? null }),
    "config": ({ config }) => ({ type: "config", ...config }),
    "added": ({ added }) => ({ type: "connection-added", ...added }),
    "settings": ({ reported: { connection, settings } }) => ({ type: "settings", connection, ...settings }),
    "progress": () => progressObject(state()),
    "stalled": ({ silentMs }) => ({ type: "stalled", silentSeconds: silentMs / 1000 }),
    "connection-lost": ({ error, retryForMs }) => {
      return { type: "connection-lost", text: error.message, retrySeconds: retryForMs / 1000 };
    },
    "returned": ({ lostMs, connection }) => ({ type: "connection-returned", lostSeconds: lostMs / 1000, connection }),
    "peer-restarted": () => ({ type: "peer-restarted" }),
    "file-failed": ({ failure }) => ({ type: "file-failed", ...failureFields(failure) }),
    "restarted": ({ restarted: { path = UNNAMED, why } }) => ({ type: "restarted", path, why }),
    "left-over": ({ leftOver }) => ({ type: "left-over", ...leftOver }),
    "complete": ({ facts }) => completeObject(facts),
    "measuring-again": ({ why }) => ({ type: "measuring-again", why }),
    "serving": ({ served: { names, accept, maxClients } }) => {
      return { type: "serving", names, accept: accept ?? null, maxClients };
    },
    "asked": ({ remote, ticket, what, paths }) => {
      return { type: "request", remote, ...ticket !== undefined && { ticket }, what, paths };
    },
    "listed": ({ listed: { path, kind, bytes, modifiedSeconds, target } }) => {
      const facts = { size: kind === "file" ? bytes : null, modified: isoTime(modifiedSeconds) };
      return {
        type: "entry",
        name: path.split("/").at(-1) ?? path,
        path,
        kind,
        ...facts,
        ...target !== undefined && { target },
      };
    },
    "client-over": ({ client }) => clientObject(client),
    "measured": ({ measurement: { way, from, to, bytes, seconds, verdict } }) => {
      const bitsPerSecond = Math.round(rateOf(bytes, seconds));
      return { type: "measurement", way, from, to, bytes, seconds, bitsPerSecond, verdict: verdictFields(verdict) };
    },
    "tested": ({ verdicts }) => ({ type: "test", verdicts: verdicts.map(testFields) }),
    "leftover": ({ leftover: { name, why, ...leftover }, ageSeconds }) => ({
      type: "leftover",
      ...leftover,
      name: name === "" ? null : name,
      ageSeconds,
      ...why !== "" && { why },
    }),
    "lasting-ticket": ({ text, port, ticket }) => {
      const facts = ticket === undefined ? {} : ticketFields(ticket);
      return { type: "ticket", ticket: text, role: "identity", port, ...facts };
    },
    "ticket-listed": ({ ticket, isExpired }) => ({ type: "ticket-listed", ...ticketFields(ticket), isExpired }),
    "tickets-listed": ({ count }) => ({ type: "tickets-listed", count }),
    "ticket-revoked": ({ label }) => ({ type: "ticket-revoked", label }),
    "cleaned": ({ cleaned }) => ({ type: "cleaned", ...cleaned }),
    "taken-up": ({ taken: { role, peer, beganMs, came } }) => ({
      type: "taken-up",
      role,
      peer,
      beganMs,
      files: came?.files ?? null,
      filesArrived: came?.filesArrived ?? null,
      ...came?.hasMoved === false && { hasMoved: false },
      ...came?.isAtLeast === true && { isAtLeast: true },
    }),
    "warning": ({ warning }) => ({ type: "warning", text: warningText(warning) }),
    "wrong-proof": ({ error }) => ({ type: "warning", text: describe(error) }),
    "older-format": ({ asked }) => ({ type: "format", format: "blazing", asked, text: OLDER_FORMAT }),
    "name-lost": ({ path = UNNAMED }) => ({ type: "note", path, text: nameLostText(path) }),
    "unkept": ({ unkept, folder }) => ({ type: "warning", text: unkeptText(unkept, folder) }),
    "unsent": ({ unsent }) => ({ type: "warning", text: unsentText(unsent) }),
    "error": errorObject,
    "interrupted": () => interruptedObject(state()),
    "exit": ({ code }) => exitObject(code, why(), again()),
    "phase": nothing,
    "ipv4-only": nothing,
    "opened": nothing,
    "measuring": nothing,
    /** It goes to standard error. */
    "debug": nothing,
  };
}

function ticketFields({ label, use, under, expiresMs }: LastingTicket) {
  return { label, allow: use ?? null, under: under ?? null, expiresMs: expiresMs ?? null };
}

/** `null` for times that no calendar has. */
function isoTime(seconds: number): string | null {
  const at = new Date(seconds * 1000);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** Adds whose an object is, where there may be several transfers at the same time. */
function ofClient(object: JsonObject, event: UserEvent): JsonObject {
  if (!("transfer" in event) || event.client === undefined) return object;
  const { id, remote, ticket } = event.client;
  return { ...object, client: id, remote, ...ticket !== undefined && { ticket } };
}

function clientObject({ id, remote, ticket, code, error, at }: ClientEnd): JsonObject {
  const why = error === undefined ? {} : { kind: error.kind, why: errorText(error, at === "peer") };
  return {
    type: "client",
    client: id,
    remote,
    ...ticket !== undefined && { ticket },
    code,
    isLetIn: at !== "door",
    ...why,
  };
}

function ticketObject({ text, role, file }: TicketNotice): JsonObject {
  if (file !== undefined) return { type: "ticket", file, role, command: commandForFile(role) };
  return { type: "ticket", ticket: text, role, command: commandFor(role, text) };
}

function progressObject(state: StatusState | undefined): JsonObject | undefined {
  return state && {
    type: "progress",
    bytes: state.bytes,
    totalBytes: state.totalBytes,
    resumedBytes: state.resumedBytes,
    files: state.files,
    filesArrived: state.filesArrived,
    filesPresent: state.filesPresent,
    listed: state.listed,
    percent: state.listed ? percentShown(state, percentOf(state.bytes, state.totalBytes)) : null,
    bitsPerSecond: Math.round(state.rate),
    lastSecondBitsPerSecond: Math.round(state.lastSecondRate),
    secondsLeft: state.secondsLeft === undefined ? null : Math.ceil(state.secondsLeft),
  };
}

function completeObject(facts: TransferFacts): JsonObject {
  return {
    type: "complete",
    ...facts,
    name: facts.name ?? null,
    savedTo: facts.savedTo ?? null,
    bitsPerSecond: Math.round(rateOf(facts.bytes - facts.resumedBytes, facts.seconds)),
    fileRoot: facts.fileRoot === undefined ? null : formatHex(facts.fileRoot),
    transferRoot: formatHex(facts.transferRoot),
    failed: facts.failed.map(failureFields),
    verdict: verdictFields(facts.verdict),
  };
}

function errorObject(event: EventOf<"error">): JsonObject {
  const { error, fromPeer } = event;
  if (error instanceof UltraError) return { type: "error", kind: error.kind, text: errorText(error, fromPeer) };
  return { type: "error", kind: "internal", text: errorLines(event).join("\n") };
}

function interruptedObject(state: StatusState | undefined): JsonObject {
  return {
    type: "interrupted",
    files: state?.files ?? 0,
    filesArrived: state?.filesArrived ?? 0,
    filesPresent: state?.filesPresent ?? 0,
    partBytes: state?.partBytes ?? 0,
  };
}

function exitObject(code: number, told: string | undefined, again: string | undefined): JsonObject {
  const why = told ?? (code > SIGNALS ? "interrupted" : undefined);
  if (code === 0 || why === undefined) return { type: "exit", code };
  return { type: "exit", code, why, ...again === undefined ? {} : { again } };
}

function failureFields({ path = UNNAMED, kind, text }: FileFailure) {
  return { path, kind, text };
}

function testFields(verdict: TestVerdict) {
  return { way: verdict.way, bottleneck: verdict.bottleneck, sentence: bottleneckText(verdict) };
}

function verdictFields({ finding, help, reports }: Verdict) {
  return {
    limit: finding.limit,
    sentence: findingText(finding),
    help: help === undefined ? null : helpText(help),
    sender: reports.sender ?? null,
    receiver: reports.receiver ?? null,
  };
}
