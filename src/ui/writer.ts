/**
 * Standard output and standard error, the only place that writes to them.
 *
 * @module
 */

/** Where text goes. Tests have one that remembers. */
export interface TextWriter {
  readonly isTerminal: boolean;
  /** Width of the terminal; `undefined` when it has none or does not say. */
  columns(): number | undefined;
  /** Never throws: a reader that has gone is no reason to stop a transfer. */
  write(text: string): void;
  /** Why something is lost that was written; `undefined` when nothing is, and when its reader wanted no more of it (`| head`). */
  readonly lost?: Error | undefined;
}

export interface Terminal {
  readonly stdout: TextWriter;
  readonly stderr: TextWriter;
}

/** The process's own. */
export function processTerminal(): Terminal {
  return { stdout: new StreamWriter(Deno.stdout), stderr: new StreamWriter(Deno.stderr) };
}

/** Prints a page that is ours to the letter: help, tour, version. */
export function printPage(writer: TextWriter, text: string): void {
  writer.write(text.endsWith("\n") ? text : text + "\n");
}

/** What {@linkcode StreamWriter} needs of `Deno.stdout`. */
export interface SyncStream {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

/** How long to wait for the reader of a pipe that another process made non-blocking, before the text is dropped. */
const FULL_PIPE_TRIES = 200;
const FULL_PIPE_WAIT_MS = 5;

export class StreamWriter implements TextWriter {
  readonly isTerminal: boolean;
  readonly #stream: SyncStream;
  readonly #encoder = new TextEncoder();
  #broken = false;
  #lost: Error | undefined;

  constructor(stream: SyncStream) {
    this.#stream = stream;
    this.isTerminal = stream.isTerminal();
  }

  get lost(): Error | undefined {
    return this.#lost;
  }

  columns(): number | undefined {
    if (!this.isTerminal) return undefined;
    try {
      // 0 is what some pseudo-terminals say.
      return Deno.consoleSize().columns || undefined;
    } catch {
      return undefined;
    }
  }

  write(text: string): void {
    if (this.#broken) return;
    try {
      this.#writeAll(this.#encoder.encode(text));
    } catch (error) {
      // The reader is gone (`| head`), the terminal hung up, the log's disk is full: the transfer goes on without words.
      this.#broken = true;
      if (error instanceof Error && !(error instanceof Deno.errors.BrokenPipe)) this.#lost = error;
    }
  }

  #writeAll(bytes: Uint8Array): void {
    let rest = bytes;
    for (let tries = 0; rest.length > 0;) {
      try {
        rest = rest.subarray(this.#stream.writeSync(rest));
        tries = 0;
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock) || ++tries > FULL_PIPE_TRIES) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
      }
    }
  }
}
