/**
 * What a client asks for, and lists of names: `docs/protocol.md`, "Requests". Both halves.
 *
 * A list travels like the pages of a manifest, answered with `need`, so that no more than {@linkcode MOST_UNANSWERED} pages are under way
 * whatever the client reads.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { Timers } from "../base/timers.ts";
import type { Context } from "../link/context.ts";
import type { ControlLink } from "../link/control_link.ts";
import { type Heard, listenFor } from "../link/listen_for.ts";
import { sendAbort } from "../meet/prove.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { Entry, Request } from "../protocol/messages.ts";
import { decodePage } from "../protocol/pages.ts";
import type { Offering, PageEvent, WalkEndEvent } from "../session/offering.ts";
import { leftOutMessage } from "../transfer/left_out.ts";

/** How long a client may take for what it asks, behind its proof. */
const REQUEST_MS = 5000;

/** How long a client may leave a page of a list unanswered, and a server may look for the next one. */
const PAGE_MS = 30_000;

/** As of a manifest. */
const MOST_UNANSWERED = 64;

/** The one answer about what is not there and what a client may not see, which must not tell which of them it is. */
export function notFound(path: string | undefined): UltraError {
  return new UltraError("disk", path === undefined ? "Not found" : `Not found: ${path}`);
}

/** The request of a client that has proved itself. */
export function requestOf(link: ControlLink, timers: Timers): Promise<Request> {
  const fail = (error: UltraError): Heard<Request> => {
    sendAbort(link, error);
    return { type: "failed", error };
  };
  return listenFor(link, {
    deadlineMs: REQUEST_MS,
    late() {
      const error = new UltraError("network", "The other side did not say in time what it wants");
      sendAbort(link, error);
      return error;
    },
    hear({ message }) {
      // Unknown, but not critical: from a later version.
      if (message === undefined || message.type === "heartbeat") return { type: "wait" };
      if (message.type === "abort") return fail(new UltraError(message.kind, message.text));
      if (message.type !== "request") {
        return fail(new UltraError("protocol", `The other side sent "${message.type}" before its request`));
      }
      const isMeant = message.what === "list" ? message.paths.length <= 1 : message.paths.length > 0;
      if (isMeant) return { type: "done", result: message };
      return fail(new UltraError("protocol", "The other side asked for nothing, or for several lists at once"));
    },
  }, timers);
}

/**
 * Tells a client the names that an offering has found; resolved when it has gone.
 *
 * @param path what it asked for
 * @throws {UltraError} when it did not get all of them
 */
export async function answerList(
  link: ControlLink,
  path: string | undefined,
  offering: Offering,
  { timers }: Context,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const pages: (PageEvent | WalkEndEvent)[] = [];
  let unanswered = 0;
  let isEnded = false;
  let isOver = false;
  let late: Disposable | undefined;
  const fail = (error: UltraError) => {
    if (isOver) return;
    isOver = true;
    late?.[Symbol.dispose]();
    sendAbort(link, error);
    void link.close(EXIT_CODES[error.kind]).then(() => over.reject(error));
  };
  const wait = () => {
    late?.[Symbol.dispose]();
    late = timers.after(PAGE_MS, () => fail(new UltraError("network", "The other side does not take the list")));
  };
  const pump = () => {
    for (let next = pages[0]; !isOver && next !== undefined && unanswered < MOST_UNANSWERED; next = pages[0]) {
      pages.shift();
      if (next.type === "walk-end") {
        const leftOut = leftOutMessage(next.leftOut);
        if (next.entries === 0 && leftOut !== undefined) return fail(notFound(path));
        if (leftOut !== undefined) link.send(leftOut);
        link.send({ type: "pages-end", entries: next.entries, bytes: next.size });
        isEnded = true;
      } else {
        unanswered++;
        link.send({ type: "page", first: next.first, count: next.count, entries: next.take() });
      }
    }
  };
  link.handle({
    message({ message }) {
      if (isOver || message === undefined || message.type === "heartbeat") return;
      if (message.type === "abort") return fail(new UltraError(message.kind, message.text));
      if (message.type !== "need" || unanswered === 0) {
        return fail(new UltraError("protocol", `The other side sent "${message.type}" while it was told a list`));
      }
      unanswered--;
      wait();
      pump();
    },
    broken: fail,
    ended: ({ cause, code, error }) => {
      late?.[Symbol.dispose]();
      if (isOver) return;
      isOver = true;
      if (cause === "peer" && code === 0 && isEnded) over.resolve();
      else over.reject(error);
    },
  });
  wait();
  offering.known.catch(fail);
  offering.handOver((event) => {
    if (event.type !== "page" && event.type !== "walk-end") return;
    pages.push(event);
    pump();
  });
  await over.promise;
}

/**
 * Asks for the names at a path, or for those that are shared; `each` gets them as they come.
 *
 * @throws {UltraError} what the server says, or what went wrong
 */
export async function askList(
  link: ControlLink,
  path: string | undefined,
  each: (entry: Entry) => void,
  timers: Timers,
): Promise<void> {
  let entries = 0;
  let isOver = false;
  let isSilent = false;
  const over = Promise.withResolvers<void>();
  const end = (error: UltraError | undefined) => {
    if (isOver) return;
    isOver = true;
    // The end of this process must not overtake the code that tells the other side why.
    void link.close(error === undefined ? 0 : EXIT_CODES[error.kind]).then(() => {
      if (error === undefined) over.resolve();
      else over.reject(error);
    });
  };
  using _silence = timers.every(PAGE_MS, () => {
    if (isSilent) end(new UltraError("network", "The other side says no more"));
    isSilent = true;
  });
  link.admit(0);
  link.send({ type: "request", what: "list", paths: path === undefined ? [] : [path] });
  link.handle({
    message({ message }) {
      isSilent = false;
      if (message === undefined || isOver) return;
      switch (message.type) {
        case "heartbeat":
        // What is not told was not asked for by its name.
        case "left-out":
          return;
        case "page": {
          const { first, count } = message;
          if (first !== entries) return end(new UltraError("protocol", "The other side's list has gaps"));
          for (const entry of decodePage(message)) each(entry);
          entries += count;
          return link.send({ type: "need", items: [{ what: "skipped", entry: first, entries: count }] });
        }
        case "pages-end":
          return end(undefined);
        case "abort":
          return end(new UltraError(message.kind, `The other side: ${message.text}`));
        default:
          return end(new UltraError("protocol", `The other side sent "${message.type}" in a list`));
      }
    },
    broken: end,
    ended: ({ error }) => {
      if (!isOver) over.reject(error);
      isOver = true;
    },
  });
  await over.promise;
}
