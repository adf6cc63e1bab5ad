/**
 * A watched folder: what lies in it, what happens in it, and how confirmed items leave it.
 *
 * Events get lost, so they only say that it is time to look.
 *
 * @module
 */

import { basename, join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { UltraError } from "../base/errors.ts";
import type { Look, PutAway } from "./queue.ts";

/** What becomes of what the other side has. */
export type Then = "keep" | "move" | "delete";

/** Where moved items go. What lies there is never sent. */
export const SENT = "sent";

/** What is ours in the folder, hidden. */
const OURS = ".ultra-watch";
const LOCK = "lock";
/** Confirmed items on their way out, each in a folder that is named for its look. */
const OUT = "out";
/** Behind the name of such a folder: something of the item was left out. */
const PARTIAL = "-partial";
/** What is being removed, each item in a folder of its own. */
const GONE = "gone";
/** What stands in a name for bytes that are no UTF-8. */
const REPLACED = "\u{fffd}";

/** A confirmed item that cannot leave the folder now. */
export interface Stuck {
  readonly name: string;
  readonly why: string;
}

export interface Listing {
  readonly items: ReadonlyMap<string, Look>;
  /** What is neither a file nor a folder, and stays. */
  readonly others: readonly string[];
}

export class WatchedFolder implements Disposable {
  readonly path: string;
  readonly #then: Then;
  readonly #lock: Deno.FsFile;

  private constructor(path: string, then: Then, lock: Deno.FsFile) {
    this.path = path;
    this.#then = then;
    this.#lock = lock;
  }

  /**
   * Takes the folder for this process alone. {@linkcode goOn} ends what an earlier one that was killed had begun.
   *
   * @throws {UltraError} `disk`, or `usage` when another process watches it
   */
  static async open(path: string, then: Then): Promise<WatchedFolder> {
    try {
      if (!(await Deno.stat(path)).isDirectory) throw new UltraError("usage", "It is no folder", { subject: path });
      for (const own of [join(path, OURS), join(path, OURS, OUT)]) await refuseOthers(own);
      await Deno.mkdir(join(path, OURS, OUT), { recursive: true, mode: 0o700 });
      const lock = await Deno.open(join(path, OURS, LOCK), { create: true, write: true, mode: 0o600 });
      if (!await lock.tryLock(true)) {
        lock.close();
        throw new UltraError("usage", "Another ultra watch has this folder", { subject: path });
      }
      return new WatchedFolder(path, then, lock);
    } catch (error) {
      throw error instanceof UltraError ? error : cannot("be watched", path, error);
    }
  }

  [Symbol.dispose](): void {
    this.#lock.close();
  }

  /** What could be sent: all files and folders in it but hidden ones and {@linkcode SENT}, which is told when it is no folder. */
  async list(): Promise<Listing> {
    const items = new Map<string, Look>();
    const others: string[] = [];
    try {
      for await (const { name } of Deno.readDir(this.path)) {
        if (name.startsWith(".")) continue;
        if (name === SENT) {
          if (!await isFolder(join(this.path, name))) others.push(name);
          continue;
        }
        const look = await lookAt(join(this.path, name));
        // A name of other bytes than UTF-8 cannot be looked at by what is shown of it.
        if (look === "other" || (look === "gone" && name.includes(REPLACED))) others.push(name);
        else if (look !== "gone") items.set(name, look.is);
      }
    } catch (error) {
      throw cannot("be listed", this.path, error);
    }
    return { items, others };
  }

  /**
   * Takes an item out of the folder that the other side has: away, or to {@linkcode SENT}. First it is moved where nobody else writes, and looked at
   * once more, so that another item that was dropped under the same name meanwhile is not taken for it.
   *
   * @param isWhole whether all of it was received now; otherwise it is never removed, because what was left out is nowhere else
   * @throws {UltraError} `disk`; the item is in the folder, or its way out goes on with {@linkcode goOn}
   */
  async putAway(name: string, look: Look, isWhole: boolean): Promise<PutAway> {
    const from = join(this.path, name);
    try {
      const out = join(this.path, OURS, OUT, nameOf(look) + (isWhole ? "" : PARTIAL));
      await Deno.mkdir(out, { recursive: true });
      try {
        await Deno.rename(from, join(out, name));
      } catch (error) {
        // (There may be something in it: the item, from an earlier call.)
        await Deno.remove(out).catch(() => {});
        if (error instanceof Deno.errors.NotFound) return "changed";
        throw error;
      }
      return await this.#finish(out, name) ? "done" : "changed";
    } catch (error) {
      throw error instanceof UltraError ? error : cannot("be put away", from, error);
    }
  }

  /**
   * Ends what an earlier process, or an earlier call, has begun: nothing that was confirmed goes back into the queue.
   *
   * @returns what cannot be ended now, each of which holds no other one up
   */
  async goOn(): Promise<readonly Stuck[]> {
    // What cannot be removed was told when that was tried first, and holds nothing else up.
    await Deno.remove(join(this.path, OURS, GONE), { recursive: true }).catch(() => {});
    const stuck: Stuck[] = [];
    for (const look of await namesIn(join(this.path, OURS, OUT))) {
      const out = join(this.path, OURS, OUT, look);
      const names = await namesIn(out);
      for (const name of names) {
        try {
          await this.#finish(out, name);
        } catch (error) {
          stuck.push({ name, why: (error instanceof UltraError ? error : cannot("be put away", name, error)).message });
        }
      }
      if (names.length === 0) await Deno.remove(out).catch(() => {});
    }
    return stuck;
  }

  /** @returns whether it was what had been confirmed; anything else goes back */
  async #finish(out: string, name: string): Promise<boolean> {
    const item = join(out, name);
    const now = await lookAt(item);
    const isPartial = basename(out).endsWith(PARTIAL);
    const isIt = typeof now === "object" && nameOf(now.is) === basename(out, PARTIAL);
    if (isIt && this.#then === "delete" && !isPartial) {
      await this.#remove(item, out);
      return true;
    }
    if (!isIt) await moveInto(item, this.path, name);
    else {
      const sent = join(this.path, SENT);
      await refuseLink(sent);
      await Deno.mkdir(sent, { recursive: true });
      await moveInto(item, sent, name);
    }
    await Deno.remove(out);
    return isIt;
  }

  /** Half a folder would look like another item, so it leaves its place as a whole first. */
  async #remove(item: string, out: string): Promise<void> {
    const gone = join(this.path, OURS, GONE);
    await Deno.mkdir(gone, { recursive: true });
    const place = await Deno.makeTempDir({ dir: gone });
    await Deno.rename(item, join(place, basename(item)));
    await Deno.remove(out);
    try {
      await Deno.remove(place, { recursive: true });
    } catch (error) {
      const what = `What is left of it cannot be removed (${reasonOf(error)})`;
      throw new UltraError("disk", what, { subject: place, cause: error });
    }
    // It stays where something of an earlier item does.
    await Deno.remove(gone).catch(() => {});
  }
}

