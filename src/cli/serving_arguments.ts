/** What was typed behind `ultra get`, `ultra ls` and `ultra serve`; the rest of `arguments.ts` is common to all commands. Pure. @module */

import { UltraError } from "../base/errors.ts";
import { isPattern } from "../base/patterns.ts";
import type { LinkChoice } from "../protocol/words.ts";
import { MAX_PATH_BYTES, MAX_REQUEST_PATHS } from "../protocol/limits.ts";
import { isTicketWord } from "../protocol/ticket.ts";
import { MOST_CLIENTS, MOST_MAX_CLIENTS } from "../serve/clients.ts";
import { patienceOf } from "./duration.ts";
import { EXISTING_FLAGS, existingOf } from "./existing.ts";
import type { FlagName } from "./flags.ts";
import type {
  DialingPeer,
  GetInvocation,
  ListInvocation,
  Peer,
  ServeInvocation,
  TransferInvocation,
} from "./invocation.ts";
import { parsePreserve } from "./preserve.ts";

/** The command line, as `arguments.ts` has taken it apart. */
export interface ServingWords {
  has(name: FlagName): boolean;
  value(name: FlagName): string | undefined;
  /** What all commands have in common; `tickets` are the operands that are meant as one. */
  transfer(tickets: readonly string[]): TransferInvocation;
  links(): LinkChoice;
  checkOutput(output: string): void;
}

/** @throws {UltraError} `usage` */
export function servingInvocation(
  command: "get" | "ls" | "serve",
  operands: readonly string[],
  words: ServingWords,
): GetInvocation | ListInvocation | ServeInvocation {
  switch (command) {
    case "get":
      return getInvocation(operands, words);
    case "ls":
      return listInvocation(operands, words);
    case "serve":
      return serveInvocation(operands, words);
  }
}

function getInvocation(operands: readonly string[], words: ServingWords): GetInvocation {
  const { peer, ...transfer } = words.transfer(operands.filter(isTicketWord));
  const paths = operands.filter((operand) => !isTicketWord(operand)).map(remotePath);
  if (paths.length === 0) throw usage("Name what to fetch: ultra get TICKET PATH..., as ultra ls TICKET shows it");
  if (paths.length > MAX_REQUEST_PATHS) throw usage(`ultra get takes ${MAX_REQUEST_PATHS} paths at most`);
  const output = words.value("output");
  if (output !== undefined) words.checkOutput(output);
  checkLastNames(paths);
  return {
    command: "get",
    paths,
    into: words.value("into") ?? ".",
    target: output,
    existing: existingOf(words),
    restart: words.has("restart"),
    hidden: words.has("hidden"),
    links: words.links(),
    preserve: parsePreserve(words.value("preserve")),
    noSync: words.has("no-sync"),
    allowLeftOut: words.has("allow-left-out"),
    allowSleep: words.has("allow-sleep"),
    ...patienceOf((name) => words.value(name)),
    ...transfer,
    peer: dialing(peer, "ultra get TICKET PATH..."),
  };
}

/** What ends in equal names would arrive under one. What patterns come to is known on the other side alone, which looks again. */
function checkLastNames(paths: readonly string[]): void {
  const names = paths.map((path) => path.split("/").at(-1) ?? "").filter((name) => !isPattern(name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw usage(`Two paths end in "${twice}", and each arrives under its last name: fetch them one by one, with -o`);
}

function listInvocation(operands: readonly string[], words: ServingWords): ListInvocation {
  const { peer, ...transfer } = words.transfer(operands.filter(isTicketWord));
  const typed = operands.filter((operand) => !isTicketWord(operand));
  // The shared names are what is at the top, as `.` and `/` say it elsewhere.
  const [path, ...more] = typed.map((operand) =>
    /^\.?\/*$/.test(operand) && operand !== "" ? undefined : remotePath(operand)
  );
  if (more.length > 0) throw usage("ultra ls takes one path at most; quote a pattern");
  const { waitMs } = patienceOf((name) => name === "wait" ? words.value(name) : undefined);
  return { command: "ls", path, waitMs, ...transfer, peer: dialing(peer, "ultra ls TICKET [PATH]") };
}

function serveInvocation(operands: readonly string[], words: ServingWords): ServeInvocation {
  if (operands.length === 0) throw usage("Name the folders to share: ultra serve DIR...");
  if (operands.includes("")) throw usage("A folder is empty; a variable in the command may be unset");
  if (operands.some(isTicketWord)) {
    throw usage("ultra serve makes a ticket, and takes none; a folder of that name is ./ultra1...");
  }
  const { peer, ...transfer } = words.transfer([]);
  if (peer.type === "dial") throw usage("ultra serve makes a ticket, and takes none");
  const accept = words.value("accept");
  for (const name of [...EXISTING_FLAGS, "hidden", "no-sync"] as const) {
    if (accept === undefined && words.has(name)) {
      throw usage(`--${name} is about what others send, and without --accept DIR nothing is taken`);
    }
  }
  return {
    command: "serve",
    folders: operands,
    accept,
    maxClients: clientsOf(words.value("max-clients")),
    links: words.links(),
    preserve: parsePreserve(words.value("preserve")),
    existing: existingOf(words),
    hidden: words.has("hidden"),
    noSync: words.has("no-sync"),
    allowSleep: words.has("allow-sleep"),
    retryForMs: patienceOf((name) => name === "retry-for" ? words.value(name) : undefined).retryForMs,
    ...transfer,
    peer,
  };
}

function clientsOf(text: string | undefined): number {
  if (text === undefined) return MOST_CLIENTS;
  const number = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MOST_MAX_CLIENTS) return number;
  throw usage(`--max-clients takes a number from 1 to ${MOST_MAX_CLIENTS}, not "${text}"`);
}

/** A path of the other side: written as it likes, sent as it is meant. */
function remotePath(typed: string): string {
  const path = typed.replace(/^(\.\/+)+/, "").replace(/\/+$/, "").replace(/\/{2,}/g, "/");
  if (typed === "") throw usage("A path is empty; ultra ls TICKET shows what there is");
  if (path === "" || path === ".") {
    throw usage(`What is shared has no name as a whole ("${typed}"): name what to fetch, as ultra ls TICKET shows it`);
  }
  if (new TextEncoder().encode(path).length > MAX_PATH_BYTES) throw usage("A path is too long");
  return path;
}

function dialing(peer: Peer, usageLine: string): DialingPeer {
  if (peer.type === "dial") return peer;
  throw usage(`A ticket is needed: ${usageLine}, or --ticket FILE in its place`);
}

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
