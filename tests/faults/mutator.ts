/** Changes a file while it is sent: the source mutator of the fault harness. @module */

/** What somebody does to a file of `size` bytes that is being read. */
export type Mutation = (path: string, size: number) => Promise<unknown>;

/** Another program adds to it (E1). */
export const grow: Mutation = (path) => Deno.writeTextFile(path, "more", { append: true });

/** Half of it goes (E2, E6). */
export const shrink: Mutation = (path, size) => Deno.truncate(path, size / 2);

/** Other bytes come in the place of some near its end, and its time is set back (E4): only the ctime tells. */
export const rewrite: Mutation = async (path, size) => {
  const { mtime } = await Deno.stat(path);
  using file = await Deno.open(path, { write: true });
  await file.seek(size - 100, Deno.SeekMode.Start);
  await file.write(new Uint8Array(50));
  await Deno.utime(path, mtime ?? 0, mtime ?? 0);
};

/** What moves a file's ctime and leaves its contents alone (T24), by the name of the program that does so. */
export const TOUCHES: Readonly<Record<string, Mutation>> = {
  "ln": (path) => Deno.link(path, `${path}.link`),
  "chmod": (path) => Deno.chmod(path, 0o640),
  "mv": (path) => Deno.rename(path, `${path}.moved`),
  "touch -a": (path) => new Deno.Command("touch", { args: ["-a", path] }).output(),
};
