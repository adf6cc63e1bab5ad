/**
 * Files that are dropped into a watched folder while `ultra watch` is killed again and again, and a consumer that takes each arrival away at once.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HANG_MS, type Ultra, type Workspace } from "./harness.ts";
import { namesIn } from "./files.ts";

export interface Dropping {
  readonly files: number;
  /** Bytes of each; they differ in their first bytes. */
  readonly bytes: number;
  readonly kills: number;
  /** What the sender sends at most, so that kills fall into transfers. */
  readonly rate: string;
  readonly limitMs?: number;
}

/** Drops files in waves, kills the watching process in each of them, and checks that every file arrives once, as it was. */
export async function dropWhileKilled(
  workspace: Workspace,
  { files, bytes, kills, rate, limitMs }: Dropping,
): Promise<void> {
  const [outbox, into] = [await workspace.make("outbox"), await workspace.make("into")];
  const receiver = workspace.recv(["--stay", "--json", "--into", into]);
  const ticket = await receiver.ticket();
  const start = () =>
    workspace.start(["watch", outbox, "--json", "--rate-limit", rate], { env: { ULTRA_TICKET: ticket } });
  using consumer = new Consumer(into, bytes, limitMs);
  const wave = Math.ceil(files / (kills + 1));
  let watching = start();
  let killedMidway = 0;
  for (let first = 0; first < files; first += wave) {
    const last = Math.min(first + wave, files);
    for (let number = first; number < last; number++) await drop(outbox, number, bytes);
    if (last === files) break;
    // Somewhere in the first half of the wave, which differs each time: what is told here comes late on a busy machine.
    await consumer.count(first + 1 + Math.floor(Math.random() * (last - first - 1) / 2));
    if (namesIn(outbox).some((name) => name.startsWith("file"))) killedMidway++;
    await killed(watching);
    watching = start();
  }
  await consumer.count(files);
  await until(outbox, () => !namesIn(outbox).some((name) => name.startsWith("file")), limitMs);
  await until(
    join(outbox, ".ultra-watch", "out"),
    () => namesIn(join(outbox, ".ultra-watch", "out")).length === 0,
    limitMs,
  );
  watching.kill("SIGTERM");
  await watching.exits(143);
  receiver.kill("SIGTERM");
  await receiver.exits(143);
  consumer.assertEachOnce(files);
  assert.equal(namesIn(join(outbox, "sent")).length, files);
  assert.deepEqual(namesIn(into), []);
  assert.ok(killedMidway > 0, "no kill found anything that was not sent yet");
}

async function killed(ultra: Ultra): Promise<void> {
  ultra.kill("SIGKILL");
  await ultra.gone;
}

/** In two steps, as programs write: what is complete is for the watcher to find out. */
async function drop(folder: string, number: number, bytes: number): Promise<void> {
  using file = await Deno.open(join(folder, nameOf(number)), { write: true, createNew: true });
  const content = contentOf(number, bytes);
  await file.write(content.subarray(0, bytes / 2));
  await file.write(content.subarray(bytes / 2));
}

const nameOf = (number: number) => `file ${number} %#`;

function contentOf(number: number, bytes: number): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(bytes).fill(number % 251);
  new DataView(content.buffer).setUint32(0, number);
  return content;
}

/** Takes away what arrives, and counts how often it does. */
class Consumer implements Disposable {
  readonly #arrivals = new Map<string, number>();
  readonly #watcher: Deno.FsWatcher;
  readonly #folder: string;
  readonly #bytes: number;
  readonly #limitMs: number | undefined;
  readonly #faults: string[] = [];
  #taken = Promise.withResolvers<void>();

  constructor(folder: string, bytes: number, limitMs: number | undefined) {
    this.#folder = folder;
    this.#bytes = bytes;
    this.#limitMs = limitMs;
    this.#watcher = Deno.watchFs(folder);
    void this.#run();
  }

  /** Resolved when so many different files have arrived. */
  async count(files: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`${this.#arrivals.size} of ${files} files have arrived`)),
      this.#limitMs ?? HANG_MS,
    );
    try {
      while (this.#arrivals.size < files) await Promise.race([this.#taken.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  assertEachOnce(files: number): void {
    assert.deepEqual(this.#faults, []);
    const wrong = [...this.#arrivals].filter(([, times]) => times !== 1);
    assert.deepEqual(wrong, [], "these arrived more than once");
    assert.equal(this.#arrivals.size, files);
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }

  async #run(): Promise<void> {
    for await (const _event of this.#watcher) {
      for (const name of namesIn(this.#folder)) if (!name.startsWith(".")) this.#take(name);
    }
  }

  #take(name: string): void {
    const path = join(this.#folder, name);
    const content = Deno.readFileSync(path);
    Deno.removeSync(path);
    const number = new DataView(content.buffer).getUint32(0);
    if (name !== nameOf(number) || !isSame(content, contentOf(number, this.#bytes))) this.#faults.push(name);
    this.#arrivals.set(name, (this.#arrivals.get(name) ?? 0) + 1);
    const { resolve } = this.#taken;
    this.#taken = Promise.withResolvers();
    resolve();
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Until something about a folder is so. */
export async function until(folder: string, isSo: () => boolean, limitMs = HANG_MS): Promise<void> {
  using watcher = Deno.watchFs(folder);
  const timer = setTimeout(() => watcher.close(), limitMs);
  try {
    if (isSo()) return;
    for await (const _event of watcher) if (isSo()) return;
    throw new Error(`${folder} did not change so within ${limitMs} ms: ${namesIn(folder).join(", ")}`);
  } finally {
    clearTimeout(timer);
  }
}
