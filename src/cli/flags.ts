/**
 * Every command and every flag, once: the parser and `--help` are both made from these tables.
 *
 * @module
 */

import { MOST_CLIENTS, MOST_MAX_CLIENTS } from "../serve/clients.ts";
import { MAX_LANES } from "../protocol/limits.ts";
import { MOST_CONNECTIONS } from "../settings/connections.ts";
import { ULTRA } from "../settings/ultra.ts";

/** The commands that take part in a transfer. */
export type TransferCommand = "send" | "recv" | "get" | "ls" | "serve" | "test" | "watch";

/** All commands that have flags. */
export type Command = TransferCommand | "clean" | "ticket";

/** What `ultra help` has a page of. */
export type Topic = Command | "tuning";

export interface CommandSpec {
  readonly name: Command;
  /** What follows `ultra`. */
  readonly usage: string;
  readonly summary: string;
  /** What follows the summary in its help. */
  readonly about: string;
  readonly examples: readonly (readonly [string, string])[];
}

export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  /** What its value is called in the help; a flag without one is on or off. */
  readonly value?: string;
  readonly repeatable?: true;
  /** Commands that know it. */
  readonly commands: readonly Command[];
  /** Only for the side that waits: with a ticket there is nothing that it could change. */
  readonly listenerOnly?: true;
  /** Rarely needed: it stands in a section of its own. */
  readonly tuning?: true;
  /** Why the other command does not know it, where that is not plain. */
  readonly elsewhere?: string;
  readonly help: string;
}

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "send",
    usage: "send PATH... [TICKET]",
    summary: "Send files and folders",
    about:
      "With a ticket, dials the receiver that made it. Without one, waits and shows the command to run on the other " +
      "side.",
    examples: [
      ["ultra send movie.mkv", "wait for a receiver"],
      ["ultra send movie.mkv photos/ ultra1...", "send to a waiting `ultra recv`"],
    ],
  },
  {
    name: "recv",
    usage: "recv [TICKET]",
    summary: "Receive files and folders",
    about:
      "With a ticket, dials the sender that made it. Without one, waits and shows the command to run on the other side. " +
      "A file appears under its name only when it is complete and verified. After an interruption the same command again " +
      "goes on where it ended; until then what has arrived is in hidden files (.ultra-*) beside its place.",
    examples: [
      ["ultra recv", "wait for a sender"],
      ["ultra recv --into ~/Downloads ultra1...", "fetch from a waiting `ultra send`"],
    ],
  },
  {
    name: "get",
    usage: "get TICKET PATH...",
    summary: "Fetch files and folders from an `ultra serve`",
    about:
      "Each PATH begins with a shared name, as `ultra ls` shows it, and arrives under its last name. Patterns (*, ?, " +
      "[a-z]) are looked for on the other side: quote them. With the ticket of an `ultra send`, takes only these paths " +
      "of what it offers.",
    examples: [
      ["ultra get ultra1... photos/2024 docs/a.pdf", "fetch a folder and a file"],
      ["ultra get ultra1... 'photos/*.jpg'", "fetch what fits a pattern"],
    ],
  },
  {
    name: "ls",
    usage: "ls TICKET [PATH]",
    summary: "List what an `ultra serve` shares",
    about:
      "Prints size, time and path, as `ultra get` takes it, of everything in a folder, or of what fits a pattern; folders end in /.",
    examples: [
      ["ultra ls ultra1...", "list the shared folders"],
      ["ultra ls ultra1... photos/2024", "list what is in a folder"],
    ],
  },
  {
    name: "serve",
    usage: "serve DIR...",
    summary: "Share folders until it is stopped",
    about:
      "Shows a ticket with which others list and fetch what is in the folders (`ultra ls`, `ultra get`), many at the same " +
      "time. Each folder is shared under its own last name; nothing outside is, also not through links. With --accept " +
      "they may send files into one folder.",
    examples: [
      ["ultra serve photos docs", "share two folders"],
      ["ultra serve --accept incoming --identity id photos", "take uploads, too"],
    ],
  },
  {
    name: "watch",
    usage: "watch DIR TICKET",
    summary: "Send whatever is dropped into a folder, until stopped",
    about:
      "Sends each file and folder in DIR to a waiting `ultra recv --stay` once it has not changed for 2 seconds, tries again " +
      "until that has it, and then moves it to DIR/sent. The folder is the queue: started again, it goes on with what lies " +
      "there. Hidden names and links stay.",
    examples: [
      ["ultra watch ~/outbox --ticket FILE", "move it to sent/ then"],
      ["ultra watch scans --then delete --ticket FILE", "remove it then"],
    ],
  },
  {
    name: "test",
    usage: "test [TICKET]",
    summary: "Measure the way between two machines, and their disks",
    about:
      "Moves bytes from memory to memory, from disk to memory, from memory to disk and from disk to disk, both ways, and " +
      "says for each what limited it. Without a ticket, waits and shows the command to run on the other side.",
    examples: [
      ["ultra test", "wait for the other machine"],
      ["ultra test ultra1...", "measure, with the other machine's ticket"],
      ["ultra test --local --dir /data", "measure this machine alone, and this disk"],
    ],
  },
  {
    name: "clean",
    usage: "clean [DIR]",
    summary: "List what killed transfers left in a folder, or remove it",
    about:
      "Looks in DIR (default: the current folder) and below it for hidden files .ultra-*: parts of files that did not " +
      "arrive, with their journals, and previous versions of files that were being replaced. What a running ultra has " +
      "locked stays, and so does a previous version where no file has its name.",
    examples: [
      ["ultra clean ~/Downloads", "list what is there, with size and age"],
      ["ultra clean --remove ~/Downloads", "remove it"],
    ],
  },
  {
    name: "ticket",
    usage: "ticket --identity FILE",
    summary: "Make and take back lasting tickets",
    about:
      "Prints the lasting ticket of an identity, which is made if it is missing; whoever waits with that --identity is " +
      "reached by it. With --label, --allow, --under or --expires it makes a further ticket that opens no more than that. " +
      "A running ultra takes notice within a second or two.",
    examples: [
      ["ultra ticket --identity FILE --advertise host:7000", "the ticket"],
      ["ultra ticket --identity FILE --allow write", "one to bring files"],
      ["ultra ticket --identity FILE --revoke ticket-1", "take it back"],
    ],
  },
];

