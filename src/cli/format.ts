/** `--format`, and which flags go with the older one, whose numbers are fixed. @module */

import { FORMAT_CHOICES, type FormatChoice } from "../auth/versions.ts";
import { UltraError } from "../base/errors.ts";
import { blazingTuning } from "../settings/blazing.ts";
import type { Tuning } from "../settings/tuning.ts";
import { type FlagName, written } from "./flags.ts";
import { formatChoices } from "./preserve.ts";
import { tuningOf } from "./tuning_flags.ts";

/** What a command line has of flags. */
export interface GivenFlags {
  has(name: FlagName): boolean;
  /** The value of a flag that was given one. */
  value(name: FlagName): string | undefined;
}

const FIXED: readonly FlagName[] = [
  ...["streams", "connections", "chunk-size", "stream-window", "connection-window", "profile", "memory"] as const,
];

const UNRESUMED: readonly FlagName[] = ["retry-for", "restart"];

/** @throws {UltraError} `usage` with one line that names the flag */
export function tuningWithFormat(flags: GivenFlags): Tuning {
  const format = formatOf(flags.value("format"));
  const tuning = { ...tuningOf((name) => flags.value(name)), format };
  if (format !== "blazing") return tuning;
  refuse(flags, FIXED, "the numbers of the older format are fixed");
  refuse(flags, UNRESUMED, "in the older format a transfer that is interrupted begins anew");
  return blazingTuning(tuning);
}

function formatOf(text = "auto"): FormatChoice {
  const choice = FORMAT_CHOICES.find((choice) => choice === text);
  if (choice === undefined) throw usage(`--format takes ${formatChoices(FORMAT_CHOICES)}, not "${text}"`);
  return choice;
}

function refuse(flags: GivenFlags, names: readonly FlagName[], why: string): void {
  const name = names.find((name) => flags.has(name));
  if (name !== undefined) throw usage(`${written(name)} and --format blazing do not go together: ${why}`);
}

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
