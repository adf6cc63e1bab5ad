/**
 * From the words of a command line to what is to be done. Pure: no file is read, nothing is printed, the environment is an argument.
 *
 * Every flag that is accepted has an effect: one that could have none with the given command or ticket is refused.
 *
 * @module
 */

import type { LinkChoice } from "../protocol/words.ts";
import { formatChoices, parsePreserve } from "./preserve.ts";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { UltraError } from "../base/errors.ts";
import { LISTEN_EVERYWHERE } from "../base/endpoints.ts";
import { parseAdvertise, parseListen } from "./endpoints.ts";
import { parseSafePath } from "../protocol/safe_path.ts";
import { cutOff, holdsTicket, isTicketWord, notBare, type Ticket } from "../protocol/ticket.ts";
import { parseByteCount } from "./byte_count.ts";
import { patienceOf } from "./duration.ts";
import { existingOf } from "./existing.ts";
import {
  type Command,
  commandSpec,
  type FlagName,
  type FlagSpec,
  flagTable,
  type TransferCommand,
  written,
} from "./flags.ts";
import { foreignPlace, foreignSource } from "./foreign.ts";
import { tuningWithFormat } from "./format.ts";
import type {
  CleanInvocation,
  IdentitySource,
  Invocation,
  OutputMode,
  Peer,
  ReceiveInvocation,
  SendInvocation,
  TestInvocation,
  TicketSource,
  TransferInvocation,
  WatchInvocation,
} from "./invocation.ts";
import { servingInvocation } from "./serving_arguments.ts";
import type { Then } from "../watch/folder.ts";
import { unknownCommand, unknownFlag } from "./suggestions.ts";
import { ticketInvocation } from "./ticket_arguments.ts";
import { ticketFor } from "./ticket_for.ts";

/** The parser's view of the environment. */
export interface ArgumentEnvironment {
  /** ULTRA_TICKET, which main removes from the environment before anything else. */
  readonly ticket: string | undefined;
  /** ULTRA_IDENTITY, likewise. */
  readonly identity?: string | undefined;
}

/** @throws {UltraError} `usage` with one line that says what to type instead; never with a ticket in it */
export function parseArguments(args: readonly string[], environment: ArgumentEnvironment): Invocation {
  // Before anything else: every other refusal may repeat what was typed.
  if (args.some((word) => holdsTicket(word) && !isTicketWord(word.replace(/^--to=/, "")))) throw notBare();
  const words = readWords(args);
  const [first, ...rest] = words.positionals;
  if (words.values.has("help")) return helpInvocation(first === "help" ? rest[0] : first);
  if (words.values.has("version")) return { command: "version" };
  if (first === "version") return { command: "version" };
  if (first === "licenses") return licensesInvocation(words, rest);
  if (first === "help") return helpInvocation(rest[0]);
  if (first === undefined) {
    const [flag] = words.values.keys();
    if (flag === undefined) return { command: "tour" };
    throw usage(`${written(flag)} needs a command before it: ultra send PATH..., or ultra recv`);
  }
  const command = topicOf(first);
  if (command === undefined) throw unknownCommand(first, rest.length > 0);
  checkKnown(command, words);
  switch (command) {
    case "send":
      return sendInvocation(words, rest, environment);
    case "recv":
      return receiveInvocation(words, rest, environment);
    case "get":
    case "ls":
    case "serve":
      return servingInvocation(command, rest, {
        has: (name) => words.values.has(name),
        value: (name) => lastValue(words, name),
        transfer: (tickets) => transferInvocation(command, words, tickets, environment),
        links: () => linkChoice(words, ["inside", "all", "none"]),
        checkOutput,
      });
    case "test":
      return testInvocation(words, rest, environment);
    case "watch":
      return watchInvocation(words, rest, environment);
    case "clean":
      return cleanInvocation(words, rest);
    case "ticket":
      return ticketInvocation(rest, {
        value: (name) => lastValue(words, name),
        isGiven: (name) => words.values.has(name),
        advertise: (words.values.get("advertise") ?? []).map(parseAdvertise),
        output: outputMode(words),
      });
  }
}

