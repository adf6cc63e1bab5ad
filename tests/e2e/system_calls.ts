/** What a process asks its kernel for, as strace sees it. @module */

/** Calls that wait for a disk. */
export const SYNCS = "fsync,fdatasync,syncfs,sync_file_range";

/** Whether processes can be traced here: a container may forbid it. */
export async function canTrace(): Promise<boolean> {
  const child = new Deno.Command("strace", { args: ["-f", "true"], stdout: "null", stderr: "null" });
  return (await child.output().catch(() => undefined))?.success === true;
}

/** What to put before a program so that its calls are written to a log. Other calls are not slowed down. */
export function traced(calls: string, log: string): string {
  return `strace -f -y --seccomp-bpf -qq -e trace=${calls} -e signal=none -o ${log}`;
}

/** The calls of a log for files in a folder, or the folder itself, by name. (The runtime syncs caches of its own at times.) */
export async function callsIn(log: string, folder: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(log);
  const calls = [...text.matchAll(/^\d+ +(\w+)\(\d+<([^>]*)>/gm)];
  return calls.filter(([, , path = ""]) => path === folder || path.startsWith(`${folder}/`)).map(([, name = ""]) =>
    name
  );
}
