/**
 * What has to hold after every fault, whatever the transfer came to (reliability reference 5.2). Where one process serves many transfers, or somebody
 * takes away what arrives, the test itself judges 1 and 2, and `ProcessOracle` the rest.
 *
 * 1. what is in the target folder is what was sent, or was there before; with exit 0, all of it
 * 2. no final name has other contents
 * 3. nothing beside the target folder has changed, nor what was sent
 * 4. every process has ended in time
 * 5. with one of the codes that the fault allows
 * 6. and took no more memory and descriptors than it may
 * 7. no secret stands in outputs or in the list of processes
 * 8. nor any control character in outputs
 *
 * @module
 */

import assert from "node:assert/strict";
import { MIB } from "../e2e/files.ts";
import { HANG_MS, type Ultra } from "../e2e/harness.ts";
import { snapshot } from "../e2e/snapshot.ts";

/** A file of any size is moved with less (A3). */
const MAX_MEMORY = 256 * MIB;

/** 64 files, 32 folders, lanes have none, and what the runtime has. */
const MAX_DESCRIPTORS = 256;

const LOOK_EVERY_MS = 100;

/** How soon it looks again at a child that is not another program yet. */
const LOOK_AGAIN_MS = 1;

/** A ticket, or as much of one as nobody may see. */
const TICKET = /ultra1[a-z2-7]{20,}/;

/** C0 without the line feed, which ends a line, and the tab; DEL; C1. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

type Snapshot = Readonly<Record<string, string>>;

/** How a process may end: with one of these codes, or by the signal with which the test ends it. */
export type Ending = number | Deno.Signal;

export interface Places {
  /** A folder with all that is sent, and nothing else. */
  readonly from: string;
  /** The target folder. */
  readonly into: string;
  /** Beside it: nobody may touch it. */
  readonly canary: string;
}

export interface Terms {
  /** The processes have to end within this. */
  readonly limitMs?: number;
}

/** Watches the processes of one test and judges them; what they leave in the target folder is left to the test. */
export class ProcessOracle implements Disposable {
  readonly #canary: string;
  readonly #alive: Snapshot;
  readonly #watches: Watch[] = [];

  /** @param canary a folder beside all that the processes may touch, before the first of them starts */
  constructor(canary: string) {
    this.#canary = canary;
    this.#alive = snapshot(canary);
  }

  /** Watches a process from its start on; `inherited` are the descriptors that it was started with. */
  watch(ultra: Ultra, inherited = 0): void {
    this.#watches.push(new Watch(ultra, MAX_DESCRIPTORS + inherited));
  }

  /**
   * Waits for the end of the processes and judges them.
   *
   * @param endings how each process may end
   * @returns whether one of them claims that all is there
   */
  async judge(endings: readonly Ending[], { limitMs = HANG_MS }: Terms = {}): Promise<boolean> {
    const watches = this.#watches.splice(0);
    let isComplete = false;
    for (const watch of watches) {
      const ending = await watch.ending(limitMs);
      assert.ok(endings.includes(ending), `it ended with ${ending}, not ${endings.join(" or ")}\n${watch.transcript}`);
      isComplete ||= ending === 0;
    }
    for (const watch of watches) watch.judge();
    assert.deepEqual(snapshot(this.#canary), this.#alive, "something beside the target folder has changed");
    return isComplete;
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches) watch.stop();
  }
}

/** Judges also what the processes leave: one transfer, and the same again until it is over. */
export class Oracle extends ProcessOracle {
  readonly #places: Places;
  readonly #sent: Snapshot;
  readonly #before: Snapshot;

  /** Looks at everything before the first process starts. */
  constructor(places: Places) {
    super(places.canary);
    this.#places = places;
    this.#sent = snapshot(places.from);
    this.#before = snapshot(places.into);
  }