/** How to report, known before the command line is checked: a refusal of it is reported in the same way. */
export function outputModeOf(args: readonly string[]): OutputMode {
  const end = args.indexOf("--");
  const flags = end < 0 ? args : args.slice(0, end);
  if (flags.includes("--json")) return "json";
  return flags.includes("--quiet") || flags.includes("-q") ? "quiet" : "human";
}

/** The command line taken apart: known flags with their values (`undefined` for flags without), and the rest in order. */
interface Words {
  readonly values: ReadonlyMap<FlagName, readonly string[]>;
  readonly positionals: readonly string[];
}

/** (In the executable, the launcher answers the plain command: it has the text.) */
function licensesInvocation({ values }: Words, rest: readonly string[]): Invocation {
  if (rest.length > 0 || values.size > 0) throw usage("ultra licenses takes nothing else: it prints a text");
  return { command: "licenses" };
}

/** Commands that the help of `ultra` itself tells all about. */
const OWN_WORDS = ["help", "version", "licenses"];

function helpInvocation(word: string | undefined): Invocation {
  const topic = word === "tuning" ? word : topicOf(word);
  if (word !== undefined && topic === undefined && !OWN_WORDS.includes(word)) throw unknownCommand(word, false);
  return { command: "help", topic };
}

function sendInvocation(words: Words, operands: readonly string[], environment: ArgumentEnvironment): SendInvocation {
  const tickets = operands.filter(isTicketWord);
  const paths = operands.filter((operand) => !isTicketWord(operand));
  const transfer = transferInvocation("send", words, tickets, environment);
  const clipboard = words.values.has("clipboard");
  if (clipboard && paths.length > 0) throw usage("--clipboard sends what is on the clipboard: leave the paths out");
  if (paths.length === 0 && !clipboard) throw usage("Name at least one file or folder: ultra send PATH... [TICKET]");
  if (paths.some((path) => /^ultra[1-9](\.\.\.|…)$/i.test(path))) throw cutOff();
  const place = paths.map(foreignPlace).find((advice) => advice !== undefined);
  if (place !== undefined) throw usage(place);
  if (paths.includes("")) throw usage("A path is empty; a variable in the command may be unset");
  if (paths.includes("-")) {
    throw usage("Standard input (-) cannot be sent by this version of ultra; a file with that name is ./-");
  }
  return {
    command: "send",
    paths,
    clipboard,
    links: linkChoice(words, ["inside", "all", "none", "follow"]),
    preserve: parsePreserve(lastValue(words, "preserve")),
    allowLeftOut: words.values.has("allow-left-out"),
    allowGrowing: words.values.has("allow-growing"),
    allowSleep: words.values.has("allow-sleep"),
    ...patienceOf((name) => lastValue(words, name)),
    ...transfer,
  };
}

function receiveInvocation(
  words: Words,
  operands: readonly string[],
  environment: ArgumentEnvironment,
): ReceiveInvocation {
  const [extra] = operands.filter((operand) => !isTicketWord(operand));
  if (extra !== undefined && operands.length > 1) {
    throw usage("ultra recv takes one ticket and nothing else; name the folder with --into DIR");
  }
  const place = extra === undefined ? undefined : foreignSource(extra);
  if (place !== undefined) throw usage(place);
  const transfer = transferInvocation("recv", words, operands, environment);
  const output = lastValue(words, "output");
  if (output !== undefined) checkOutput(output);
  const stay = words.values.has("stay");
  if (stay && output !== undefined) {
    throw usage("--stay and -o do not go together: every transfer would get the same name");
  }
  const clipboard = words.values.has("clipboard");
  if (words.values.has("raw") && !clipboard) throw usage("--raw is for the text of --clipboard");
  return {
    command: "recv",
    into: lastValue(words, "into") ?? ".",
    target: output,
    existing: existingOf({ has: (name) => words.values.has(name), value: (name) => lastValue(words, name) }),
    restart: words.values.has("restart"),
    hidden: words.values.has("hidden"),
    links: linkChoice(words, ["inside", "all", "none"]),
    preserve: parsePreserve(lastValue(words, "preserve")),
    noSync: words.values.has("no-sync"),
    allowLeftOut: words.values.has("allow-left-out"),
    allowSleep: words.values.has("allow-sleep"),
    clipboard,
    raw: words.values.has("raw"),
    ...patienceOf((name) => lastValue(words, name)),
    stay,
    ...transfer,
  };
}

