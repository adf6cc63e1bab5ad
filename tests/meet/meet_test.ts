/** How a dialer with a ticket comes to its proved connection although its place is given to others. */

import assert from "node:assert/strict";
import { Secret } from "../../src/auth/secret.ts";
import { ControlLink } from "../../src/link/control_link.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import { proveAsListener } from "../../src/meet/prove.ts";
import { EXIT_CODES } from "../../src/protocol/codes.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import { listenOptions, RECEIVER, SENDER } from "../session/support.ts";

interface Stage {
  readonly world: SimulatedWorld;
  readonly dialer: SimulatedProcess;
  readonly ticket: Ticket;
  /** Of each connection, when it came. */
  readonly cameAtMs: number[];
}

/** A listener that closes the first `times` connections with `code` before their proof, as its data plane does. */
function stage(times: number, code: number): Stage {
  const world = new SimulatedWorld();
  const listener = world.process({ address: RECEIVER });
  const { engine, context: { hub, random } } = listener;
  const options = listenOptions(listener, `${RECEIVER}:7000`);
  const token = new Uint8Array(16).fill(1);
  const cameAtMs: number[] = [];
  hub.onListener(engine.listen(options), (event) => {
    if (event.type !== "incoming") return;
    if (cameAtMs.push(world.time.now()) <= times) return engine.close(event.connection, code);
    const proving = proveAsListener(new ControlLink(hub, event.connection, event.remote, world.time), {
      alpn: event.alpn,
      certificateHash: options.identity.hash,
      random,
      directions: ["dialer-sends"],
      secretFor: () => new Secret(token),
    }, world.time);
    proving.catch((error) => assert.fail(error));
  });
  const pin = options.identity.hash.slice(0, 16);
  const hints: Ticket["hints"] = [{ type: "address", address: RECEIVER, port: 7000 }];
  const ticket: Ticket = { role: "receive", longLived: false, pin, token, hints };
  return { world, dialer: world.process({ address: SENDER }), ticket, cameAtMs };
}

function meet({ world, dialer, ticket }: Stage) {
  return world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, dialer.context));
}

Deno.test("meet: T4 a dialer whose place goes to another one in the middle of its proof tries again", async () => {
  const scene = stage(3, EXIT_CODES.network);
  const { link } = await meet(scene);
  assert.ok(!link.isOver);
  assert.equal(scene.cameAtMs.length, 4);
  assert.ok(scene.world.time.now() < 3000, `${scene.world.time.now()} ms`);
});

Deno.test("meet: T4 a dialer that is turned away every time gives up in time, with 5", async () => {
  const scene = stage(Infinity, EXIT_CODES.network);
  await assert.rejects(meet(scene), { kind: "network" });
  const { time } = scene.world;
  assert.ok(time.now() > 7500 && time.now() <= 8500, `${time.now()} ms`);
  assert.equal(time.openTimers, 0);
});

Deno.test("meet: a listener that refuses the proof is asked once", async () => {
  const scene = stage(Infinity, EXIT_CODES.authentication);
  await assert.rejects(meet(scene), { kind: "authentication" });
  assert.equal(scene.cameAtMs.length, 1);
});

Deno.test("meet: C5 an interruption ends the wait before the next try", async () => {
  const scene = stage(Infinity, EXIT_CODES.network);
  scene.world.time.later(300, () => scene.dialer.interrupt("SIGTERM"));
  await assert.rejects(meet(scene), { name: "Interrupted" });
  assert.equal(scene.cameAtMs.length, 1);
});
