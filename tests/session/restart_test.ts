/** Processes that die, and the same command again, while the other side waits; in virtual time. */

import assert from "node:assert/strict";
import { Secret } from "../../src/auth/secret.ts";
import type { IdentitySource } from "../../src/cli/invocation.ts";
import { formatIdentity } from "../../src/meet/identity.ts";
import { parseKept } from "../../src/meet/kept.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import { emptyDisk, type Item, MIB, tree } from "../support/made_up.ts";
import { MemoryStates } from "../support/memory_states.ts";
import { KILLED, type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import { assertArrived, RECEIVER, SENDER } from "./support.ts";

const ITEMS: readonly Item[] = [
  ["data", "folder"],
  ["data/a", 300 * MIB],
  ["data/b", 0],
  ["data/c", 3 * MIB + 7],
  ...Array.from({ length: 40 }, (_, index): Item => [`data/small${index}`, 100 + index]),
];

const RETRY = { retryForMs: 300_000 };

type Side = "sender" | "receiver";

/** Two computers, on which the same two commands run again and again. */
class Pair {
  readonly world: SimulatedWorld;
  readonly disk;
  readonly waits: Side;
  readonly states = { sender: new MemoryStates(), receiver: new MemoryStates() };
  ticket: Ticket | undefined;

  constructor(seed: number, waits: Side, readonly items = ITEMS) {
    this.world = new SimulatedWorld(seed);
    this.world.network.latencyMs = this.world.random.between(1, 15);
    this.disk = emptyDisk({ writeMs: this.world.random.time(3, 6), commitMs: this.world.random.time(0.1, 20) });
    this.waits = waits;
  }

  start(side: Side): { readonly process: SimulatedProcess; readonly code: Promise<number> } {
    const { world, disk } = this;
    const states = this.states[side];
    const ticket = this.waits === side ? undefined : this.ticket;
    const process = side === "sender"
      ? world.process({ address: SENDER, tree: tree(this.items), states })
      : world.process({ address: RECEIVER, disk, states });
    const code = side === "sender" ? process.send(["data"], ticket, RETRY) : process.receive(ticket, RETRY);
    return { process, code };
  }

  /** Both sides, once data moves. */
  async startBoth() {
    const waiting = this.start(this.waits);
    this.ticket = await this.world.time.until(waiting.process.ticket);
    const dialing = this.start(this.waits === "sender" ? "receiver" : "sender");
    while (![waiting, dialing].every(({ process }) => has(process, "opened"))) await this.world.time.pass(1);
    return this.waits === "sender" ? { sender: waiting, receiver: dialing } : { sender: dialing, receiver: waiting };
  }
}

const has = ({ output }: SimulatedProcess, type: string) => output.events.some((event) => event.type === type);

for (const waits of ["receiver", "sender"] as const) {
  for (const killed of ["receiver", "sender"] as const) {
    Deno.test(`restart: the ${killed} is killed at any moment, and the same command goes on where the ${waits} waits`, async () => {
      let restarts = 0;
      const other = killed === "sender" ? "receiver" : "sender";
      for (let seed = 1; seed <= 60; seed++) {
        const pair = new Pair(seed, waits);
        const { world } = pair;
        const first = await pair.startBoth();
        await world.time.pass(world.random.time(0, 200));
        first[killed].process.kill();
        if (await world.time.until(first[killed].code) !== KILLED) continue;
        // What is committed was confirmed, or there is nobody to confirm it to.
        if (has(first[other].process, "complete")) continue;
        await world.time.pass(world.random.time(100, 60_000));
        const again = pair.start(killed);
        const codes = await world.time.until(Promise.all([first[other].code, again.code]));
        assert.deepEqual(codes, [0, 0], `seed ${seed}`);
        assert.equal(has(first[other].process, "peer-restarted"), true, `seed ${seed}`);
        assert.equal(has(again.process, "taken-up"), killed === waits, `seed ${seed}`);
        // (What the dead process left of files belongs to their resume.)
        pair.disk.parts.clear();
        assertArrived({
          world,
          items: ITEMS,
          disk: pair.disk,
          sender: first.sender.process,
          receiver: first.receiver.process,
        });
        assert.deepEqual([pair.states.sender.files.size, pair.states.receiver.files.size], [0, 0], "no key is left");
        restarts++;
      }
      assert.ok(restarts > 20, `${restarts} restarts`);
    });
  }

  Deno.test(`restart: commits that are cut short for a sender started again are no failures where the ${waits} waits`, async () => {
    const pair = new Pair(5, waits);
    const { world } = pair;
    pair.disk.commitMs = 5000;
    const first = await pair.startBoth();
    await world.time.pass(300);
    first.sender.process.kill();
    pair.disk.commitMs = 1;
    const again = pair.start("sender");
    assert.deepEqual(await world.time.until(Promise.all([first.receiver.code, again.code])), [0, 0]);
    assert.ok(has(first.receiver.process, "peer-restarted"));
    assert.deepEqual(first.receiver.process.output.events.filter(({ type }) => type === "file-failed"), []);
  });

  Deno.test(`restart: both are stopped and started again, and the used ticket works where the ${waits} waits`, async () => {
    const pair = new Pair(3, waits);
    const { world } = pair;
    const first = await pair.startBoth();
    await world.time.pass(20);
    first.sender.process.interrupt();
    await world.time.until(Promise.all([first.sender.code, first.receiver.code]));
    const waiting = pair.start(waits);
    const shown = await world.time.until(waiting.process.ticket);
    assert.notDeepEqual(shown.token, pair.ticket?.token);
    assert.deepEqual([shown.pin, shown.hints], [pair.ticket?.pin, pair.ticket?.hints]);
    const dialing = pair.start(waits === "sender" ? "receiver" : "sender");
    assert.deepEqual(await world.time.until(Promise.all([waiting.code, dialing.code])), [0, 0]);
    pair.disk.parts.clear();
    assertArrived({
      world,
      items: ITEMS,
      disk: pair.disk,
      sender: first.sender.process,
      receiver: first.receiver.process,
    });
  });

  Deno.test(`restart: the fresh ticket of a ${waits} that was started again works as well`, async () => {
    const pair = new Pair(4, waits);
    const { world } = pair;
    const first = await pair.startBoth();
    await world.time.pass(20);
    for (const { process } of [first.sender, first.receiver]) process.kill();
    const waiting = pair.start(waits);
    pair.ticket = await world.time.until(waiting.process.ticket);
    pair.states[waits === "sender" ? "receiver" : "sender"].files.clear();
    const dialing = pair.start(waits === "sender" ? "receiver" : "sender");
    assert.deepEqual(await world.time.until(Promise.all([waiting.code, dialing.code])), [0, 0]);
  });
}

Deno.test("restart: C1 a killed listener says how far it had come some seconds before, and that this is the least", async () => {
  const pair = new Pair(8, "receiver");
  const { world } = pair;
  // The small files arrive in the first seconds, and the large ones take minutes.
  pair.disk.writeMs = 1000;
  const first = await pair.startBoth();
  const arrived: [at: number, files: number][] = [];
  const { listener } = first.receiver.process.output;
  first.receiver.process.output.listener = (event) => {
    listener(event);
    if (event.type === "progress") arrived.push([world.time.now(), event.progress.filesArrived]);
  };
  await world.time.pass(25_000);
  const killedMs = world.time.now();
  first.receiver.process.kill();
  const again = pair.start("receiver");
  await world.time.until(again.process.ticket);
  const taken = again.process.output.events.find((event) => event.type === "taken-up")?.taken ?? assert.fail();
  const { files, filesArrived = NaN, ...more } = taken.came ?? assert.fail("nothing was noted");
  assert.deepEqual({ files, ...more }, { files: ITEMS.length - 1, hasMoved: true, isAtLeast: true });
  const least = arrived.findLast(([at]) => at <= killedMs - 10_000)?.[1] ?? NaN;
  const most = arrived.at(-1)?.[1] ?? NaN;
  assert.ok(
    least > 0 && filesArrived >= least && filesArrived <= most,
    `${filesArrived}, between ${least} and ${most}`,
  );
  assert.deepEqual(await world.time.until(Promise.all([first.sender.code, again.code])), [0, 0]);
  assert.deepEqual([pair.states.sender.files.size, pair.states.receiver.files.size], [0, 0], "no key is left");
});

Deno.test("restart: C1 that a lone file has arrived is noted at once, so that nobody says that it has not", async () => {
  const pair = new Pair(10, "receiver", [["data", 300 * MIB]]);
  pair.disk.writeMs = 1000;
  const first = await pair.startBoth();
  const arrived = Promise.withResolvers<void>();
  const { output } = first.receiver.process;
  const { listener } = output;
  output.listener = (event) => {
    listener(event);
    if (event.type === "progress" && event.progress.filesArrived === 1) arrived.resolve();
  };
  await pair.world.time.until(arrived.promise);
  const came = [...pair.states.receiver.files.values()].map((text) => parseKept(text, pair.world.time.now())?.came);
  assert.deepEqual(came, [{ files: 1, filesArrived: 1, hasMoved: true, isAtLeast: true }]);
});

for (const waits of ["receiver", "sender"] as const) {
  Deno.test(`restart: C5 what began with one ticket and is confirmed with the fresh one of the same ${waits} leaves no key`, async () => {
    const pair = new Pair(9, waits);
    const { world } = pair;
    const dials = waits === "sender" ? "receiver" : "sender";
    const first = await pair.startBoth();
    await world.time.pass(20);
    first[dials].process.interrupt();
    await world.time.until(Promise.all([first.sender.code, first.receiver.code]));
    const left = [...pair.states[dials].files.keys()][0] ?? assert.fail("nothing is kept");
    // Of the same listener, but another command; and of nobody knows whom.
    const others = [`${"0".repeat(16)}${left.slice(16)}`, "0".repeat(32)];
    for (const name of others) pair.states[dials].files.set(name, "another's");
    const waiting = pair.start(waits);
    pair.ticket = await world.time.until(waiting.process.ticket);
    const dialing = pair.start(dials);
    assert.deepEqual(await world.time.until(Promise.all([waiting.code, dialing.code])), [0, 0]);
    assert.deepEqual([...pair.states[dials].files.keys()], others);
    assert.equal(pair.states[waits].files.size, 0);
  });
}

Deno.test("restart: a listener with another certificate is not the other side, and is never asked for the transfer", async () => {
  const pair = new Pair(5, "receiver");
  const { world } = pair;
  const first = await pair.startBoth();
  await world.time.pass(20);
  const [name, text = ""] = [...pair.states.receiver.files][0] ?? assert.fail();
  first.receiver.process.kill();
  assert.match(text, /^ultra-state 1\nkey [0-9a-f]{64}\n/);
  const lines = text.split("\n");
  assert.ok(lines.some((line) => line.startsWith("port ")) && name.length === 32);
  pair.states.receiver.files.clear();
  world.time.later(100_000, () => again.process.interrupt());
  const again = pair.start("receiver");
  assert.equal(await world.time.until(first.sender.code), 5);
  assert.equal(await world.time.until(again.code), 130);
});

Deno.test("restart: without a folder for state it is said once, and the transfer runs", async () => {
  const pair = new Pair(6, "receiver");
  for (const states of Object.values(pair.states)) states.isReadOnly = true;
  const { sender, receiver } = await pair.startBoth();
  assert.deepEqual(await pair.world.time.until(Promise.all([sender.code, receiver.code])), [0, 0]);
  for (const { process } of [sender, receiver]) {
    const warnings = process.output.events.filter(({ type }) => type === "warning");
    assert.deepEqual(warnings, [{ type: "warning", warning: { about: "nothing-kept", why: "unwritable" } }]);
  }
});

/** The listener that a ticket names, as `--identity` keeps it. */
function identityOf(pair: Pair, ticket: Ticket, token: Uint8Array): IdentitySource {
  const [text = ""] = pair.states[pair.waits].files.values();
  const kept = parseKept(text, pair.world.time.now()) ?? assert.fail("nothing is kept");
  const { identity, port } = kept.listener ?? assert.fail("no listener is kept");
  assert.deepEqual(identity.hash.slice(0, 16), ticket.pin);
  return { from: "environment", text: formatIdentity({ identity, token: new Secret(token), port }) };
}

for (const knows of ["its ticket", "nothing"] as const) {
  Deno.test(`restart: a listener that comes back with its certificate and knows ${knows} of the transfer`, async () => {
    const pair = new Pair(7, "receiver");
    const { world } = pair;
    const first = await pair.startBoth();
    const ticket = pair.ticket ?? assert.fail();
    const identity = identityOf(pair, ticket, knows === "nothing" ? new Uint8Array(16) : ticket.token);
    first.receiver.process.kill();
    pair.states.receiver.files.clear();
    const again = world.process({ address: RECEIVER, disk: pair.disk });
    const endpoint = { address: RECEIVER, port: 0 };
    const peer = { type: "listen", endpoint, advertise: [], ticketOut: undefined, identity } as const;
    const receiving = again.receive(undefined, { ...RETRY, peer });
    if (knows === "its ticket") {
      assert.deepEqual(await world.time.until(Promise.all([first.sender.code, receiving])), [0, 0]);
      const shown = await world.time.until(again.ticket);
      assert.deepEqual([shown.token, shown.longLived], [ticket.token, true]);
      return;
    }
    assert.equal(await world.time.until(first.sender.code), 6);
    assert.match(
      first.sender.process.output.errorTexts.join(),
      /does not know this transfer any more: run the command again/,
    );
    assert.equal(pair.states.sender.files.size, 0, "the key is worth nothing any more");
    again.interrupt();
    assert.equal(await world.time.until(receiving), 130);
  });
}

Deno.test("wait: a dialer whose other side is not there yet comes in when it is; without --wait, or later, it ends with 5", async () => {
  for (const [waitMs, code] of [[600_000, 0], [20_000, 5], [undefined, 5]] as const) {
    const pair = new Pair(8, "receiver");
    const { world } = pair;
    const first = await pair.startBoth();
    const ticket = pair.ticket ?? assert.fail();
    const identity = identityOf(pair, ticket, ticket.token);
    for (const { process } of [first.sender, first.receiver]) process.kill();
    pair.disk.parts.clear();
    const sender = world.process({ address: SENDER, tree: tree(ITEMS) });
    const sending = sender.send(["data"], ticket, { waitMs });
    await world.time.pass(60_000);
    const receiver = world.process({ address: RECEIVER, disk: pair.disk });
    const endpoint = { address: RECEIVER, port: 0 };
    const peer = { type: "listen", endpoint, advertise: [], ticketOut: undefined, identity } as const;
    const receiving = receiver.receive(undefined, { peer });
    assert.equal(await world.time.until(sending), code);
    receiver.interrupt();
    assert.equal(await world.time.until(receiving), code === 0 ? 0 : 130);
  }
});

Deno.test("wait: a listener whom nobody visits ends with 5 after --wait", async () => {
  const world = new SimulatedWorld();
  const receiver = world.process({ address: RECEIVER });
  assert.equal(await world.time.until(receiver.receive(undefined, { waitMs: 30_000 })), 5);
  assert.deepEqual(receiver.output.errorTexts, ["The other side did not come in time; --wait says how long"]);
  assert.ok((receiver.endedMs ?? 0) >= 30_000 && (receiver.endedMs ?? Infinity) < 31_000);
});
