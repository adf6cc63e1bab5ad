/** Runs the command blocks of a page as their reader would, with `dist/ultra` on loopback. @module */

import assert from "node:assert/strict";
import { ULTRA } from "../../scripts/paths.ts";
import { silentSocket } from "../e2e/udp.ts";
import type { Ultra, Workspace } from "../e2e/harness.ts";
import { parseTicket } from "../../src/protocol/ticket.ts";
import { type Block, jobsOf, stepsOf } from "./blocks.ts";

/** What the blocks of the pages send, where they name it. */
const FILES = [
  "movie.mkv",
  "photos/one.jpg",
  "photos/2026/two.jpg",
  "dist/app.tar",
  "report.txt",
  "outbox/dropped.txt",
];

const TICKET = /ultra1[a-z2-7]{20}/;

/** Whoever waits does so on loopback alone. What goes on runs in place of its shell, so that a signal reaches it. */
const WRAPPER = `#!/bin/sh
case "$1 $* $ULTRA_TICKET" in
*ultra1*|*--ticket*|*--listen*|ticket*|ls*|get*|help*|version*|--*) exec ${ULTRA} "$@" ;;
recv*|send*|serve*|test*) command="$1"; shift; exec ${ULTRA} "$command" --listen 127.0.0.1 "$@" ;;
*) exec ${ULTRA} "$@" ;;
esac
`;

/** Runs the blocks of one section, in their order. */
export async function runSection(blocks: readonly Block[], workspace: Workspace): Promise<void> {
  const runner = await Runner.in(workspace);
  for (const block of blocks) {
    try {
      await runner.run(block);
    } catch (error) {
      throw new Error(`the block in line ${block.line}: ${error instanceof Error ? error.message : error}`);
    }
  }
  await runner.end();
}

class Runner {
  readonly #workspace: Workspace;
  readonly #port: number;
  /** What goes on; the section ends it. */
  readonly #going: Ultra[] = [];
  /** The ticket that was shown last. */
  #ticket = "";

  private constructor(workspace: Workspace, port: number) {
    this.#workspace = workspace;
    this.#port = port;
  }

  static async in(workspace: Workspace): Promise<Runner> {
    await workspace.make("bin");
    await Deno.writeTextFile(workspace.path("bin", "ultra"), WRAPPER, { mode: 0o755 });
    await using socket = await silentSocket();
    return new Runner(workspace, socket.port);
  }

  async run({ kind, text }: Block): Promise<void> {
    switch (kind) {
      case "script":
        return await this.#toItsEnd(await this.#start("", text));
      case "waits":
        return await this.#waits(await this.#start("", inPlaceOfShell(text)));
      case "recipe":
        return await this.#jobs(text);
      case "session":
        return await this.#session(text);
    }
  }

