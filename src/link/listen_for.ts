/**
 * The first words of a phase of a conversation, with a deadline for all of them together.
 *
 * @module
 */

import type { UltraError } from "../base/errors.ts";
import type { Timers } from "../base/timers.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { Decoded } from "../protocol/decode.ts";
import type { ControlLink } from "./control_link.ts";

/** What follows from a message. */
export type Heard<Result> =
  | { readonly type: "wait" }
  | { readonly type: "done"; readonly result: Result }
  | { readonly type: "failed"; readonly error: UltraError };

export interface Expectation<Result> {
  readonly deadlineMs: number;
  /** Why the conversation ends when the deadline passes. */
  late(): UltraError;
  hear(received: Decoded): Heard<Result>;
}

/**
 * Waits until what is expected has been said. What follows belongs to the next phase, and waits for the link's next handler.
 *
 * @throws {UltraError} whatever went wrong; the link is closed then
 */
export async function listenFor<Result>(
  link: ControlLink,
  { deadlineMs, late, hear }: Expectation<Result>,
  timers: Timers,
): Promise<Result> {
  const over = Promise.withResolvers<Result>();
  let isOver = false;
  const fail = (error: UltraError) => {
    if (isOver) return;
    isOver = true;
    // The end of this process must not overtake the code that tells the other side why.
    void link.close(EXIT_CODES[error.kind]).then(() => over.reject(error));
  };
  using _deadline = timers.after(deadlineMs, () => fail(late()));
  link.handle({
    message(received) {
      if (isOver) return link.keep(received);
      const heard = hear(received);
      if (heard.type === "failed") return fail(heard.error);
      if (heard.type === "wait") return;
      isOver = true;
      over.resolve(heard.result);
    },
    broken: fail,
    ended: (end) => {
      // A link that was closed from here ended for a better known reason.
      if (!isOver) over.reject(end.error);
    },
  });
  return await over.promise;
}
