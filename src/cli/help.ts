/**
 * The texts of `--help`, made from the tables of `flags.ts`, and the tour of bare `ultra`.
 *
 * @module
 */

import { type Command, COMMANDS, commandSpec, type FlagSpec, flagTable, type Topic } from "./flags.ts";

/** Where the second column begins; a flag that reaches it gets a line of its own. */
const COLUMN = 30;

/** Help fits the narrowest usual terminal. */
const WIDTH = 79;

/** What bare `ultra` prints. */
export function tourText(): string {
  return `ultra moves files between two computers, fast and verified.

On the computer that gets the files:
  ultra recv

It shows the one line to run on the other computer:
  ultra send PATH... ultra1...

Or the other way round: \`ultra send PATH...\` waits and shows the line to run
where the files shall go, \`ultra recv ultra1...\`

More: ultra --help
`;
}

/** The help of a command, of all that can be tuned, or of `ultra` itself. */
export function helpText(topic?: Topic): string {
  if (topic === "tuning") return tuningHelp();
  const spec = topic === undefined ? undefined : commandSpec(topic);
  return spec === undefined ? overview() : commandHelp(spec.name);
}

function overview(): string {
  const commands = COMMANDS.map((command) => row(command.usage, command.summary));
  return `Usage: ultra COMMAND

Moves files between two computers, fast and verified. Either side may wait.

Commands:
${commands.join("\n")}
${row("help COMMAND", "Show the help of a command")}
${row("help tuning", "Show what can be tuned, of all commands")}
${row("version", "Show the version")}
${row("licenses", "Show the licences of everything inside")}

Flags:
${row("-V, --version", "show the version")}
${row("-h, --help", "show this help")}

Sizes and rates are decimal: 1 MB is 1,000,000 bytes.

Exit codes: 0 done, 1 internal error, 2 usage, 3 some of several files failed,
4 disk or permission, 5 network, 6 authentication, 7 integrity, 8 protocol,
9 a source changed while sending; 129, 130, 143 and 149 for signals.

Environment: ULTRA_TICKET is a ticket; ULTRA_CACHE_DIR is where ultra unpacks
itself (default: the user's own folder for caches).
`;
}

function tuningHelp(): string {
  const flags = flagTable().filter((flag) => flag.tuning);
  const rows = flags.map((flag) => {
    return row(`    --${flag.name} ${flag.value ?? ""}`, `${flag.help} (${flag.commands.join(", ")})`);
  });
  return `Usage: ultra COMMAND [FLAG VALUE]...

${wrapped(TUNING, WIDTH).join("\n")}

Flags, and the commands that know them:
${rows.join("\n")}
`;
}

const TUNING =
  "ultra chooses all of this itself, by the address of the other side: this machine, near (private addresses), or " +
  "far. Each flag overrides one choice. A size is a number with K, M, G, T (powers of 1,000) or Ki, Mi, Gi, Ti (of 1,024). A " +
  "rate is a size a second, in bits where that is said: 10M and 80Mbit are the same.";

function commandHelp(name: Command): string {
  const spec = commandSpec(name);
  if (spec === undefined) throw new Error(`No command ${name}`);
  const flags = flagTable().filter((flag) => flag.commands.includes(name));
  // (Those of the side that waits say what a lasting ticket holds: where that side is.)
  const isListening = (flag: FlagSpec) => flag.listenerOnly === true && name !== "ticket";
  const always = flags.filter((flag) => !isListening(flag) && !flag.tuning).map(flagRow);
  const listening = flags.filter(isListening).map(flagRow);
  const tuning = flags.filter((flag) => flag.tuning).map(flagRow);
  const width = Math.max(...spec.examples.map(([line]) => line.length));
  const examples = spec.examples.map(([line, what]) => `  ${line.padEnd(width)}  # ${what}`);
  return `Usage: ultra ${spec.usage}

${wrapped(`${spec.summary}. ${spec.about}`, WIDTH).join("\n")}

Examples:
${examples.join("\n")}

Flags:
${always.join("\n")}
${section(name === "serve" ? "Where it waits, and who it is:" : "Without a ticket, while waiting:", listening)}${
    section("Tuning, which ultra does itself unless told otherwise (K, M, G; Ki, Mi, Gi):", tuning)
  }${listening.length + tuning.length === 0 ? "" : SECRET}`;
}

function section(title: string, rows: readonly string[]): string {
  return rows.length === 0 ? "" : `\n${title}\n${rows.join("\n")}\n`;
}

const SECRET = `
A ticket is a secret: scripts use --ticket and --ticket-out, not an argument.
`;

function flagRow(flag: FlagSpec): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return row(`${short}--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`, flag.help);
}

/** Two columns; the right one is wrapped and never begins left of {@linkcode COLUMN}. */
function row(left: string, right: string): string {
  const indent = " ".repeat(COLUMN);
  const lines = wrapped(right, WIDTH - COLUMN);
  const head = `  ${left}`;
  if (head.length + 2 > COLUMN) return [head, ...lines.map((line) => indent + line)].join("\n");
  const [first = "", ...rest] = lines;
  return [head.padEnd(COLUMN) + first, ...rest.map((line) => indent + line)].join("\n");
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
