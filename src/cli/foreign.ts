/**
 * Words of other tools (scp, rsync, croc, curl) that people type out of habit, and what they get here instead.
 *
 * @module
 */

import { parseIp } from "../base/addresses.ts";

/** What to say about a flag that other tools have; the flag is named without its dashes. */
export function foreignFlag(name: string): string | undefined {
  return FLAG_ADVICE.find(({ names }) => names.includes(name))?.advice;
}

/** What to say about a word that `recv` got and that names another computer. */
export function foreignSource(word: string): string | undefined {
  const host = hostOf(word);
  if (host === undefined && !isEndpoint(word)) return undefined;
  return `ultra does not log in to other computers: run \`ultra send PATH\` on ${host ?? "that computer"}, ` +
    "and here the line that it shows";
}

/** What to say about a word that other tools take for another computer; a file may have such a name, with `./` before it. */
export function foreignPlace(word: string): string | undefined {
  const host = hostOf(word);
  if (host !== undefined) {
    return `ultra does not log in to other computers: run \`ultra recv\` on ${host}, and here the line that it shows ` +
      `(a file of that name is ./${word})`;
  }
  if (!isEndpoint(word)) return undefined;
  return `An address alone is not enough: run \`ultra recv\` or \`ultra send PATH...\` on that computer, and here the line ` +
    `that it shows (a file of that name is ./${word})`;
}

function hostOf(word: string): string | undefined {
  const remote = REMOTE.exec(word);
  return remote?.[1] ?? remote?.[2] ?? remote?.[3];
}

function isEndpoint(word: string): boolean {
  const [, bracketed, plain = word] = ENDPOINT.exec(word) ?? [];
  return parseIp(bracketed ?? plain) !== undefined;
}

/** `user@host:path`, `host:/path`, `host:path`. */
const REMOTE = /^(?:[\w.-]+@([\w.-]+):|([\w.-]{2,}):\/|([a-z][\w.-]+):(?!\d+$)[\w.~])/i;

/** `[ADDRESS]` or `ADDRESS`, with a port. */
const ENDPOINT = /^(?:\[(.+)\](?::\d+)?|([^:]+):\d+)$/;

const FLAG_ADVICE: readonly { readonly names: readonly string[]; readonly advice: string }[] = [
  {
    names: ["r", "R", "recursive", "a", "archive"],
    advice: "Folders are sent with all that is in them but links and special files: leave it out",
  },
  {
    names: ["port", "p", "P"],
    advice: "The side that waits chooses its port with --listen ADDR:PORT, as in --listen '[::]:7000'",
  },
  {
    names: ["bwlimit", "limit-rate", "limit", "throttle", "l"],
    advice: "The sender's --rate-limit RATE does that, as in --rate-limit 10M",
  },
  {
    names: ["d", "dest", "target", "directory", "out", "out-dir"],
    advice: "The receiver's --into DIR says where files go",
  },
  { names: ["f", "force", "replace"], advice: "The receiver's --overwrite replaces files that exist and differ" },
  {
    names: ["c", "continue", "partial", "resume"],
    advice: "The same command again goes on where it ended: leave it out",
  },
  { names: ["z", "compress", "C"], advice: "Files travel as they are: leave it out" },
  { names: ["code", "token", "password"], advice: "The ticket is an argument, or in a file: --ticket FILE|-" },
  { names: ["progress"], advice: "Progress is shown without it; --json has it for programs" },
];
