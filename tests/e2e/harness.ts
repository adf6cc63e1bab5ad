/**
 * Real `ultra` processes for tests: started, listened to line by line, waited for by what they say, and always ended.
 *
 * Nothing here sleeps. Every wait has a limit that only a hang reaches, and whoever reaches it is shown all that was said.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { CACHE, STATE, ULTRA } from "../../scripts/paths.ts";
import { TicketWatch } from "../support/ticket_watch.ts";

/** No test waits longer for one thing, however slow the machine is. */
export const HANG_MS = 90_000;

/** One line of `--json`. */
export type Event = Readonly<Record<string, unknown>> & { readonly type: string };

export interface StartOptions {
  /** What is run in place of `dist/ultra`: `deno run main.ts`. */
  readonly program?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What standard input holds; nothing when absent. */
  readonly stdin?: string;
  /** What a shell shall have behind the program: pipes and redirections. */
  readonly shellSuffix?: string;
  /** What a shell shall do before it becomes the program: `ulimit -n 64`. */
  readonly limits?: string;
  /** A command that gets the program and its arguments behind its own: `setpriv --reuid 65534`. */
  readonly before?: string;
  /** Descriptors that it is started with besides its three, for who counts them. */
  readonly inherited?: number;
}

/** Is told of every process that a workspace starts. */
export type OnStart = (ultra: Ultra, options: StartOptions) => void;

/** Runs a test in a fresh folder; afterwards no process and no file is left. */
export async function inWorkspace(
  body: (workspace: Workspace) => Promise<void>,
  root?: string,
  onStart?: OnStart,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ultra-e2e-", ...(root === undefined ? {} : { dir: root }) });
  await using workspace = new Workspace(folder, onStart);
  await body(workspace);
}

export class Workspace implements AsyncDisposable {
  readonly #started: Ultra[] = [];
  readonly #onStart: OnStart;