function watchInvocation(words: Words, operands: readonly string[], environment: ArgumentEnvironment): WatchInvocation {
  const tickets = operands.filter(isTicketWord);
  const [folder, ...more] = operands.filter((operand) => !isTicketWord(operand));
  const { peer, ...transfer } = transferInvocation("watch", words, tickets, environment);
  if (folder === undefined) throw usage("Name the folder to watch: ultra watch DIR TICKET");
  if (more.length > 0) throw usage("ultra watch takes one folder and one ticket, and nothing else");
  if (folder === "") throw usage("The folder is empty; a variable in the command may be unset");
  if (peer.type === "listen") {
    throw usage("Name the ticket of `ultra recv --stay` on the other computer: ultra watch DIR TICKET");
  }
  return {
    command: "watch",
    folder,
    then: thenChoice(lastValue(words, "then")),
    links: linkChoice(words, ["inside", "all", "none", "follow"]),
    preserve: parsePreserve(lastValue(words, "preserve")),
    allowLeftOut: words.values.has("allow-left-out"),
    allowGrowing: false,
    allowSleep: words.values.has("allow-sleep"),
    retryForMs: patienceOf((name) => lastValue(words, name)).retryForMs,
    peer,
    ...transfer,
  };
}

function thenChoice(text: string | undefined): Then {
  const choices = ["keep", "move", "delete"] as const;
  const choice = choices.find((choice) => choice === (text ?? "move"));
  if (choice !== undefined) return choice;
  throw usage(`--then takes ${formatChoices(choices)}, not "${text}"`);
}

function linkChoice(words: Words, choices: readonly LinkChoice[]): LinkChoice {
  const text = lastValue(words, "links") ?? "inside";
  const choice = choices.find((choice) => choice === text);
  if (choice !== undefined) return choice;
  if (text === "follow") throw usage("--links follow is for ultra send and ultra watch: they send what links lead to");
  throw usage(`--links takes ${formatChoices(choices)}, not "${text}"`);
}

/** What `--size` takes: no less would tell anything, no more fits the wire. */
const TEST_SIZES = { least: "1M", most: "1T" } as const;

function testInvocation(words: Words, operands: readonly string[], environment: ArgumentEnvironment): TestInvocation {
  const [extra] = operands.filter((operand) => !isTicketWord(operand));
  if (extra !== undefined && operands.length > 1) {
    throw usage("ultra test takes one ticket and nothing else; name the folder with --dir DIR");
  }
  const { peer, ...transfer } = transferInvocation("test", words, operands, environment);
  const isLocal = words.values.has("local");
  if (isLocal) checkLocal(words, peer);
  const size = lastValue(words, "size");
  return {
    command: "test",
    peer: isLocal ? { type: "local" } : peer,
    size: size === undefined ? undefined : parseByteCount("--size", size, TEST_SIZES),
    folder: lastValue(words, "dir") ?? ".",
    ...transfer,
  };
}

function cleanInvocation(words: Words, operands: readonly string[]): CleanInvocation {
  const [folder = ".", ...more] = operands;
  if (more.length > 0) throw usage("ultra clean takes one folder and nothing else");
  if (isTicketWord(folder)) throw usage("ultra clean takes a folder, no ticket; a folder of that name is ./ultra1...");
  if (folder === "") throw usage("The folder is empty; a variable in the command may be unset");
  return { command: "clean", folder, remove: words.values.has("remove"), output: outputMode(words) };
}

