/** Real `dist/ultra` processes, and a folder that shows whether anything happened to it. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { CACHE, STATE, ULTRA } from "../../scripts/paths.ts";
import { TicketWatch } from "../support/ticket_watch.ts";
import { within } from "./hostile_peer.ts";
import { readTicket, type WireTicket } from "./wire.ts";

export interface Exit {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `ultra`. */
export class UltraProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #done: Promise<void>;
  readonly #changed: (() => void)[] = [];
  #stdout = "";
  #stderr = "";

  readonly #watch: TicketWatch;

  constructor(args: readonly string[], command = ULTRA) {
    this.#watch = new TicketWatch(args);
    this.#process = new Deno.Command(command, {
      args: [...args],
      env: { XDG_CACHE_HOME: CACHE, XDG_STATE_HOME: STATE },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#done = Promise.all([
      this.#read(this.#process.stdout, (text) => this.#stdout += text),
      this.#read(this.#process.stderr, (text) => this.#stderr += text),
    ]).then(() => {});
  }

  /** Waits without a ticket and shows one. */
  static receiver(box: Box, ...more: readonly string[]): UltraProcess {
    return new UltraProcess(["recv", "--listen", "127.0.0.1:0", "--into", box.into, ...more]);
  }

  static sender(...more: readonly string[]): UltraProcess {
    return new UltraProcess(["send", "--listen", "127.0.0.1:0", ...more]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The ticket in its words and in its parts. */
  async ticket(): Promise<WireTicket & { readonly text: string }> {
    await this.#until("a ticket", () => this.#stdout.includes("\n"));
    const text = this.#stdout.slice(0, this.#stdout.indexOf("\n"));
    return { ...readTicket(text), text };
  }

  async shows(what: string | RegExp): Promise<void> {
    const isThere = () => typeof what === "string" ? this.#stderr.includes(what) : what.test(this.#stderr);
    await this.#until(`${what} on stderr`, isThere);
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#process.kill("SIGINT");
  }

  async exit(): Promise<Exit> {
    const { code } = await within(`the end of ultra, which says ${this.#stderr}`, this.#process.status);
    await this.#done;
    for (const line of this.#stdout.split("\n")) this.#watch.take("stdout", line);
    for (const line of this.#stderr.split("\n")) this.#watch.take("stderr", line);
    this.#watch.assertNone();
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Ends it by Ctrl-C if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGINT");
    } catch {
      // It has ended.
    }
    await this.exit();
  }

  async #until(what: string, isThere: () => boolean): Promise<void> {
    const wait = async () => {
      while (!isThere()) await new Promise<void>((resolve) => this.#changed.push(resolve));
    };
    const ended = this.#done.then(() => {
      if (!isThere()) throw new Error(`ultra ended without ${what}: ${this.#stderr}`);
    });
    ended.catch(() => {});
    await within(`${what}, after ${this.#stderr}`, Promise.race([wait(), ended]));
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      take(text);
      for (const changed of this.#changed.splice(0)) changed();
    }
  }
}

/** A folder to receive into, inside one with a file that nobody may touch. */
export class Box implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Box> {
    const box = new Box(await Deno.makeTempDir({ prefix: "ultra-hostile-" }));
    await Deno.mkdir(box.into);
    await Deno.writeTextFile(join(box.folder, "canary"), "canary");
    return box;
  }

  get into(): string {
    return join(this.folder, "into");
  }

  /** Everything in it, with what is in files and where links lead. */
  async contents(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const walk = async (path: string) => {
      for await (const { name, isDirectory, isSymlink } of Deno.readDir(join(this.folder, path))) {
        const inside = join(path, name);
        const at = join(this.folder, inside);
        if (isDirectory) found.set(inside, "");
        else found.set(inside, isSymlink ? `-> ${await Deno.readLink(at)}` : await Deno.readTextFile(at));
        if (isDirectory) await walk(inside);
      }
    };
    await walk("");
    return found;
  }

  /** Nothing was created, changed or removed, inside or outside. */
  async assertUntouched(): Promise<void> {
    assert.deepEqual([...await this.contents()].sort(), [["canary", "canary"], ["into", ""]]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Sends a small file with `dist/ultra`, as anybody would. */
export async function honestSend(ticket: string): Promise<Exit> {
  const folder = await Deno.makeTempDir({ prefix: "ultra-honest-" });
  try {
    await Deno.writeTextFile(join(folder, "honest.txt"), "an honest file");
    await using sender = new UltraProcess(["send", join(folder, "honest.txt"), ticket]);
    return await sender.exit();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The listener has survived: nothing happened to its folder, and now it serves an honest sender. */
export async function assertStillServes(receiver: UltraProcess, box: Box): Promise<void> {
  await box.assertUntouched();
  const sent = await honestSend((await receiver.ticket()).text);
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal((await box.contents()).get("into/honest.txt"), "an honest file");
}
