/** `deno task demo`: one real transfer between two processes, shown from both sides and checked from outside. @module */

import { join } from "node:path";
import { hashFile, newHasher } from "./blake3.ts";
import { buildAll } from "./build.ts";
import { CACHE, STATE, ULTRA } from "./paths.ts";
import { Failure, main, print } from "./shell.ts";

const SIZE = 1024 * 1024 * 1024;
const NAME = "demo.bin";

/** Long enough for any machine that can build ultra, short enough for someone who watches. */
const PATIENCE_MS = 5 * 60_000;

async function buildAndShow(): Promise<void> {
  await buildAll();
  const folder = await Deno.makeTempDir({ prefix: "ultra-demo-" });
  // The terminal interrupts both sides too; what is left to do is not to leave gigabytes behind.
  Deno.addSignalListener("SIGINT", () => {
    Deno.removeSync(folder, { recursive: true });
    Deno.exit(130);
  });
  try {
    await demo(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function demo(folder: string): Promise<void> {
  const source = join(folder, NAME);
  const into = join(folder, "received");
  await Deno.mkdir(into);
  print(`\nmaking a file of ${SIZE / 2 ** 30} GiB`);
  const expected = await generate(source);

  await using receiver = new Side("recv", ["recv", "--listen", "127.0.0.1", "--into", into]);
  const ticket = await receiver.firstLine();
  const start = performance.now();
  await using sender = new Side("send", ["send", source, ticket]);
  for (const side of [sender, receiver]) {
    const code = await within(PATIENCE_MS, side.finished());
    if (code !== 0) throw new Failure(`ultra ${side.name} ended with exit code ${code}`);
  }
  const seconds = (performance.now() - start) / 1000;

  print("\nchecking the received file with another implementation of BLAKE3");
  const received = await hashFile(join(into, NAME));
  if (received !== expected) throw new Failure(`the received file differs from the one that was sent: ${received}`);
  for (const side of [sender, receiver]) {
    if (!side.shows(received)) throw new Failure(`ultra ${side.name} did not show the file's BLAKE3 root ${received}`);
  }
  const rate = (SIZE * 8) / 1e6 / seconds;
  print(
    `\ndone: 1 GiB from process to process in ${seconds.toFixed(2)} s (${rate.toFixed(0)} Mbps, start-up included), ` +
      `BLAKE3 ${received.slice(0, 16)}… confirmed independently`,
  );
}

/** Fills a file with random bytes and returns their BLAKE3 hash. */
async function generate(path: string): Promise<string> {
  const hasher = await newHasher();
  using file = await Deno.open(path, { write: true, createNew: true });
  const block = new Uint8Array(1024 * 1024);
  for (let done = 0; done < SIZE; done += block.length) {
    // (At most 64 KiB for each call, says the standard.)
    for (let at = 0; at < block.length; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536));
    hasher.update(block);
    for (let rest = block; rest.length > 0;) rest = rest.subarray(await file.write(rest));
  }
  return hasher.digest("hex");
}

/** One ultra process, its output shown line by line behind its name. */
class Side implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #first = Promise.withResolvers<string>();
  readonly #output: Promise<unknown>;
  #text = "";

  constructor(readonly name: string, args: readonly string[]) {
    print(`\n$ ultra ${args.map((word) => word.startsWith("ultra1") ? "TICKET" : word).join(" ")}`);
    const command = new Deno.Command(ULTRA, {
      args: [...args],
      env: { XDG_CACHE_HOME: CACHE, XDG_STATE_HOME: STATE },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    this.#child = command.spawn();
    this.#output = Promise.all([
      this.#show(this.#child.stderr, () => {}),
      this.#show(this.#child.stdout, (line) => this.#first.resolve(line)),
    ]);
  }

  /** The first line on stdout: for a listener whose stdout is no terminal the bare ticket. */
  async firstLine(): Promise<string> {
    const line = await within(30_000, Promise.race([this.#first.promise, this.finished()]));
    if (typeof line === "string") return line;
    throw new Failure(`ultra ${this.name} ended with exit code ${line} before it showed a ticket`);
  }

  /** The exit code, once all output has been shown. */
  async finished(): Promise<number> {
    await this.#output;
    return (await this.#child.status).code;
  }

  shows(text: string): boolean {
    return this.#text.includes(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended, which is the usual case.
    }
    await this.finished();
  }

  async #show(stream: ReadableStream<Uint8Array<ArrayBuffer>>, seen: (line: string) => void): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#line(line, seen);
    }
    if (rest !== "") this.#line(rest, seen);
  }

  #line(line: string, seen: (line: string) => void): void {
    this.#text += `${line}\n`;
    seen(line);
    print(`${this.name} | ${line}`);
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const failure = new Failure(`nothing more happened within ${milliseconds / 1000} s`);
  const timer = setTimeout(() => late.reject(failure), milliseconds);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

await main(buildAndShow);