/** What is about another side would be without effect. */
function checkLocal({ values }: Words, peer: Peer): void {
  if (peer.type === "dial") {
    throw usage("--local measures this machine alone: leave the ticket out, ULTRA_TICKET included");
  }
  const idle = flagTable().find((flag) => flag.listenerOnly && values.has(flag.name as FlagName));
  if (idle === undefined) return;
  throw usage(`${written(idle.name)} is for another machine, and --local measures this one alone`);
}

/** What all commands have in common. `tickets` are the operands that are meant as one. */
function transferInvocation(
  command: TransferCommand,
  words: Words,
  tickets: readonly string[],
  environment: ArgumentEnvironment,
): TransferInvocation {
  const source = ticketSource(command, words, tickets, environment);
  if (source !== undefined) checkDialing(words, source);
  // (A ticket of a test works for its phases, and no longer.)
  const typed = source?.from === "argument" && source.ticket.longLived && command !== "test";
  return {
    peer: source === undefined
      ? listening(words, identitySource(command, words, environment))
      : { type: "dial", ticket: source },
    tuning: tuningWithFormat({ has: (name) => words.values.has(name), value: (name) => lastValue(words, name) }),
    output: outputMode(words),
    verbose: words.values.has("verbose"),
    warnings: typed ? [{ about: "long-lived-ticket-typed" }] : [],
  };
}

function ticketSource(
  command: TransferCommand,
  words: Words,
  operands: readonly string[],
  environment: ArgumentEnvironment,
): TicketSource | undefined {
  // It makes one; the variable may be there for all commands.
  if (command === "serve") return undefined;
  const typed = [...operands, ...(words.values.get("to") ?? [])];
  const file = lastValue(words, "ticket");
  if (typed.length + (file === undefined ? 0 : 1) > 1) {
    throw usage("More than one ticket was given; a file that is named like a ticket is written ./ultra1...");
  }
  const [text] = typed;
  if (text !== undefined) return { from: "argument", ticket: ticketFor(command, text) };
  if (file === "-") return { from: "stdin" };
  if (file !== undefined) return { from: "file", path: file };
  // An empty variable is how scripts unset one.
  if (!environment.ticket) return undefined;
  return { from: "environment", ticket: environmentTicket(command, environment.ticket) };
}

/** The variable does not stand in the command, so the refusal names it. */
function environmentTicket(command: TransferCommand, text: string): Ticket {
  try {
    return ticketFor(command, text);
  } catch (error) {
    if (!(error instanceof UltraError)) throw error;
    throw new UltraError(error.kind, `ULTRA_TICKET cannot be used: ${error.message}`, { cause: error });
  }
}

/** A side that dials has no use for the variable, which may be there for all commands. */
function identitySource(
  command: TransferCommand,
  words: Words,
  environment: ArgumentEnvironment,
): IdentitySource | undefined {
  const path = lastValue(words, "identity");
  if (path !== undefined) return { from: "file", path };
  // An empty variable is how scripts unset one.
  if (command === "test" || command === "watch" || !environment.identity) return undefined;
  return { from: "environment", text: environment.identity };
}

function listening(words: Words, identity: IdentitySource | undefined): Peer {
  const endpoint = lastValue(words, "listen");
  return {
    type: "listen",
    endpoint: endpoint === undefined ? LISTEN_EVERYWHERE : parseListen(endpoint),
    advertise: (words.values.get("advertise") ?? []).map(parseAdvertise),
    ticketOut: lastValue(words, "ticket-out"),
    identity,
  };
}

/** Refuses what can neither be a folder nor the name of something new. */
function checkOutput(output: string): void {
  if (output === "-") {
    throw usage("Standard output (-) cannot be received into by this version of ultra; a file with that name is ./-");
  }
  const name = basename(output);
  if (output.endsWith("/") || name === "." || name === ".." || isPlainName(name)) return;
  throw usage(`-o takes a folder, or the new name of what arrives, as in -o other.bin, not "${output}"`);
}

