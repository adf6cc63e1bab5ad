/** Who gives way when all places of a lasting listener are taken. */

import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import type { Peer } from "../../src/meet/join.ts";
import { AWAY_MS, Place, whoGivesWay } from "../../src/serve/places.ts";
import { progress, TRANSFER } from "../ui/events.ts";
import type { RunEvent } from "../../src/session/events.ts";

/** A place of a ticket whose client has done something at that time. */
function place(ticket: number | undefined, movedMs = 0): Place {
  const admission = ticket === undefined ? undefined : { ticket: new Uint8Array([ticket]) };
  return new Place({ admission } as Peer, movedMs);
}

const lost = (): RunEvent => ({
  type: "connection-lost",
  error: new UltraError("network", "It was lost"),
  retryForMs: 60_000,
  transfer: TRANSFER,
});
const returned: RunEvent = { type: "returned", lostMs: 1, connection: "new", transfer: TRANSFER };
const moved = (verifiedBytes: number) => progress({ verifiedBytes, totalBytes: 1000 }) as RunEvent;

Deno.test("T13: places: of one ticket for all nobody gives way, as long as all are there", () => {
  const all = [place(undefined, 1), place(undefined, 2)];
  assert.equal(whoGivesWay(all, "", 1_000_000), undefined);
});

Deno.test("T13: H3: places: a ticket that has more gives its idlest one to another ticket, until both have as many", () => {
  const [busy, idle, other] = [place(1, 0), place(1, 50), place(2, 0)];
  busy.see(moved(10), 90);
  idle.see(moved(10), 60);
  idle.see(moved(10), 99);
  assert.equal(whoGivesWay([busy, idle], "02", 100), idle, "what it says again is nothing done");
  assert.equal(whoGivesWay([busy, idle], "01", 100), undefined, "to none of its own");
  assert.equal(whoGivesWay([busy, idle, other], "02", 100), undefined, "nobody is driven out in turn");
  assert.equal(whoGivesWay([busy], "02", 100), undefined, "nor the only one");
  assert.equal(whoGivesWay([busy, idle, other], "", 100), idle, "the server's own ticket is one like others");
});

Deno.test("G8: places: who is away gives way to anybody, the longest first, and not for a short gap", () => {
  const [here, first, second] = [place(1), place(2), place(3)];
  first.see(lost(), 1000);
  second.see(lost(), 2000);
  const all = [here, second, first];
  assert.equal(whoGivesWay(all, "01", 1000 + AWAY_MS - 1), undefined);
  assert.equal(whoGivesWay(all, "01", 1000 + AWAY_MS), first);
  first.see(returned, 5000);
  assert.equal(whoGivesWay(all, "01", 1000 + AWAY_MS), undefined);
  assert.equal(whoGivesWay(all, "01", 2000 + AWAY_MS), second);
});