  /** Waits for the end of the processes and judges everything. */
  override async judge(endings: readonly Ending[], terms?: Terms): Promise<boolean> {
    const isComplete = await super.judge(endings, terms);
    const { from, into } = this.#places;
    assert.deepEqual(snapshot(from), this.#sent, "what was sent has changed");
    const found = snapshot(into);
    if (isComplete) assert.deepEqual(found, this.#wanted(found), "exit 0, and not all is there as it was sent");
    else this.#assertNothingWrong(found);
    return isComplete;
  }

  /** What was sent; a folder that was there before keeps its own mode, and gets the time at which something was put into it. */
  #wanted(found: Snapshot): Snapshot {
    const old = Object.keys(this.#sent).filter((path) => this.#before[path]?.startsWith("folder"));
    return { ...this.#sent, ...Object.fromEntries(old.map((path) => [path, found[path] ?? ""])) };
  }

  #assertNothingWrong(found: Snapshot): void {
    for (const [path, line] of Object.entries(found)) {
      // Incomplete files have names that no sender can send.
      if (path.split("/").at(-1)?.startsWith(".ultra-") === true || line === this.#before[path]) continue;
      const wanted = this.#sent[path];
      assert.ok(wanted !== undefined, `${path} is there, which nobody sent`);
      // A folder gets its mode and time at the end.
      if (line.startsWith("folder") && wanted.startsWith("folder")) continue;
      assert.equal(withoutOtherName(line), withoutOtherName(wanted), `${path} is not what was sent`);
    }
  }
}

/** Which of several names of a file is the first one depends on what is there. */
function withoutOtherName(line: string): string {
  return line.replace(/ = .*$/, "");
}

/** The process of the tests. */
const OWN_COMMAND = Deno.build.os === "linux" ? Deno.readTextFileSync("/proc/self/cmdline") : "";

/** One process. */
class Watch {
  readonly #ultra: Ultra;
  readonly #maxDescriptors: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #memory = 0;
  #descriptors = 0;
  #hasShownTicket = false;

  constructor(ultra: Ultra, maxDescriptors: number) {
    this.#ultra = ultra;
    this.#maxDescriptors = maxDescriptors;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#look();
    // Another process may get its number.
    void ultra.gone.then(() => this.stop());
  }

  get transcript(): string {
    return this.#ultra.transcript();
  }

  async ending(limitMs: number): Promise<Ending> {
    try {
      const { code, signal } = await this.#ultra.ending(limitMs);
      return signal ?? code;
    } finally {
      this.stop();
    }
  }

  judge(): void {
    assert.ok(this.#memory < MAX_MEMORY, `it took ${this.#memory} bytes of memory\n${this.transcript}`);
    assert.ok(this.#descriptors < this.#maxDescriptors, `it had ${this.#descriptors} descriptors\n${this.transcript}`);
    assert.ok(!this.#hasShownTicket, "the list of processes shows a ticket");
    this.#ultra.assertNoTicketLeaked();
    for (const { lines } of [this.#ultra.stdout, this.#ultra.stderr]) {
      for (const line of lines) assert.doesNotMatch(line, CONTROL, "a control character in an output");
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const proc = `/proc/${this.#ultra.pid}`;
    const of = <T>(read: () => T, otherwise: T): T => {
      try {
        return read();
      } catch {
        return otherwise; // it is gone
      }
    };
    // Before it has begun to be another program, a child has all that the process of the tests has.
    if (of(() => Deno.readTextFileSync(`${proc}/cmdline`), "") === OWN_COMMAND) {
      setTimeout(() => this.#look(), LOOK_AGAIN_MS);
      return;
    }
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(of(() => Deno.readTextFileSync(`${proc}/status`), ""));
    this.#memory = Math.max(this.#memory, Number(peak?.[1] ?? 0) * 1024);
    this.#descriptors = Math.max(this.#descriptors, of(() => [...Deno.readDirSync(`${proc}/fd`)].length, 0));
    this.#hasShownTicket ||= TICKET.test(of(() => Deno.readTextFileSync(`${proc}/cmdline`), ""));
  }
}
