/** A desktop without a screen: an X server of its own, and what is on its clipboard. @module */

import assert from "node:assert/strict";

const CLIPBOARD = ["-selection", "clipboard"];

/** Counted as skipped where the system lacks them. */
export const needsX = { ignore: !await hasProgram("Xvfb", "-version") || !await hasProgram("xclip", "-version") };

async function hasProgram(name: string, flag: string): Promise<boolean> {
  const { NotFound } = Deno.errors;
  try {
    await new Deno.Command(name, { args: [flag], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

export class XDisplay implements AsyncDisposable {
  readonly #server: Deno.ChildProcess;
  /** What programs of this desktop have in their environment. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(server: Deno.ChildProcess, number: string) {
    this.#server = server;
    this.env = { DISPLAY: `:${number}`, WAYLAND_DISPLAY: "", XDG_CURRENT_DESKTOP: "" };
  }

  /** The server chooses a number that is free, and says so when it is ready. */
  static async open(): Promise<XDisplay> {
    const args = ["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "16x16x8"];
    const server = new Deno.Command("Xvfb", { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
    const reader = server.stdout.getReader();
    let said = "";
    while (!said.includes("\n")) {
      const { value, done } = await reader.read();
      assert.ok(!done, "Xvfb did not start");
      said += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return new XDisplay(server, said.trim());
  }

  /** As a program does that copies: it has the clipboard until another one has. */
  async copy(type: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const command = new Deno.Command("xclip", {
      args: [...CLIPBOARD, "-i", "-t", type],
      env: this.env,
      ...{ stdin: "piped", stdout: "null", stderr: "null" },
    });
    const child = command.spawn();
    const writer = child.stdin.getWriter();
    await writer.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    await writer.close();
    assert.equal((await child.status).code, 0);
  }

  /** As a program does that pastes. */
  async paste(type: string): Promise<string> {
    const command = new Deno.Command("xclip", {
      args: [...CLIPBOARD, "-o", "-t", type],
      env: this.env,
      stderr: "null",
    });
    const { code, stdout } = await command.output();
    assert.equal(code, 0, `nothing of type ${type} is there`);
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.kill("SIGTERM");
    await this.#server.status;
  }
}
