/** What a person and a program get to see of the older format. */

import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import type { UserEvent } from "../../src/measure/events.ts";
import type { ClientId } from "../../src/session/events.ts";
import { createOutput } from "../../src/ui/create.ts";
import { complete, phase, started, TRANSFER } from "./events.ts";
import { FACTS } from "./facts.ts";
import { MemoryTerminal } from "./support.ts";

const LOST: UserEvent = { type: "error", error: new UltraError("network", "The connection was lost"), fromPeer: false };
const START = started({ role: "receive", name: "a", bytes: 5 });

const OLDER: UserEvent = { type: "older-format", asked: true };

/** Standard error of a person's run, and the exit of a program's. */
function shown(...events: readonly UserEvent[]): { readonly lines: string; readonly exit: Record<string, unknown> } {
  const outputs = (["human", "json"] as const).map((mode) => {
    const terminal = new MemoryTerminal();
    const output = createOutput({
      mode,
      terminal,
      now: () => 0,
      environment: { term: undefined },
      again: () => ({ command: "ultra recv", other: "ends" }),
    });
    for (const event of [...events, { type: "exit", code: 5 } as const]) output.tell(event);
    return terminal;
  });
  const [human, json] = outputs;
  assert.ok(human !== undefined && json !== undefined);
  const last = json.stdout.text.trim().split("\n").at(-1) ?? "";
  return { lines: human.stderr.text, exit: JSON.parse(last) as Record<string, unknown> };
}

Deno.test("an interrupted transfer in the older format offers nothing to go on with, and in ultra it does", () => {
  const begun: readonly UserEvent[] = [phase("connecting"), phase("proving"), OLDER, START];
  const older = shown(...begun, LOST);
  assert.doesNotMatch(older.lines, /To go on/);
  assert.equal(older.exit["again"], undefined);
  const ultra = shown(...begun.filter((event) => event !== OLDER), LOST);
  assert.match(ultra.lines, /To go on/);
  assert.equal(ultra.exit["again"], "ultra recv");
});

Deno.test("a side that stays and meets a sender in ultra after one in the older format goes on as ever", () => {
  const first = [phase("waiting"), OLDER, START, phase("moving"), complete(FACTS)];
  const { lines } = shown(...first, phase("waiting"), START, LOST);
  assert.match(lines, /To go on/);
});

Deno.test("the sheet says what the older format does not promise, and nothing of formats otherwise", () => {
  const older = shown({ type: "complete", transfer: TRANSFER, facts: { ...FACTS, format: "blazing" } });
  assert.match(older.lines, /^ {2}Format +older \(blazing\): not verified per block, no resume$/m);
  assert.doesNotMatch(shown(complete(FACTS)).lines, /Format/);
  const client = { id: 1 as ClientId, remote: "10.0.0.1:5" };
  const facts = { ...FACTS, format: "blazing" } as const;
  const ofClient = shown({ type: "complete", transfer: TRANSFER, facts, client }).lines.trim().split("\n");
  assert.equal(ofClient.length, 2, "also under the one line of a client");
  assert.match(ofClient[1] ?? "", /^ {2}Format +older \(blazing\): not verified per block, no resume$/);
});