  constructor(readonly folder: string, onStart: OnStart = () => {}) {
    this.#onStart = onStart;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Makes a folder and returns its path. */
  async make(...parts: readonly string[]): Promise<string> {
    const path = this.path(...parts);
    await Deno.mkdir(path, { recursive: true });
    return path;
  }

  /** Starts `ultra`. */
  start(args: readonly string[], options: StartOptions = {}): Ultra {
    const ultra = new Ultra(args, { cwd: this.folder, ...options });
    this.#started.push(ultra);
    this.#onStart(ultra, options);
    return ultra;
  }

  /** Starts a receiver that waits on loopback. */
  recv(args: readonly string[], options: StartOptions = {}): Ultra {
    return this.start(["recv", "--listen", "127.0.0.1", ...args], options);
  }

  /** Starts a sender that waits on loopback. */
  sendWaiting(args: readonly string[], options: StartOptions = {}): Ultra {
    return this.start(["send", "--listen", "127.0.0.1", ...args], options);
  }

  /** Starts both sides of a transfer: the receiver waits, the sender dials. */
  async pair(
    sendArgs: readonly string[],
    recvArgs: readonly string[],
    ...extra: readonly string[]
  ): Promise<{ readonly sender: Ultra; readonly receiver: Ultra }> {
    const receiver = this.recv([...extra, ...recvArgs]);
    const ticket = await receiver.ticket();
    const sender = this.start(["send", ...extra, ...sendArgs, ticket]);
    return { sender, receiver };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ultra of this.#started) ultra.end();
    await Promise.all(this.#started.map((ultra) => ultra.gone));
    for (const ultra of this.#started) ultra.assertNoTicketLeaked();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** One process of `dist/ultra`. */
export class Ultra {
  readonly pid: number;
  readonly stdout: Lines;
  readonly stderr: Lines;
  readonly #args: readonly string[];
  readonly #watch: TicketWatch;
  readonly #child: Deno.ChildProcess;
  readonly #status: Promise<Deno.CommandStatus>;
  #isGone = false;

  constructor(args: readonly string[], options: StartOptions) {
    const { env = {}, cwd, stdin } = options;
    this.#args = args;
    this.#watch = new TicketWatch([...args, ...Object.values(env), stdin ?? ""]);
    const script = scriptOf(options);
    const own = [...options.program ?? [ULTRA], ...args];
    const [program = ULTRA, ...words] = script === undefined ? own : ["sh", "-c", script, "sh", ...own];
    const command = new Deno.Command(program, {
      args: words,
      // (An empty ticket is how scripts unset one.)
      env: { ULTRA_TICKET: "", ULTRA_IDENTITY: "", XDG_CACHE_HOME: CACHE, XDG_STATE_HOME: STATE, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    });
    this.#child = command.spawn();
    this.pid = this.#child.pid;
    this.stdout = new Lines(this.#child.stdout, (line) => this.#watch.take("stdout", line));
    this.stderr = new Lines(this.#child.stderr, (line) => this.#watch.take("stderr", line));
    this.#status = this.#child.status.then((status) => {
      this.#isGone = true;
      return status;
    });
    if (stdin !== undefined) void this.#write(stdin);
  }

  /** Resolved when the process is gone and everything it said has arrived. */
  get gone(): Promise<unknown> {
    return Promise.all([this.#status, this.stdout.closed, this.stderr.closed]);
  }

  /** The ticket of a side that waits: the bare line on standard output, or the event of `--json`. */
  async ticket(): Promise<string> {
    const line = await this.#within(
      this.stdout.find((text) => text.startsWith("ultra1") || text.includes(`"type":"ticket"`)),
      "a ticket",
    );
    return line.startsWith("{") ? String((JSON.parse(line) as Event)["ticket"]) : line;
  }

  /** The first line on standard error that fits. */
  says(pattern: RegExp): Promise<string> {
    return this.#within(this.stderr.find((line) => pattern.test(line)), `a line like ${pattern}`);
  }

  /** The first event of `--json` that fits. */
  async event(type: string, fits: (event: Event) => boolean = () => true): Promise<Event> {
    const isIt = (line: string) => {
      const event = JSON.parse(line) as Event;
      return event.type === type && fits(event);
    };
    return JSON.parse(await this.#within(this.stdout.find(isIt), `the event "${type}"`)) as Event;
  }

  /** Resolved in the middle of a transfer: something has arrived, and something has not. Needs `--json`. */
  async midway(): Promise<void> {
    await this.event("progress", ({ bytes, totalBytes }) => Number(bytes) > 0 && Number(bytes) < Number(totalBytes));
  }

  /** All events of `--json`; every line of standard output has to be one. */
  get events(): readonly Event[] {
    return this.stdout.lines.map((line) => JSON.parse(line) as Event);
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it if it still runs. */
  end(signal: Deno.Signal = "SIGKILL"): void {
    if (this.#isGone) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It ended by itself, and Deno knows before it says so: `status` follows.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** How it ended, also when a signal killed it. */
  async ending(limitMs = HANG_MS): Promise<Deno.CommandStatus> {
    await this.#within(this.gone, "its end", limitMs);
    return await this.#status;
  }

  /** The exit code of a process that ended by itself: a signal that killed it is a failure of the test. */
  async exit(limitMs = HANG_MS): Promise<number> {
    const { code, signal } = await this.ending(limitMs);
    assert.equal(signal, null, `was killed by ${signal}\n${this.transcript()}`);
    return code;
  }

  /** Waits for the end and checks the code. */
  async exits(code: number, limitMs = HANG_MS): Promise<void> {
    const actual = await this.exit(limitMs);
    assert.equal(actual, code, `exit code ${actual} in place of ${code}\n${this.transcript()}`);
  }

  /** T27: fails when it has said a ticket outside its place. */
  assertNoTicketLeaked(): void {
    this.#watch.assertNone();
  }

  /** Memory that it has had at most, in bytes; undefined when it is gone. */
  async peakMemory(): Promise<number | undefined> {
    const status = await Deno.readTextFile(`/proc/${this.pid}/status`).catch(() => "");
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(status);
    return match === null ? undefined : Number(match[1]) * 1024;
  }

  /** Everything that it said, for messages of failures. */
  transcript(): string {
    const shown = (name: string, { lines }: Lines) => [`-- ${name}`, ...lines.slice(-40)];
    return [`ultra ${this.#args.join(" ")}`, ...shown("stdout", this.stdout), ...shown("stderr", this.stderr)].join(
      "\n",
    );
  }

  async #within<T>(promise: Promise<T>, what: string, limitMs = HANG_MS): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${what} did not come within ${limitMs} ms`)), limitMs);
    try {
      return await Promise.race([promise, late.promise]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`waiting for ${what}: ${reason}\n${this.transcript()}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async #write(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text)).catch(() => {});
    await writer.close().catch(() => {});
  }
}

/** What a shell is to run for the program, if it is not started as it is. */
function scriptOf({ shellSuffix, limits, before }: StartOptions): string | undefined {
  if (shellSuffix === undefined && limits === undefined && before === undefined) return undefined;
  const program = `${before ?? ""} "$@" ${shellSuffix ?? ""}`;
  if (shellSuffix !== undefined) return program;
  return `${limits === undefined ? "" : `${limits} && `}exec ${program}`;
}

/** The lines of a stream, as they come. */
export class Lines {
  readonly lines: string[] = [];
  readonly closed: Promise<void>;
  readonly #waiting = new Set<{ readonly fits: (line: string) => boolean; readonly done: (line?: string) => void }>();
  #isClosed = false;

  readonly #onLine: (line: string) => void;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>, onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine;
    this.closed = this.#read(stream);
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** The first line that fits, also of those that are there already. */
  find(fits: (line: string) => boolean): Promise<string> {
    const found = this.lines.find(fits);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const done = (line?: string) => line === undefined ? reject(new Error("the stream ended")) : resolve(line);
      if (this.#isClosed) return done();
      this.#waiting.add({ fits, done });
    });
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) this.#take(line);
    }
    if (rest !== "") this.#take(rest);
    this.#isClosed = true;
    for (const { done } of this.#waiting) done();
    this.#waiting.clear();
  }

  #take(line: string): void {
    this.lines.push(line);
    this.#onLine(line);
    for (const waiting of this.#waiting) {
      if (!waiting.fits(line)) continue;
      this.#waiting.delete(waiting);
      waiting.done(line);
    }
  }
}
