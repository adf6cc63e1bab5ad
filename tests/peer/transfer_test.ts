/** Whole transfers between two simulated processes, from the command to the exit code. */

import assert from "node:assert/strict";
import { emptyDisk, MIB, tree } from "../support/made_up.ts";
import { SimulatedWorld } from "../support/simulated_process.ts";

Deno.test("smoke", async () => {
  const world = new SimulatedWorld();
  const disk = emptyDisk();
  const sender = world.process({
    address: "10.0.0.1",
    tree: tree([["a", "folder"], ["a/x", 5 * MIB], ["a/y", 10], ["a/z", 0], ["a/w", 100 * MIB]]),
  });
  const receiver = world.process({ address: "10.0.0.2", disk });
  const received = receiver.receive();
  const ticket = await world.time.until(receiver.ticket);
  const sent = sender.send(["a"], ticket);
  const codes = await world.time.until(Promise.all([sent, received]));
  console.log(
    codes,
    sender.output,
    receiver.output.errorTexts,
    receiver.output.calls,
    receiver.output.facts,
    disk.final.keys(),
    world.time.now(),
    world.time.openTimers,
  );
});
