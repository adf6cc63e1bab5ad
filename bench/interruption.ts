/** What a benchmark must not leave behind: servers, mounts, and gigabytes in memory. @module */

import { Failure } from "../scripts/shell.ts";
import { endAll } from "./measure.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What there is to take away, the newest last. */
const pending: (() => void)[] = [];

/**
 * Has something taken away when it is disposed of, or when the benchmark is interrupted before: then the newest first.
 *
 * @param remove in one go: while it waited, an interrupted benchmark would go on, and make anew what is being removed
 */
export function takenAway(remove: () => void): Disposable {
  if (pending.length === 0) { for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupted); }
  pending.push(remove);
  return {
    [Symbol.dispose]() {
      const index = pending.indexOf(remove);
      if (index < 0) return; // it has been disposed of
      pending.splice(index, 1);
      if (pending.length === 0) { for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupted); }
      remove();
    },
  };
}

/** Before whatever must not happen once the benchmark was interrupted: then it never returns, and the process is about to end. */
export async function unlessInterrupted(): Promise<void> {
  if (isInterrupted) await new Promise(() => {});
}

let isInterrupted = false;

/** Once no program of the benchmark runs any more, nothing but this does until the end. */
function interrupted(): void {
  isInterrupted = true;
  void endAll().then(() => {
    while (pending.length > 0) pending.pop()?.();
  }).finally(() => Deno.exit(130));
}

/** Removes a folder, although calls that were under way may still add to it. */
export function removeFolder(path: string): void {
  for (let left = 5;; left--) {
    try {
      return Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (left === 0 || !(error instanceof Error) || !/not empty/i.test(error.message)) throw error;
    }
  }
}

/** Fails when something still uses it. */
export function unmount(path: string): void {
  const { success, stderr } = new Deno.Command("umount", { args: [path], stdin: "null" }).outputSync();
  if (!success) throw new Failure(new TextDecoder().decode(stderr).trim());
}
