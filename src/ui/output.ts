/**
 * An output takes the events of a run. Every kind of output (a person at a terminal, a log file, a program) gets the
 * same ones; `human.ts`, `json.ts` and `quiet.ts` say how they look there.
 *
 * @module
 */

import type { UserEvent } from "../measure/events.ts";

export interface Output {
  tell(event: UserEvent): void;
}

/** The event of one type. */
export type EventOf<Type extends UserEvent["type"]> = Extract<UserEvent, { readonly type: Type }>;

/** What each type of event comes to in one kind of output: a new type does not compile until every output has an answer. */
export type EventTable<Result> = { readonly [Type in UserEvent["type"]]: (event: EventOf<Type>) => Result };

/** The answer of a table to an event. */
export function answer<Result>(table: EventTable<Result>, event: UserEvent): Result {
  // The table's type joins each row to the events of its own type; TypeScript does not follow that through a union of rows.
  const row = table[event.type] as (event: UserEvent) => Result;
  return row(event);
}
