/**
 * What was probably meant by a command or flag that does not exist.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { foreignFlag, foreignPlace } from "./foreign.ts";
import { type Command, COMMANDS, flagTable, written } from "./flags.ts";

/** What other tools call our commands. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  get: "recv",
  fetch: "recv",
  pull: "recv",
  download: "recv",
  receive: "recv",
  put: "send",
  push: "send",
  upload: "send",
};

/** Typing errors up to which a word counts as another one. */
const MAX_ERRORS = 2;

/**
 * @param more whether words follow it
 */
export function unknownCommand(word: string, more: boolean): UltraError {
  if (/^ultra[1-9]/i.test(word)) {
    return usage("A ticket needs a command: `ultra recv TICKET` to receive, `ultra send PATH... TICKET` to send");
  }
  const place = foreignPlace(word);
  if (place !== undefined) return usage(place);
  if (word === "ultra") return usage("One `ultra` is enough: leave the second one out");
  const names = COMMANDS.map((command) => command.name);
  const meant = OTHER_NAMES[word.toLowerCase()] ?? closest(word, [...names, "help", "version", "licenses"]);
  if (meant !== undefined) return usage(`There is no command "${word}". Did you mean \`ultra ${meant}\`?`);
  // Quoted only where a shell needs it, so that the line can be copied.
  const path = /^[\w./~@%+:,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
  return usage(
    `There is no command "${word}" (see ultra help). To send a file of that name: ultra send ${path}${
      more ? " ..." : ""
    }`,
  );
}

/**
 * @param raw as typed, dashes included
 * @param command the one that it was given to
 */
export function unknownFlag(raw: string, command: Command | undefined): UltraError {
  const name = raw.replace(/^-+/, "");
  const advice = foreignFlag(name);
  if (advice !== undefined) return usage(`There is no flag ${raw}. ${advice}`);
  const meant = raw.startsWith("--") ? closest(name, flagTable().map((flag) => flag.name)) : undefined;
  const help = command === undefined ? "ultra --help" : `ultra help ${command}`;
  return usage(`There is no flag ${raw}. ` + (meant === undefined ? `See ${help}` : `Did you mean ${written(meant)}?`));
}

/** The nearest of some words; none when all are too far off, or so short that anything would be near. */
function closest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.min(MAX_ERRORS, candidate.length - 2))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Letters to insert, remove or replace, row by row. */
function editDistance(from: string, to: string): number {
  // Nothing so much longer is a typing error, and its table would cost time.
  if (from.length > to.length + MAX_ERRORS) return Infinity;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? Infinity;
}

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
