/** `--clipboard` of `send` and `recv`. @module */

import { UltraError } from "../base/errors.ts";
import type { Context } from "../link/context.ts";
import type { Arrived } from "../session/arrived.ts";
import { checkClipboard, putArrived, takeClipping } from "../session/clipboard.ts";
import { type OfferChoices, Offering } from "../session/offering.ts";
import type { CommandContext } from "./context.ts";
import { isThere } from "./is_there.ts";

/** Where the data plane has a way to the clipboard; `docs/design.md` 5 says where others come in. */
const SYSTEMS: ReadonlySet<string> = new Set(["linux", "darwin", "windows"]);

/** @throws {UltraError} `usage`: there is no way to the clipboard of this system */
export function checkSystem(system: string): void {
  if (SYSTEMS.has(system)) return;
  throw new UltraError("usage", `This version of ultra has no way to the clipboard of ${system}`);
}

/** What is to be sent of the clipboard, which is read once: what is copied later is not meant. */
export async function offerClipboard(
  choices: OfferChoices,
  context: CommandContext,
  system: string = Deno.build.os,
): Promise<{ readonly paths: readonly string[]; readonly offer: () => Offering }> {
  checkSystem(system);
  const clipping = await takeClipping(context);
  if (clipping.form === "files") {
    const { paths } = clipping;
    return { paths, offer: () => Offering.ofPaths(paths, choices, context) };
  }
  const name = textName(new Date(context.wallMs()));
  return { paths: [], offer: () => Offering.ofClipboard(name, context) };
}

/** Before anything is received: a missing program is named at once. */
export async function openClipboard(context: Context, system: string = Deno.build.os): Promise<void> {
  checkSystem(system);
  await checkClipboard(context);
}

/** Puts what is there of what arrived on the clipboard, and says so. */
export async function keepArrived({ content, paths }: Arrived, raw: boolean, context: CommandContext): Promise<void> {
  const there = paths.filter(isThere);
  if (there.length === 0) return;
  await putArrived({ content, paths: there }, raw, context);
  context.tell({ type: "on-clipboard", content, paths: content === "text" ? [] : there });
}

/** A name that no other clipping has, for receivers that want it as a file. */
export function textName(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `clipboard-${day}-${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join("")}.txt`;
}
