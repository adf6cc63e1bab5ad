/**
 * What is to be sent. The walk starts at once, also before a peer is connected: mistakes in paths show early.
 *
 * @module
 */

import { basename, resolve } from "node:path";
import { UltraError } from "../base/errors.ts";
import { plural } from "../base/text.ts";
import { atMost } from "../base/timers.ts";
import type { Context } from "../link/context.ts";
import type { SourceEvent } from "../link/hub.ts";
import {
  type LinkChoice,
  type Preserve,
  PRESERVE_NOTHING_MORE,
  type SourceId,
  type Unkept,
} from "../protocol/words.ts";
import type { OfferedFiles } from "./events.ts";
import type { LeftOut } from "../protocol/messages.ts";
import { joined, missingCount, NOTHING_LEFT_OUT } from "../transfer/left_out.ts";
import { kindOfFault } from "../transfer/outcome.ts";

/** What of files is offered. */
export interface OfferChoices {
  readonly links: LinkChoice;
  readonly preserve: Preserve;
  /** Files that become longer are sent up to the size that the walk saw. */
  readonly allowGrowing: boolean;
}

export const USUAL_CHOICES: OfferChoices = { links: "inside", preserve: PRESERVE_NOTHING_MORE, allowGrowing: false };

/** How long nothing is dialed while nobody knows whether the paths are there: a disk that was asleep may take longer. */
const BEGIN_GRACE_MS = 150;

/** How long an offer waits for the walk's end, so that it can name the size. Meeting the peer takes most of it on any network. */
const SIZE_GRACE_MS = 50;

/** The walk's own events: they come in this order, and the last one once. */
export type PageEvent = Extract<SourceEvent, { type: "page" }>;
export type WalkFailedEvent = Extract<SourceEvent, { type: "walk-failed" }>;
export type WalkEndEvent = Extract<SourceEvent, { type: "walk-end" }>;

export class Offering {
  readonly id: SourceId;
  readonly name: string;
  /** That of the one thing at the top level. */
  readonly only: string | undefined;
  /** What it is when it is no files. */
  readonly content: "text" | undefined;
  readonly #pages: PageEvent[] = [];
  #denied: readonly string[] = [];
  /** Resolved once the paths are known to be there; of requests with the walk's first page, or its end. */
  readonly #begun = Promise.withResolvers<void>();
  readonly #known = Promise.withResolvers<void>();
  #hasBegun = false;
  #isMissing = false;
  #end: WalkEndEvent | undefined;
  #failure: UltraError | undefined;
  #handler: ((event: SourceEvent) => void) | undefined;