function isPlainName(name: string): boolean {
  try {
    return parseSafePath(name).length === 1;
  } catch {
    return false;
  }
}

function outputMode({ values }: Words): OutputMode {
  const quiet = values.has("quiet");
  if (quiet && values.has("json")) throw usage("--json and --quiet do not go together");
  if (quiet && values.has("verbose")) throw usage("--verbose and --quiet do not go together");
  return values.has("json") ? "json" : quiet ? "quiet" : "human";
}

/** Flags of the waiting side would be without effect on a dialer. */
function checkDialing({ values }: Words, source: TicketSource): void {
  const idle = flagTable().find((flag) => flag.listenerOnly && values.has(flag.name as FlagName));
  if (idle === undefined) return;
  if (source.from === "environment") {
    throw usage(
      `${written(idle.name)} is for the side that waits, and ULTRA_TICKET makes this side dial: unset it to wait`,
    );
  }
  throw usage(
    `${written(idle.name)} is for the side that waits, and with a ticket this side dials: leave one of them out`,
  );
}

/** Refuses flags of the other command. */
function checkKnown(command: Command, { values }: Words): void {
  const foreign = flagTable().find((flag) => values.has(flag.name as FlagName) && !flag.commands.includes(command));
  if (foreign === undefined) return;
  const [owner] = foreign.commands;
  const why = foreign.elsewhere === undefined ? "" : `: ${foreign.elsewhere}`;
  throw usage(`${written(foreign.name)} is a flag of \`ultra ${owner}\`, not of \`ultra ${command}\`${why}`);
}

function readWords(args: readonly string[]): Words {
  const { tokens } = parseArgs({
    args: [...args],
    options: parserOptions(),
    // The own checks below have better messages, and suggest what was meant.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<FlagName, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flagTable().find((known) => known.name === token.name);
    if (flag === undefined) throw unknownFlag(token.rawName, args.map(topicOf).find((topic) => topic !== undefined));
    const name = flag.name as FlagName;
    values.set(name, [...(values.get(name) ?? []), ...valueOf(flag, token)]);
  }
  checkRepeats(values);
  return { values, positionals };
}

/** The value of one flag as it stood, in a list; empty for a flag that takes none. */
function valueOf(
  flag: FlagSpec,
  token: { readonly rawName: string; readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string[] {
  const { rawName, value, inlineValue } = token;
  if (flag.value === undefined) {
    if (value !== undefined) throw usage(`${rawName} takes no value`);
    return [];
  }
  // Without `=` a word that begins with a dash is the next flag, not a value.
  const swallowed = !inlineValue && value !== undefined && value !== "-" && value.startsWith("-");
  if (value === undefined || value === "" || swallowed) {
    throw usage(`${rawName} needs a value: ${rawName} ${flag.value}`);
  }
  // A file or folder of such a name is written ./ultra1...; in every other flag the ticket would end up in an error message.
  if (flag.name !== "to" && isTicketWord(value)) {
    throw usage(`${rawName} takes ${flag.value}; a ticket itself is given as an argument without it`);
  }
  return [value];
}

function checkRepeats(values: ReadonlyMap<FlagName, readonly string[]>): void {
  for (const [name, given] of values) {
    const flag = flagTable().find((known) => known.name === name);
    if (given.length > 1 && !flag?.repeatable) throw usage(`${written(name)} was given more than once`);
  }
}

function parserOptions() {
  return Object.fromEntries(
    flagTable().map((flag) => {
      const type: "string" | "boolean" = flag.value === undefined ? "boolean" : "string";
      return [flag.name, { type, ...(flag.short === undefined ? {} : { short: flag.short }), multiple: true }];
    }),
  );
}

function topicOf(word: string | undefined): Command | undefined {
  return word === undefined ? undefined : commandSpec(word)?.name;
}

function lastValue({ values }: Words, name: FlagName): string | undefined {
  return values.get(name)?.at(-1);
}

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
