/** Changes in the two network namespaces of a path. @module */

import assert from "node:assert/strict";
import { NETPATH } from "../../scripts/paths.ts";

/** The name of the device at either end. */
export const DEVICE = "path0";

/**
 * Lets a namespace lose what comes with this address, without a word. (A rule in front of that for local addresses: routes and rules for what leaves
 * are passed over where a packet names its device.)
 */
export async function loses(namespace: string | undefined, which: "from" | "to", address: string): Promise<void> {
  await ip(namespace, "rule", "add", "pref", "2", "lookup", "local");
  await ip(namespace, "rule", "add", "pref", "1", which, `${address}/32`, "blackhole");
  await ip(namespace, "rule", "delete", "pref", "0");
}

/** Ends what {@linkcode loses} began. */
export async function losesNoMore(namespace: string | undefined): Promise<void> {
  await ip(namespace, "rule", "delete", "pref", "1");
}

/** Starts a process in a namespace. */
export function inside(namespace = ""): { readonly before: string } {
  return { before: `"${NETPATH}" exec --ns ${namespace} --` };
}

export async function ip(namespace: string | undefined, ...args: readonly string[]): Promise<void> {
  const command = new Deno.Command("ip", { args: ["-n", namespace ?? "", ...args], stdout: "null" });
  const { success, stderr } = await command.output();
  assert.ok(success, `ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
