/** The list of `--preserve`. @module */

import { type Preserve, PRESERVE_NOTHING_MORE } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";

/** What is always kept; naming it changes nothing. */
const ALWAYS: ReadonlySet<string> = new Set(["mode", "modes", "times", "hardlinks"]);

const MORE: readonly (keyof Preserve)[] = ["owner", "xattrs", "acl"];

/** What a system has no way for, however its disks are. */
const ABSENT: Readonly<Record<string, { readonly called: string; readonly names: readonly (keyof Preserve)[] }>> = {
  windows: { called: "Windows", names: MORE },
  darwin: { called: "macOS", names: ["acl"] },
};

/**
 * What is kept of files beyond modes, times and hard links: `owner,xattrs,acl`, each perhaps with a plus before it.
 *
 * @throws {UltraError} `usage`
 */
export function parsePreserve(list: string | undefined, system: string = Deno.build.os): Preserve {
  if (list === undefined) return PRESERVE_NOTHING_MORE;
  const names = list.split(",").map((name) => name.trim().replace(/^\+/, ""));
  const unknown = names.find((name) => !ALWAYS.has(name) && !MORE.some((more) => more === name));
  if (unknown !== undefined) {
    throw new UltraError(
      "usage",
      `--preserve takes owner, xattrs and acl, joined by commas, beside mode, times and hardlinks, which are always kept; not "${unknown}"`,
    );
  }
  const { called, names: lacking } = ABSENT[system] ?? { called: system, names: [] };
  const absent = lacking.find((name) => names.includes(name));
  if (absent !== undefined) {
    throw new UltraError("usage", `--preserve ${absent}: on ${called} ultra has no way to keep that`);
  }
  return { owner: names.includes("owner"), xattrs: names.includes("xattrs"), acl: names.includes("acl") };
}

/** Words as a sentence has them: "a, b or c". */
export function formatChoices(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}`;
}