const DIALING: readonly TransferCommand[] = ["send", "recv", "get", "ls", "test", "watch"];
const WAITING: readonly TransferCommand[] = ["send", "recv", "serve", "test"];
const RECEIVING: readonly TransferCommand[] = ["recv", "get"];
const SENDING: readonly TransferCommand[] = ["send", "test", "serve", "watch"];
const MOVING: readonly TransferCommand[] = ["send", "recv", "get", "serve", "test", "watch"];
const ALL: readonly TransferCommand[] = [...MOVING, "ls"];
const EVERY: readonly Command[] = [...ALL, "clean", "ticket"];

/** In the order of the help. */
export const FLAGS = [
  {
    name: "into",
    value: "DIR",
    commands: RECEIVING,
    help: "put what arrives into this folder, which is made if only it is missing (default: the current one)",
  },
  {
    name: "output",
    short: "o",
    value: "PATH",
    commands: RECEIVING,
    help: "receive one file or folder under this name, or into this folder if it is one (or ends in /)",
  },
  {
    name: "existing",
    value: "WHAT",
    commands: ["recv", "get", "serve"],
    elsewhere: "the receiver decides what becomes of its files",
    help:
      "what becomes of files that are there and differ: refuse what arrives (default), skip it, update (replace older ones), " +
      "replace, rename (a (1).txt arrives) or backup (the old one becomes a.txt.~1~)",
  },
  { name: "overwrite", commands: ["recv", "get", "serve"], help: "the same as --existing replace" },
  { name: "skip-existing", commands: ["recv", "get", "serve"], help: "the same as --existing skip" },
  {
    name: "restart",
    commands: RECEIVING,
    elsewhere: "the receiver keeps what has arrived",
    help: "begin files anew of which an interrupted transfer left a part, instead of going on with them",
  },
  {
    name: "hidden",
    commands: ["recv", "get", "serve"],
    help: "take hidden names such as .bashrc also at the top level and in folders that were there before",
  },
  {
    name: "links",
    value: "HOW",
    commands: ["send", "recv", "get", "serve", "watch"],
    help:
      "symbolic links: inside (those that stay in what is sent; the default), all or none; send and watch also know follow",
  },
  {
    name: "preserve",
    value: "LIST",
    commands: ["send", "recv", "get", "serve", "watch"],
    help:
      "keep, beside modes, times and hard links, also owner, xattrs or acl, as in +owner,acl; both sides have to say so",
  },
  {
    name: "allow-growing",
    commands: ["send"],
    elsewhere: "the sender reads the files",
    help: "send files that become longer meanwhile, such as logs, up to the size that they have at the start",
  },
  {
    name: "no-sync",
    commands: ["recv", "get", "serve"],
    elsewhere: "only the receiver writes",
    help: "do not wait for the disk: faster, but a power cut may take files that were reported as received",
  },
  {
    name: "stay",
    commands: ["recv"],
    listenerOnly: true,
    help: "keep taking transfers, many at the same time; the ticket works more than once",
  },
  {
    name: "accept",
    value: "DIR",
    commands: ["serve"],
    help: "take what others send with the ticket, into this folder (default: nothing is taken)",
  },
  {
    name: "max-clients",
    value: "N",
    commands: ["serve"],
    help:
      `how many may be served at the same time, 1 to ${MOST_MAX_CLIENTS} (default: ${MOST_CLIENTS}); others are told to come again`,
  },
  {
    name: "clipboard",
    commands: ["send", "recv"],
    help: "send the files or the text on the clipboard; put received files or text there",
  },
  {
    name: "raw",
    commands: ["recv"],
    elsewhere: "the receiver decides what its clipboard gets",
    help: "let a text on the clipboard keep its control characters and its last newline",
  },
  {
    name: "then",
    value: "WHAT",
    commands: ["watch"],
    help: "what becomes of what has arrived: keep, move (to sent/ in the folder; the default) or delete",
  },
  { name: "remove", commands: ["clean"], help: "remove what is listed, but for what is in use" },
  { name: "local", commands: ["test"], help: "measure this machine alone, without another one" },
  {
    name: "size",
    value: "SIZE",
    commands: ["test"],
    help:
      "move this much in each phase, 1M to 1T, and more again where that is too short (default: what takes 3 seconds)",
  },
  {
    name: "dir",
    value: "DIR",
    commands: ["test"],
    help: "measure the disk of this folder; what is written there is removed (default: the current one)",
  },
  {
    name: "format",
    value: "auto|ultra|blazing",
    commands: ["send", "recv", "get", "serve", "watch"],
    help:
      "ultra, or blazing: the older format, slower, not verified per block, without resume (default: auto, which takes it " +
      "only where the other side has no other)",
  },
  { name: "to", value: "TICKET", commands: ["send", "watch"], help: "the ticket, apart from the paths" },
  { name: "ticket", value: "FILE|-", commands: DIALING, help: "read the ticket from a file, or from standard input" },
  {
    name: "ticket-out",
    value: "FILE",
    commands: WAITING,
    listenerOnly: true,
    help: "write the ticket to a file (mode 0600)",
  },
  {
    name: "identity",
    value: "FILE",
    commands: ["send", "recv", "serve", "ticket"],
    listenerOnly: true,
    help: "keep certificate, ticket and port for good, in this file; made if missing (ULTRA_IDENTITY: its contents)",
  },
  {
    name: "allow",
    value: "read|write",
    commands: ["ticket"],
    help: "a ticket to fetch files with, or one to bring files with (default: both)",
  },
  {
    name: "under",
    value: "DIR",
    commands: ["ticket"],
    help: "with --allow read: for this folder of what is served, as in photos/2026, and what is below it",
  },
  { name: "expires", value: "D", commands: ["ticket"], help: "a ticket that works for so long, as in 30d" },
  { name: "label", value: "L", commands: ["ticket"], help: "what the ticket is called (default: ticket-1, ...)" },
  { name: "list", commands: ["ticket"], help: "list the further tickets, without their secrets" },
  { name: "revoke", value: "L", commands: ["ticket"], help: "take the ticket of this label back" },
  {
    name: "listen",
    value: "ADDR[:PORT]",
    commands: WAITING,
    listenerOnly: true,
    help: "wait on this address only (default: all, on a free port)",
  },
  {
    name: "advertise",
    value: "HOST[:PORT]",
    repeatable: true,
    commands: [...WAITING, "ticket"],
    listenerOnly: true,
    help: "put this address into the ticket instead of the machine's own; may be repeated",
  },
  {
    name: "wait",
    value: "D",
    commands: ["send", "recv", "get", "ls"],
    help: "how long to wait for the other side to come, as in 10m (default: without end; with a ticket: not)",
  },
  {
    name: "retry-for",
    value: "D",
    commands: ["send", "recv", "get", "serve", "watch"],
    help:
      "how long to wait for a lost connection or a side that is started again, as in 90s or 1h (default: 5m; 0: not)",
  },
  {
    name: "allow-left-out",
    commands: ["send", "recv", "get", "watch"],
    help: "exit with 0 although something was left out (links, unreadable files, ...)",
  },
  {
    name: "allow-sleep",
    commands: ["send", "recv", "get", "serve", "watch"],
    help:
      "let this machine go to sleep by itself while files move (otherwise it is kept awake where the system has a way)",
  },
  { name: "json", commands: EVERY, help: "one JSON object a line on standard output, the last one being the exit" },
  { name: "quiet", short: "q", commands: EVERY, help: "only errors, and the ticket of the side that waits" },
  { name: "verbose", short: "v", commands: ALL, help: "more lines on standard error, as a log to send in" },
  { name: "version", short: "V", commands: EVERY, help: "show the version" },
  { name: "help", short: "h", commands: EVERY, help: "show this help" },
  {
    name: "profile",
    value: "NAME",
    commands: MOVING,
    tuning: true,
    help: "near, far, max or auto: the numbers for such a path (default: auto, by the address); max is without bound",
  },
  {
    name: "memory",
    value: "SIZE",
    commands: MOVING,
    tuning: true,
    help: "bound of all windows and buffers, 32M to 4G (default: 128Mi)",
  },
  {
    name: "rate-limit",
    value: "RATE",
    commands: SENDING,
    tuning: true,
    elsewhere: "only the sending side can hold a rate; give it there",
    help: "send at most this much a second, as 10M (bytes) or 80Mbit",
  },
  {
    name: "streams",
    value: "N",
    commands: MOVING,
    tuning: true,
    help: `how many streams to use at most, 1 to ${MAX_LANES}`,
  },
  {
    name: "connections",
    value: "N",
    commands: MOVING,
    tuning: true,
    help: `how many connections to use, 1 to ${MOST_CONNECTIONS} (default: as many as help)`,
  },
  {
    name: "cc",
    value: "bbr|cubic",
    commands: MOVING,
    tuning: true,
    help: "congestion control of what this side sends (default: bbr)",
  },
  {
    name: "chunk-size",
    value: "SIZE",
    commands: SENDING,
    tuning: true,
    elsewhere: "the sender cuts the files",
    help: "how much a stream takes of a file at once, 1M to 256Mi (default: 32Mi up, by file size)",
  },
  {
    name: "read-buffer",
    value: "SIZE",
    commands: SENDING,
    tuning: true,
    elsewhere: "only the sender reads ahead",
    help: "how far to read ahead of the network, 1M to 64Mi (default: 16Mi)",
  },
  {
    name: "stream-window",
    value: "SIZE",
    commands: ["recv", "get", "test"],
    tuning: true,
    elsewhere: "the receiver says how far the sender may be ahead",
    help: "how far the sender may be ahead on a stream at first, 64K to 256Mi; the nearest power of two",
  },
  {
    name: "connection-window",
    value: "SIZE",
    commands: ["recv", "get", "test"],
    tuning: true,
    elsewhere: "the receiver says how far the sender may be ahead",
    help: "how far the sender may be ahead on a connection, 1M to 2G, at most half of --memory",
  },
  {
    name: "write-concurrency",
    value: "N",
    commands: ["recv", "get", "test"],
    tuning: true,
    elsewhere: "only the receiver writes",
    help: `how many writes at the same time, 1 to ${ULTRA.writes} (default: by cores)`,
  },
] as const satisfies readonly FlagSpec[];

export type FlagName = (typeof FLAGS)[number]["name"];

/** How a flag is written: `--into`. */
export function written(name: string): string {
  return `--${name}`;
}

/** The table without what TypeScript knows about its single rows. */
export function flagTable(): readonly FlagSpec[] {
  return FLAGS;
}

export function commandSpec(name: string): CommandSpec | undefined {
  return COMMANDS.find((command) => command.name === name);
}
