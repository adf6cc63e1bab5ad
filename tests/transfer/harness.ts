/** Machines with ports that only write down what they are told, for peers that do as they like. @module */

import { describe } from "../../src/ui/advice.ts";
import assert from "node:assert/strict";
import type { TargetStatus } from "../../src/protocol/words.ts";
import type { ErrorKind, UltraError } from "../../src/base/errors.ts";
import type { PageMessage, TransferMessage } from "../../src/protocol/messages.ts";
import { encodePage } from "../../src/protocol/pages.ts";
import { NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";
import type { Outcome, Summary } from "../../src/transfer/outcome.ts";
import { chunkBlocks } from "../../src/settings/ultra.ts";
import { Receiver } from "../../src/transfer/receiver.ts";
import { Sender } from "../../src/transfer/sender.ts";
import type {
  ReceiverCommand,
  ReceiverEvent,
  ReceiverOptions,
  SenderCommand,
  SenderEvent,
} from "../../src/transfer/turns.ts";

export const MIB = 1 << 20;

/** A file's size and, of a file with holes, its bytes of data; or what else an entry is: a hard link by the file that it names. */
export type Item = readonly [
  path: string,
  size: number | "folder" | "link" | { readonly linkedTo: number },
  dataBytes?: number,
];

export const ROOT = new Uint8Array(32).fill(7);

/** The transfer root of the harness: 32 bytes that follow from the statuses. */
export function harnessRoot(statuses: Uint8Array): Uint8Array {
  const root = new Uint8Array(32);
  statuses.forEach((status, i) => root[i % 32] = (root[i % 32] ?? 0) * 31 + status);
  return root;
}

export function page(first: number, items: readonly Item[]): PageMessage {
  return encodePage(
    first,
    items.map(([path, what, dataBytes]) => ({
      path,
      kind: typeof what === "object" ? "hardlink" : typeof what === "string" ? what : "file",
      size: sizeOf(what),
      dataBytes: dataBytes ?? sizeOf(what),
      ...what === "link" && { target: "somewhere" },
      ...typeof what === "object" && what,
      mode: 0o644,
      mtimeSeconds: 0,
      mtimeNanos: 0,
      fingerprint: new Uint8Array(16),
    })),
  );
}

export function bytesOf(items: readonly Item[]): number {
  return items.reduce((sum, [, what]) => sum + sizeOf(what), 0);
}

function sizeOf(what: Item[1]): number {
  return typeof what === "number" ? what : 0;
}

/** A command as a test looks at it: its name, and its arguments in order. */
export interface Told {
  readonly what: string;
  readonly with: readonly unknown[];
}

/** A sender of which nothing was asked yet. */
export function newSender(): Sender {
  const queries = { shrink: (_grant: number, end: number) => end, transferRoot: harnessRoot, root: () => ROOT };
  return new Sender(queries, { transfer: 1, chunkBlocks, describe });
}

/** A sender whose walk is over and whose lanes are open. */
export class SenderBench {
  readonly sent: TransferMessage[] = [];
  readonly told: Told[] = [];
  readonly sender: Sender;

  constructor(items: readonly Item[], lanes: readonly number[] = [1], leftOut = NOTHING_LEFT_OUT) {
    this.sender = newSender();
    if (items.length > 0) {
      const { entries } = page(0, items);
      this.handle({ type: "page", first: 0, count: items.length, size: bytesOf(items), entries });
    }
    this.handle({ type: "walk-end", entries: items.length, size: bytesOf(items), leftOut });
    this.handle({ type: "lanes-opened", lanes });
  }

  /** Lets something happen, and writes down what it brings about. */
  handle(event: SenderEvent): void {
    this.sender.handle(event);
    writeDown(this.sender, this);
  }

  /** Lets messages in, one after the other. */
  receive(...messages: TransferMessage[]): this {
    for (const message of messages) this.handle({ type: "message", message });
    return this;
  }

  toldOf(what: string): (readonly unknown[])[] {
    return this.told.filter((told) => told.what === what).map((told) => told.with);
  }

  get outcome(): Outcome {
    return this.sender.outcome;
  }

  get state(): Outcome["state"] {
    return this.outcome.state;
  }

  assertFails(kind: ErrorKind): void {
    assertFailed(this.sender.outcome, this.sent, kind);
  }
}

/** A receiver that took one page and found everything absent, unless told otherwise. */
export class ReceiverBench {
  readonly sent: TransferMessage[] = [];
  readonly told: Told[] = [];
  readonly receiver: Receiver;

  constructor(options: Partial<Omit<ReceiverOptions, "describe">> = {}) {
    const queries = {
      name: () => undefined,
      freeSpace: () => undefined,
      transferRoot: harnessRoot,
      root: () => ROOT,
    };
    this.receiver = new Receiver(queries, {
      describe,
      transfer: 1,
      existing: "refuse",
      ...options,
    });
  }

  /** Lets something happen, and writes down what it brings about. */
  handle(event: ReceiverEvent): void {
    this.receiver.handle(event);
    writeDown(this.receiver, this);
  }

  receive(...messages: TransferMessage[]): this {
    for (const message of messages) this.handle({ type: "message", message });
    return this;
  }

  /** Takes a page and its check. */
  take(items: readonly Item[], statuses?: readonly TargetStatus[], freeSpace = 1e15, first = 0): this {
    this.receive(page(first, items));
    this.handle({ type: "checked", first, statuses: statuses ?? items.map(() => "absent"), freeSpace });
    return this;
  }

  /** The same, and the end of the pages behind it. */
  takeAll(items: readonly Item[], statuses?: readonly TargetStatus[], freeSpace = 1e15): this {
    return this.take(items, statuses, freeSpace).receive(end(items));
  }

  toldOf(what: string): (readonly unknown[])[] {
    return this.told.filter((told) => told.what === what).map((told) => told.with);
  }

  get outcome(): Outcome {
    return this.receiver.outcome;
  }

  get state(): Outcome["state"] {
    return this.outcome.state;
  }

  assertFails(kind: ErrorKind): void {
    assertFailed(this.receiver.outcome, this.sent, kind);
  }
}

/** Takes out all commands. Bytes are left out: they are what went in. */
function writeDown(
  machine: { poll(): SenderCommand | ReceiverCommand | undefined },
  { sent, told }: { readonly sent: TransferMessage[]; readonly told: Told[] },
): void {
  for (let command = machine.poll(); command !== undefined; command = machine.poll()) {
    const { type, ...fields } = command;
    if (command.type === "send") sent.push(command.message);
    else told.push({ what: type, with: Object.values(fields).filter((value) => !(value instanceof Uint8Array)) });
  }
}

export function end(items: readonly Item[]): TransferMessage {
  return { type: "pages-end", entries: items.length, bytes: bytesOf(items) };
}

export function needAll(entry: number, entries = 1): TransferMessage {
  return { type: "need", items: [{ what: "all", entry, entries }] };
}

export function needBlocks(entry: number, first: number, count: number): TransferMessage {
  return { type: "need", items: [{ what: "blocks", entry, first, count }] };
}

export function verified(entry: number, first: number, count: number): TransferMessage {
  return { type: "verified", items: [{ what: "blocks", entry, first, count }] };
}

/** All blocks of these entries are. */
export function verifiedAll(entry: number, entries = 1): TransferMessage {
  return { type: "verified", items: [{ what: "all", entry, entries }] };
}

export function position(entries: number, end: boolean): TransferMessage {
  return { type: "position", transfer: 1, entries, end };
}

export function seal(entry: number, size: number): TransferMessage {
  return { type: "seal", items: [{ entry, size, root: ROOT }] };
}

export function committed(first: number, count = 1): TransferMessage {
  return { type: "committed", runs: [{ first, count }] };
}

export function summaryOf(outcome: Outcome): Summary {
  if (outcome.state !== "finished") throw new Error(`${outcome.state} instead of finished`);
  return outcome.summary;
}

export function errorOf(outcome: Outcome): UltraError {
  if (outcome.state !== "failed") throw new Error(`${outcome.state} instead of failed`);
  return outcome.error;
}

/** It failed here with this kind and said so exactly once. */
function assertFailed(outcome: Outcome, sent: readonly TransferMessage[], kind: ErrorKind): void {
  assert.equal(errorOf(outcome).kind, kind);
  assert.deepEqual(sent.flatMap((message) => message.type === "abort" ? [message.kind] : []), [kind]);
}
