/** `--existing`, and the two short ways to say it. @module */

import { UltraError } from "../base/errors.ts";
import type { Existing } from "../protocol/words.ts";
import type { FlagName } from "./flags.ts";
import { formatChoices } from "./preserve.ts";

export const EXISTING_CHOICES: readonly Existing[] = ["refuse", "skip", "update", "replace", "rename", "backup"];

/** The flags that say what becomes of files that are there and differ. */
export const EXISTING_FLAGS = ["existing", "overwrite", "skip-existing"] as const satisfies readonly FlagName[];

/** @throws {UltraError} `usage` */
export function existingOf(
  flags: { has(name: FlagName): boolean; value(name: FlagName): string | undefined },
): Existing {
  const [one, other] = EXISTING_FLAGS.filter((name) => flags.has(name));
  if (one !== undefined && other !== undefined) {
    throw new UltraError(
      "usage",
      `--${one} and --${other} both say what becomes of existing files: leave one of them out`,
    );
  }
  if (one === "overwrite") return "replace";
  if (one === "skip-existing") return "skip";
  const text = flags.value("existing") ?? "refuse";
  const choice = EXISTING_CHOICES.find((choice) => choice === text);
  if (choice !== undefined) return choice;
  throw new UltraError("usage", `--existing takes ${formatChoices(EXISTING_CHOICES)}, not "${text}"`);
}
