/** A terminal that remembers, and a clock that is turned by hand. @module */

import type { OutputOptions } from "../../src/ui/create.ts";
import type { TextWriter } from "../../src/ui/writer.ts";

export class MemoryWriter implements TextWriter {
  text = "";

  constructor(readonly isTerminal = false, public width: number | undefined = isTerminal ? 80 : undefined) {}

  columns(): number | undefined {
    return this.width;
  }

  write(text: string): void {
    this.text += text;
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

export class MemoryTerminal {
  now = 1000;
  readonly stdout: MemoryWriter;
  readonly stderr: MemoryWriter;

  constructor(terminal: { stdout?: boolean; stderr?: boolean; columns?: number } = {}) {
    this.stdout = new MemoryWriter(terminal.stdout ?? false, terminal.columns ?? 80);
    this.stderr = new MemoryWriter(terminal.stderr ?? false, terminal.columns ?? 80);
  }

  options(mode: OutputOptions["mode"], environment: Partial<OutputOptions["environment"]> = {}): OutputOptions {
    return {
      mode,
      terminal: this,
      now: () => this.now,
      environment: { term: "xterm", ...environment },
    };
  }

  get all(): string {
    return this.stdout.text + this.stderr.text;
  }
}

/** What a terminal of endless height shows after all of this: only the control characters that `ultra` writes are known. */
export function screen(text: string): string[] {
  const lines = [""];
  // deno-lint-ignore no-control-regex
  for (const [piece] of text.matchAll(/\r\x1b\[K|\x1b\[A\x1b\[K|\n|[^\r\n\x1b]+|[^]/g)) {
    if (piece === "\n") lines.push("");
    else if (piece === "\x1b[A\x1b[K") lines.splice(-2, 2, "");
    else if (piece === "\r\x1b[K") lines[lines.length - 1] = "";
    else lines[lines.length - 1] += piece;
  }
  return lines;
}