/** Tells that something has happened in the folder, as often as the system knows. */
export class Changes implements Disposable {
  readonly #watcher: Deno.FsWatcher | undefined;
  #happened = Promise.withResolvers<void>();

  constructor(path: string) {
    try {
      this.#watcher = Deno.watchFs(path, { recursive: false });
      void this.#listen(this.#watcher);
    } catch {
      // The system has no watch left, or this file system has none: then it is looked from time to time alone.
      this.#watcher = undefined;
    }
  }

  /** Whether events come at all. */
  get areTold(): boolean {
    return this.#watcher !== undefined;
  }

  /** Resolved with the first event since the last call. */
  get next(): Promise<void> {
    return this.#happened.promise;
  }

  /** What has happened so far will be seen. */
  clear(): void {
    this.#happened = Promise.withResolvers<void>();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }

  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const _event of watcher) this.#happened.resolve();
    } catch {
      // The folder is gone, or the queue of events overflowed: the next look finds out.
      this.#happened.resolve();
    }
  }
}

/** Names in a folder of ours; none where somebody has removed it. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw cannot("be listed", folder, error);
  }
}

/** Also behind a link. */
/** Whoever may drop files here must not choose where others are moved to. */
async function refuseLink(path: string): Promise<void> {
  if ((await Deno.lstat(path).catch(() => undefined))?.isSymlink === true) {
    throw new UltraError("disk", "It is a link, and files would be moved where that leads", { subject: path });
  }
}

