/** Bad networks that a transfer survives: two real processes with a relay between them. What takes minutes stands in `long/network.ts`. */

import assert from "node:assert/strict";
import { until } from "../e2e/dropping.ts";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, writeFile } from "../e2e/files.ts";
import { inScene, inView, oneFile, type Pair } from "./scene.ts";
import type { Weather } from "./weather.ts";

/** Every transfer of these tests ends well, with each byte counted once. */
async function succeeds({ sender, receiver }: Pair, bytes: number): Promise<void> {
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  for (const side of [sender, receiver]) {
    const { bytes: told } = await side.event("complete");
    assert.equal(told, bytes, "bytes are counted twice, or not at all");
    const progress = side.events.filter(({ type }) => type === "progress").map((event) => Number(event["bytes"]));
    assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
    assert.ok((progress.at(-1) ?? 0) <= bytes);
  }
}

/** At 1 % it loses the 21st datagram to the listener and the 16th back: few go back, and one of them has to be lost for certain. */
const SEED = 2;

/** A file that arrives whole in this weather, whichever side waits. */
function arrives(mebibytes: number, weather: Partial<Weather>): () => Promise<void> {
  return () =>
    inScene(oneFile(mebibytes * MIB), async (scene) => {
      for (const waits of ["receiver", "sender"] as const) {
        const pair = await scene.start({ waits, weather, seed: SEED });
        await succeeds(pair, mebibytes * MIB);
        const [out, back] = [await pair.relay.counts("out"), await pair.relay.counts("back")];
        if (weather.drop !== undefined) assert.ok(out.lost > 0 && back.lost > 0, "the relay lost nothing");
        await scene.ends([0]);
        if (waits === "receiver") await Deno.remove(`${scene.places.into}/file.bin`);
      }
    });
}

Deno.test("B1: 1 % of the datagrams are lost both ways: the file arrives whole", arrives(16, { drop: 0.01 }));
Deno.test("B1: 5 % of the datagrams are lost both ways: the file arrives whole", arrives(8, { drop: 0.05 }));
Deno.test("B2: datagrams overtake each other by up to 50 ms: the file arrives whole", arrives(3, { jitterMs: 50 }));
Deno.test("B3: 10 % of the datagrams come twice: each byte is counted once", arrives(8, { duplicate: 0.1 }));
Deno.test("B4: a bit is turned in 2 % of the datagrams: the file arrives whole", arrives(8, { corrupt: 0.02 }));
Deno.test(
  "B7: 8 Mbit/s with a queue of 64 KiB that drops what does not fit: the file arrives whole",
  arrives(2, { bytesPerSecond: 1e6, queueBytes: 65_536 }),
);

/** A transfer that takes seconds, so that something can happen in its middle. */
const SLOW = ["--rate-limit", "8M"];

Deno.test("B8: a black hole of 5 s in the middle is survived, in the connection that is there or in the one that is tried beside it", () =>
  inScene(oneFile(16 * MIB), async (scene) => {
    const pair = await scene.start({ sendArgs: SLOW });
    await pair.relay.carried(4 * MIB, "out");
    await pair.relay.set({ isSilent: true });
    await new Promise((over) => setTimeout(over, 5000)); // what is tested is the time
    await pair.relay.clear();
    await succeeds(pair, 16 * MIB);
    // Neither did QUIC give up first (16 s), nor took it long to go on when the path was back.
    const { seconds } = await pair.receiver.event("complete");
    assert.ok(Number(seconds) < 14, `${seconds} s in all, of which the path was away for 5`);
  }));

Deno.test("B16: a NAT gives the dialer another port in the middle, and the transfer goes on", () =>
  inScene(oneFile(16 * MIB), async (scene) => {
    for (const waits of ["receiver", "sender"] as const) {
      const pair = await scene.start({ waits, sendArgs: SLOW });
      await pair.relay.carried(4 * MIB, waits === "receiver" ? "out" : "back");
      await pair.relay.rebind();
      await succeeds(pair, 16 * MIB);
      await scene.ends([0]);
      await Deno.remove(`${scene.places.into}/file.bin`);
    }
    await succeeds(await scene.start(), 16 * MIB);
  }));

Deno.test("B9: watch: what is dropped while the path is away arrives when it is back, the file in its middle as well, each once", () =>
  inView(async (view) => {
    const { workspace } = view;
    const [outbox, into] = [await workspace.make("outbox"), await workspace.make("into")];
    const receiver = workspace.recv(["--stay", "--json", "--into", into]);
    const { relay, ticket } = await view.relayed(await receiver.ticket());
    const env = { ULTRA_TICKET: ticket };
    const large = await writeFile(workspace.path("large"), 8 * MIB);
    await Deno.copyFile(large, `${outbox}/large`);
    const watching = workspace.start(["watch", outbox, "--json", "--rate-limit", "4M", "--retry-for", "1s"], { env });
    await watching.midway();
    await relay.set({ isSilent: true });
    // The transfer is given up, and the next tries find nobody.
    await watching.event("retrying");
    await writeFile(`${outbox}/other`, 1000);
    await watching.event("retrying", ({ afterSeconds }) => Number(afterSeconds) > 1);
    assert.deepEqual(namesIn(into).filter((name) => !name.startsWith(".")), []);
    await relay.clear();
    await until(outbox, () => !namesIn(outbox).some((name) => name === "large" || name === "other"));
    watching.kill("SIGTERM");
    await watching.exits(143);
    await assertSameFile(`${outbox}/sent/large`, large);
    for (const name of ["large", "other"]) await assertSameFile(`${into}/${name}`, `${outbox}/sent/${name}`);
    receiver.kill("SIGTERM");
    await receiver.exits(143);
    await view.ends([143]);
    const arrived = receiver.events.filter(({ type }) => type === "complete");
    assert.equal(arrived.reduce((sum, { files }) => sum + Number(files), 0), 2);
    await assertNoLeftovers(into);
  }));

Deno.test("B14: a path that loses datagrams of more than 1,280 bytes from the start works", () =>
  inScene(oneFile(4 * MIB), async (scene) => {
    // An IP packet of 1,280 bytes has 1,252 for UDP's contents.
    const pair = await scene.start({ weather: { maxDatagram: 1252 } });
    await succeeds(pair, 4 * MIB);
  }));