  /** Ends what goes on. */
  async end(): Promise<void> {
    for (const ultra of this.#going) ultra.end("SIGINT");
    for (const ultra of this.#going) {
      const code = await ultra.exit();
      assert.ok(code === 0 || code === 130, ultra.transcript());
    }
  }

  async #session(text: string): Promise<void> {
    const started: Ultra[] = [];
    for (const { computer, command } of stepsOf(text)) {
      // (Variables stand before it.)
      const ultra = await this.#start(computer, command.replace(/^((?:\w+=\S+ )*)/, "$1exec "));
      const isLasting = /ultra (serve|watch)|--stay/.test(command);
      (isLasting ? this.#going : started).push(ultra);
      if (/ultra watch/.test(command)) await ultra.says(/ULTRA transfer complete/);
      else await this.#goOn(ultra);
    }
    for (const ultra of started) await ultra.exits(0);
  }

  /** All jobs at the same time, with the secrets that the page has told to make. */
  async #jobs(yaml: string): Promise<void> {
    const identity = await Deno.readTextFile(this.#workspace.path("here", "identity")).catch(() => "");
    const isGitHub = /^jobs:$/m.test(yaml);
    const jobs = jobsOf(yaml);
    assert.ok(jobs.length > 0 && jobs.every((job) => job.includes("ultra ")), "no job runs ultra");
    const parts = isGitHub
      ? yaml.split(/^ {2}[\w-]+:$/m).slice(-jobs.length)
      : jobs.map(() => "ULTRA_TICKET ULTRA_IDENTITY");
    const started: Ultra[] = [];
    for (const [index, job] of jobs.entries()) {
      const has = (name: string) => parts[index]?.includes(name) === true;
      const secrets = {
        ULTRA_TICKET: has("ULTRA_TICKET") ? this.#ticket : "",
        ULTRA_IDENTITY: has("ULTRA_IDENTITY") ? identity : "",
      };
      started.push(await this.#start("", job, secrets));
    }
    for (const ultra of started) {
      await ultra.exits(0);
      // What a job prints is in its log, for everybody who may read that.
      assert.doesNotMatch(ultra.stdout.text + ultra.stderr.text, TICKET);
    }
  }

  /** Goes on until the section is over, as what a service manager runs: its log has no ticket in it. */
  async #waits(ultra: Ultra): Promise<void> {
    this.#going.push(ultra);
    await ultra.says(/^Files will be saved in /);
    assert.doesNotMatch(ultra.stdout.text + ultra.stderr.text, TICKET);
  }

  async #toItsEnd(ultra: Ultra): Promise<void> {
    await this.#goOn(ultra);
    await ultra.exits(0);
  }

  /** Waits until it shows a ticket, or ends. */
  async #goOn(ultra: Ultra): Promise<void> {
    const shown = await ultra.ticket().catch(() => undefined);
    // A ticket that the page told to make stays the one that it goes on with, also when the side that it is of shows its own.
    const isHeld = shown !== undefined && this.#ticket !== "" && isOfSameSide(this.#ticket, shown);
    if (shown !== undefined && (!isHeld || isMade(shown))) this.#ticket = shown;
  }

  async #start(computer: string, script: string, secrets: Readonly<Record<string, string>> = {}): Promise<Ultra> {
    const home = this.#workspace.path(computer === "" ? "here" : computer);
    await Deno.mkdir(home, { recursive: true });
    for (const file of FILES) {
      const [top = ""] = file.split("/");
      if (script.includes(top)) await makeOnce(`${home}/${file}`);
    }
    const text = script.replaceAll("ultra1...", this.#ticket)
      .replaceAll(/\b[\w-]+(\.[\w-]+)*\.example\.org\b/g, "127.0.0.1")
      .replaceAll(/\b7000\b/g, String(this.#port));
    const env = {
      HOME: home,
      PATH: `${this.#workspace.path("bin")}:${Deno.env.get("PATH") ?? ""}`,
      XDG_STATE_HOME: `${home}/.local/state`,
      ULTRA_TICKET: this.#ticket,
      ...secrets,
    };
    if (!/ULTRA_TICKET/.test(script) && secrets["ULTRA_TICKET"] === undefined) env.ULTRA_TICKET = "";
    return this.#workspace.start(["-euc", text], { program: ["sh"], cwd: home, env });
  }
}

async function makeOnce(path: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const isThere = await Deno.stat(path).then(() => true, () => false);
  if (!isThere) await Deno.writeTextFile(path, `contents of ${path.slice(path.lastIndexOf("/"))}\n`);
}

/** Whether a ticket is one that `ultra ticket` printed. */
function isMade(ticket: string): boolean {
  return parseTicket(ticket).role === "identity";
}

/** Whether the certificate is the same. */
function isOfSameSide(one: string, other: string): boolean {
  return parseTicket(one).pin.toHex() === parseTicket(other).pin.toHex();
}

/** The last command of a script takes the place of its shell. */
function inPlaceOfShell(script: string): string {
  const lines = script.trimEnd().split("\n");
  return [...lines.slice(0, -1), `exec ${lines.at(-1)}`].join("\n");
}
