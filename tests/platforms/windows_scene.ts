/** Two sides of a transfer of which at least one is a program of Windows, under wine. @module */

import assert from "node:assert/strict";
import { inWorkspace, type StartOptions, type Ultra, type Workspace } from "../e2e/harness.ts";
import { snapshot } from "../e2e/snapshot.ts";
import { testOn } from "./built.ts";
import { dos, missingForWine, startWine } from "./wine.ts";

/** What stands in the way of all that is run here. */
export const missingToRun = await missingForWine();
export const wine = missingToRun === undefined ? await startWine() : undefined;
Deno.test.afterAll(async () => await wine?.end());

/** Emulation on a busy machine takes its time; only a hang reaches this. */
export const SLOW_MS = 240_000;

/** So that there is a middle on every machine. */
export const LIMIT = ["--rate-limit", "200M"];

export interface Scene {
  readonly workspace: Workspace;
  /** How `ultra.exe` is started. */
  readonly windows: StartOptions;
}

/** Declares a test. */
export const onWindows = (name: string, body: (scene: Scene) => Promise<void>) =>
  testOn(missingToRun, `windows-x64: ${name}`, () =>
    inWorkspace(async (workspace) => {
      assert.ok(wine !== undefined);
      await body({ workspace, windows: { program: [wine.wine, wine.ultra], env: wine.env } });
    }));

/** Who sends to whom, each named by its system. */
export const WAYS = [["windows", "windows"], ["linux", "windows"], ["windows", "linux"]] as const;
export type System = (typeof WAYS)[number][number];

/** The two sides of a transfer. */
export class Sides {
  readonly #options: Readonly<Record<System, StartOptions>>;

  constructor(readonly scene: Scene, readonly from: System, readonly to: System) {
    this.#options = { windows: scene.windows, linux: {} };
  }

  /** Starts both, of which the receiver waits. */
  async start(
    path: string,
    into: string,
    { send = [], recv = [] }: { readonly send?: readonly string[]; readonly recv?: readonly string[] } = {},
  ): Promise<readonly [sender: Ultra, receiver: Ultra]> {
    const { workspace } = this.scene;
    const receiver = workspace.recv(["--into", pathFor(this.to, into), ...recv], this.#options[this.to]);
    const ticket = await receiver.ticket();
    const sender = workspace.start(["send", ...send, pathFor(this.from, path), ticket], this.#options[this.from]);
    return [sender, receiver];
  }

  /** Starts both, of which the sender waits. */
  async startWaiting(
    path: string,
    into: string,
    { send = [], recv = [] }: { readonly send?: readonly string[]; readonly recv?: readonly string[] } = {},
  ): Promise<readonly [sender: Ultra, receiver: Ultra]> {
    const { workspace } = this.scene;
    const sender = workspace.sendWaiting([...send, pathFor(this.from, path)], this.#options[this.from]);
    const ticket = await sender.ticket();
    const args = ["recv", ...recv, "--into", pathFor(this.to, into), ticket];
    return [sender, workspace.start(args, this.#options[this.to])];
  }

  /** The one that sends, or receives, with these arguments. */
  sends(args: readonly string[]): Ultra {
    return this.scene.workspace.start(["send", ...args], this.#options[this.from]);
  }

  receives(args: readonly string[]): Ultra {
    return this.scene.workspace.recv(args, this.#options[this.to]);
  }
}

export function pathFor(system: System, path: string): string {
  return system === "windows" ? dos(path) : path;
}

export async function bothExit(sides: readonly Ultra[], code: number): Promise<void> {
  await Promise.all(sides.map((side) => side.exits(code, SLOW_MS)));
}

/** A snapshot without modes, of which Windows keeps one bit. */
export function plain(folder: string): Record<string, string> {
  const lines = Object.entries(snapshot(folder));
  return Object.fromEntries(lines.map(([path, line]) => [path, line.replace(/^(file|folder) \d+/, "$1")]));
}