/** What has the name of a folder of ours and is none. */
async function refuseOthers(path: string): Promise<void> {
  await refuseLink(path);
  if ((await Deno.lstat(path).catch(() => undefined))?.isDirectory === false) {
    throw new UltraError("disk", "`ultra watch` needs a folder of its own there, and this is none: move it away", {
      subject: path,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

type Seen = { readonly is: Look } | "gone" | "other";

/** Links are not followed. */
async function lookAt(path: string): Promise<Seen> {
  try {
    const info = await Deno.lstat(path);
    if (info.isFile) return { is: lookOf(info) };
    return info.isDirectory ? { is: await lookBelow(path, info) } : "other";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "gone";
    throw error;
  }
}

/** Changes with every write: size, time, and which file it is. */
function lookOf({ size, mtime, ino, dev, isFile }: Deno.FileInfo): Look {
  return [isFile ? "file" : "folder", isFile ? size : 0, mtime?.getTime() ?? 0, ino ?? 0, dev].join(":");
}

/**
 * A folder with all that is in it, as one short text. What cannot be looked at, because it vanishes, is closed to this user or has a name of
 * other bytes than UTF-8, is a line as well: the folder is sent then, which says what is wrong with it, and no other item is held up.
 */
async function lookBelow(path: string, info: Deno.FileInfo): Promise<Look> {
  const lines: string[] = [];
  const line = (below: string, what: string) => lines.push(`${JSON.stringify(below)} ${what}`);
  const walk = async (folder: string, below: string): Promise<void> => {
    try {
      for await (const { name } of Deno.readDir(folder)) {
        const info = await Deno.lstat(join(folder, name)).catch(() => undefined);
        line(`${below}/${name}`, info === undefined ? "unknown" : lookOf(info));
        if (info?.isDirectory) await walk(join(folder, name), `${below}/${name}`);
      }
    } catch {
      line(below, "closed");
    }
  };
  await walk(path, "");
  const text = [lookOf(info), ...lines.sort()].join("\n");
  return sha256(new TextEncoder().encode(text)).toHex();
}

/** Of a look, as the name of a folder. */
function nameOf(look: Look): string {
  return sha256(new TextEncoder().encode(look)).slice(0, 16).toHex();
}

/** Moves something under its name, or the next one that is free; nothing is replaced. */
async function moveInto(from: string, folder: string, name: string): Promise<void> {
  const { isDirectory } = await Deno.lstat(from);
  for (const candidate of candidates(name)) {
    const to = join(folder, candidate);
    if (isDirectory ? await renamedFolder(from, to) : await renamedFile(from, to)) return;
  }
}

/** `false`: the name is taken. */
async function renamedFile(from: string, to: string): Promise<boolean> {
  try {
    // In two steps, as a rename would replace: killed between them the file has both names, and the next move finds that.
    await Deno.link(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      if (!await isSame(from, to)) return false;
    } else if (error instanceof Deno.errors.NotFound) throw error;
    // A disk without hard links.
    else return await renamedFolder(from, to);
  }
  await Deno.remove(from);
  return true;
}

async function renamedFolder(from: string, to: string): Promise<boolean> {
  try {
    await Deno.lstat(to);
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.rename(from, to);
  return true;
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([Deno.lstat(one), Deno.lstat(other)]);
  return a.isFile && a.ino !== null && a.ino === b.ino && a.dev === b.dev;
}

/** `a.txt`, `a (1).txt`, `a (2).txt` ... */
function* candidates(name: string): Generator<string> {
  yield name;
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let number = 1;; number++) yield `${stem} (${number})${ending}`;
}

function cannot(done: string, path: string, cause: unknown): UltraError {
  return new UltraError("disk", `It cannot ${done} (${reasonOf(cause)})`, { subject: path, cause });
}

/** The system's words, without its number. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/ \(os error \d+\).*$/, "") : String(cause);
}