  /** @param id a source of the engine that has just been made */
  private constructor(id: SourceId, name: string, { hub }: Context, only: string | undefined, content?: "text") {
    this.name = name;
    this.content = content;
    this.only = only;
    this.id = id;
    hub.onSource(id, (event) => this.#on(event));
    this.#begun.promise.catch(() => {});
    this.#known.promise.catch(() => {});
  }

  static ofPaths(paths: readonly string[], choices: OfferChoices, context: Context): Offering {
    const [only] = paths;
    const single = paths.length === 1 && only !== undefined ? basename(resolve(only)) : undefined;
    const name = single ?? items(paths.length);
    return new Offering(context.hub.engine.source({ ...choices, paths, cache: "allowed" }), name, context, single);
  }

  /** The text that was last read from the clipboard, as a file of this name for receivers that have none. */
  static ofClipboard(name: string, context: Context): Offering {
    return new Offering(context.hub.engine.clipboardSource(name), name, context, name, "text");
  }

  /**
   * What a peer asks for of folders that are shared.
   *
   * @param options with how many of the first components of each path are names, and no patterns; and whether what is found is called by the
   * paths that ask for it, as in a list, in place of its last name
   * @param denied what of its paths is not looked for, and counts as not found
   */
  static ofRequest(
    within: SourceId,
    paths: readonly string[],
    denied: readonly string[],
    options: OfferChoices & { readonly literal: number; readonly depth?: number; readonly byPath?: boolean },
    context: Context,
  ): Offering {
    const [only] = paths;
    const single = paths.length === 1 && denied.length === 0
      ? only?.split("/").findLast((part) => part !== "")
      : undefined;
    const name = single ?? items(paths.length + denied.length);
    const source = context.hub.engine.requested({ ...options, within, paths });
    const offering = new Offering(source, name, context, undefined);
    offering.#denied = denied;
    return offering;
  }

  /** What another offering has, whose pages it is told as that one is. */
  static ofSame(first: Offering, context: Context): Offering {
    const offering = new Offering(context.hub.engine.sameSource(first.id), first.name, context, first.only);
    return offering;
  }

  /** Bytes that need no disk. */
  static ofMemory(size: number, context: Context): Offering {
    return new Offering(context.hub.engine.memorySource(size), "memory", context, "memory");
  }

  /** A file that is to be read from the disk, also if the system has it in memory. */
  static ofDisk(path: string, context: Context): Offering {
    const name = basename(path);
    const source = context.hub.engine.source({ paths: [path], cache: "forgotten", ...USUAL_CHOICES });
    return new Offering(source, name, context, name);
  }

  /** Rejected when the paths cannot be sent; resolved when the walk has ended. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** Whether it has failed because one of the paths is not there. */
  get isMissing(): boolean {
    return this.#isMissing;
  }

  /** Waits a moment until the paths were looked at: a mistake in one shows before anything is dialed. */
  async begun({ timers }: Context): Promise<void> {
    await atMost(BEGIN_GRACE_MS, this.#begun.promise, timers);
  }

  /** Waits a moment for the walk's end: the size of few files is known at once, and many do not wait for it. */
  async sized({ timers }: Context): Promise<void> {
    await atMost(SIZE_GRACE_MS, this.known, timers);
  }

  /** The promise's result, unless the walk fails before. */
  async orFailed<T>(promise: Promise<T>): Promise<T> {
    return await Promise.race([promise, this.known.then(() => promise)]);
  }

  /** What there is to send, once that is known. */
  get offered(): OfferedFiles | undefined {
    if (this.#end === undefined) return undefined;
    return { files: this.#end.files, bytes: this.#end.size, leftOut: missingCount(this.#end.leftOut) };
  }

  /** What of owners, attributes and ACLs is not sent; told with the walk's end. */
  get unsent(): Unkept | undefined {
    return this.#end?.unkept;
  }

  /** How many entries the pages have, once the walk has ended. */
  get entries(): number | undefined {
    return this.#end?.entries;
  }

  get totalSize(): number | undefined {
    return this.#end?.size;
  }

  /** Frees the source, if there is one: of paths that cannot be sent there is none. */
  close({ hub }: Context): void {
    if (this.#hasBegun) hub.engine.dispose(this.id, "nothing");
  }

  /** Hands over what has come so far, and from then on everything that comes. */
  handOver(handler: (event: SourceEvent) => void): void {
    this.#handler = handler;
    for (const page of this.#pages.splice(0)) handler(page);
    if (this.#end !== undefined) handler(this.#end);
  }

  /** Takes what the walk of another offering tells. */
  hear(event: PageEvent | WalkEndEvent | WalkFailedEvent): void {
    this.#on(event);
  }

  #on(told: SourceEvent): void {
    const event = told.type === "walk-end" ? this.#withDenied(told) : told;
    if (event.type === "walk-end") {
      this.#end = event;
      this.#known.resolve();
    }
    if (event.type === "walk-failed") {
      this.#isMissing = event.fault === "not-found";
      // Two arguments with one name, which is a mistake in the command: nothing else is there already for who reads.
      const kind = event.fault === "exists" ? "usage" : kindOfFault(event.fault);
      this.#failure = new UltraError(kind, sentence(event.text));
      this.#begun.reject(this.#failure);
      this.#known.reject(this.#failure);
    } else if (event.type !== "disposed") {
      this.#hasBegun = true;
      this.#begun.resolve();
    }
    if (this.#handler !== undefined) this.#handler(event);
    else if (event.type === "page") this.#pages.push(event);
  }

  #withDenied(end: WalkEndEvent): WalkEndEvent {
    return { ...end, leftOut: joined(end.leftOut, notFound(this.#denied)) };
  }
}

function items(count: number): string {
  return `${count} ${plural(count, "item")}`;
}

/** What is not found, in the words of a walk. */
function notFound(paths: readonly string[]): LeftOut {
  if (paths.length === 0) return NOTHING_LEFT_OUT;
  return {
    counts: [{ reason: "not-found", count: paths.length }],
    names: paths.map((path) => ({ reason: "not-found", path })),
  };
}

/** The engine's texts are the middle of a sentence. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
