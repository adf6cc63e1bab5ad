/** Bad networks that take their time. @module */

import assert from "node:assert/strict";
import { MIB } from "../../e2e/files.ts";
import { Random } from "../../simulation/random.ts";
import { measured } from "../measured.ts";
import { needsPreload, Preload } from "../preload.ts";
import { inScene, oneFile, type Scene, smallTree } from "../scene.ts";
import { Verified } from "../verified.ts";
import { FAIR, type Weather } from "../weather.ts";

const seconds = (count: number) => new Promise<void>((over) => setTimeout(over, count * 1000)); // what is tested is the time

/** A transfer of half a minute. */
const SLOW = ["--rate-limit", "2M"];

/** QUIC gives up after 20 s of silence; ultra may try longer than that, and no longer than this. */
const GIVEN_UP_MS = 360_000;

for (const waits of ["receiver", "sender"] as const) {
  Deno.test(`B1: 20 % of the datagrams are lost both ways, and the file arrives whole (the ${waits} waits)`, () =>
    inScene(oneFile(4 * MIB), async (scene) => {
      await scene.start({ waits, weather: { drop: 0.2 }, seed: 20 });
      await scene.ends([0]);
    }));

  Deno.test(`B6: a round trip of 300 ms and 1 % of loss, and the tree arrives whole (the ${waits} waits)`, () =>
    inScene(smallTree(), async (scene) => {
      await scene.start({ waits, weather: { delayMs: 150, drop: 0.01 }, seed: 6 });
      await scene.ends([0]);
    }));
}

Deno.test("B11: one direction alone is dead for 5 s: survived; for ever: both sides end by themselves and no name appears", () =>
  inScene(oneFile(48 * MIB), async (scene) => {
    for (const direction of ["out", "back"] as const) {
      const patience = ["--retry-for", "20s"];
      const pair = await scene.start({ sendArgs: [...SLOW, ...patience], recvArgs: ["--overwrite", ...patience] });
      await pair.relay.carried(2 * MIB, "out");
      await pair.relay.set({ isSilent: true }, direction);
      await seconds(5);
      await pair.relay.clear();
      await pair.relay.carried(4 * MIB, "out");
      await pair.relay.set({ isSilent: true }, direction);
      await scene.ends([5], { limitMs: GIVEN_UP_MS });
    }
    await scene.start();
    await scene.ends([0]);
  }));

/** What a system says that lets nothing out. */
const EPERM = 1;

const needsFreezing = { ignore: Deno.uid() !== 0 || !await canFreeze() };

/** Runs a test whose target folder is a disk of its own, which can stand still. */
function withDisk(bytes: number, body: (scene: Scene, disk: Disk) => Promise<void>): Promise<void> {
  return inScene(oneFile(bytes), async (scene) => {
    const { into } = scene.places;
    const image = scene.workspace.path("image");
    await run("truncate", "-s", "256M", image);
    await run("mkfs.ext4", "-q", "-F", image);
    await run("mount", "-o", "loop", image, into);
    let isFrozen = false;
    const disk = {
      freeze: () => run("fsfreeze", "-f", into).then(() => void (isFrozen = true)),
      thaw: () => run("fsfreeze", "-u", into).then(() => void (isFrozen = false)),
    };
    try {
      await Deno.remove(`${into}/lost+found`);
      await body(scene, disk);
    } finally {
      if (isFrozen) await disk.thaw();
      await run("umount", "-l", into);
    }
  });
}

interface Disk {
  /** What writes waits, until `thaw`. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

Deno.test(
  "B18: a receiver whose disk stands still for 40 s stays reachable behind a NAT that forgets after 30 s",
  needsFreezing,
  () =>
    withDisk(64 * MIB, async (scene, disk) => {
      // The receiver dials: it is behind the NAT, and has nothing to say while its disk stands still.
      const pair = await scene.start({ waits: "sender", sendArgs: ["--rate-limit", "8M"], forgetAfterMs: 30_000 });
      await pair.relay.carried(8 * MIB, "back");
      await disk.freeze();
      await seconds(40);
      await disk.thaw();
      await scene.ends([0]);
    }),
);

Deno.test(
  "C8: the confirmation is lost: the sender does not claim success, the file is whole, and the next run moves nothing",
  needsFreezing,
  () =>
    withDisk(MIB, async (scene, disk) => {
      // All of the file is on its way before the disk can take anything; then the receiver can say nothing any more.
      await disk.freeze();
      const { relay, sender: first, receiver } = await scene.start({ sendArgs: ["--retry-for", "20s"] });
      await relay.carried(MIB, "out");
      await seconds(1);
      await relay.set({ isSilent: true }, "back");
      await disk.thaw();
      // The receiver has its file, and waits 5 s for an answer to what it says of it.
      assert.equal(await receiver.exit(), 0);
      assert.equal((await Deno.stat(`${scene.places.into}/file.bin`)).size, MIB);
      await relay.clear();
      await scene.ends([0, 5], { limitMs: GIVEN_UP_MS });
      assert.equal(await first.exit(), 5, "it has heard nothing");
      assert.match(
        first.stderr.text,
        /^ultra: The connection was lost, and did not .* \(all was sent, but not confirmed\)/m,
      );
      assert.match(String(first.events.at(-1)?.["why"]), /\(all was sent, but not confirmed\)/);
      const { sender } = await scene.start();
      await scene.ends([0]);
      const { bytes, presentBytes } = await sender.event("complete");
      assert.deepEqual([bytes, presentBytes], [0, MIB]);
    }),
);

/** The queue takes 4 s: QUIC gives up when it hears nothing for 16. */
const CRAWL: Partial<Weather> = { bytesPerSecond: 1000, queueBytes: 4096 };

/** An IP packet of 1,500 bytes. */
const ETHERNET: Partial<Weather> = { maxDatagram: 1472 };

const END_BOUND_MS = 1000;

Deno.test("B19: a rate that falls to 1 kB/s ends nothing in a minute, and Ctrl-C ends it within a second", () =>
  inScene(oneFile(16 * MIB), async (scene) => {
    const { sender, receiver, relay } = await scene.start({ sendArgs: SLOW, weather: ETHERNET });
    await relay.carried(4 * MIB, "out");
    await relay.set(CRAWL);
    await seconds(60);
    for (const side of [sender, receiver]) {
      assert.equal(side.events.at(-1)?.type, "progress", side.transcript());
      assert.ok(side.events.every(({ type }) => type !== "connection-lost" && type !== "stalled"), side.transcript());
    }
    const startMs = performance.now();
    receiver.kill("SIGINT");
    await receiver.exits(130, 2 * END_BOUND_MS);
    const tookMs = performance.now() - startMs;
    measured("B19: a rate that falls to 1 kB/s", {
      value: tookMs / 1000,
      bound: END_BOUND_MS / 1000,
      unit: "s",
      what: "from SIGINT to the end",
    });
    await relay.clear();
    await scene.ends([130, 5], { limitMs: GIVEN_UP_MS });
    await scene.start();
    await scene.ends([0]);
  }));

for (const who of ["sender", "receiver"] as const) {
  Deno.test(`B25: a ${who} that is stopped for 60 s and goes on harms nothing, and the same command brings the rest`, () =>
    inScene(smallTree(400, 200_000), async (scene) => {
      const pair = await scene.start({ sendArgs: ["--rate-limit", "4M"] });
      await pair.relay.carried(2 * MIB, "out");
      pair[who].kill("SIGSTOP");
      await seconds(60);
      pair[who].kill("SIGCONT");
      await scene.ends([0], { limitMs: GIVEN_UP_MS });
      for (const side of [pair.sender, pair.receiver]) {
        const told = side.events.map(({ type }) => type);
        for (const once of ["stalled", "connection-lost", "connection-returned"]) {
          assert.equal(told.filter((type) => type === once).length, 1, `${once} once:\n${side.transcript()}`);
        }
      }
      await scene.start();
      await scene.ends([0]);
    }));
}

Deno.test(
  "B24: a system that refuses to send datagrams for good ends both sides with 5, in the middle and from the start",
  needsPreload,
  () =>
    inScene(oneFile(24 * MIB), async (scene) => {
      const preload = await Preload.in(scene.workspace.folder);
      const sender = preload.options;
      const patience = ["--retry-for", "5s"];
      const pair = await scene.start({ sender, sendArgs: [...SLOW, ...patience], recvArgs: patience });
      await pair.relay.carried(4 * MIB, "out");
      preload.set("sendErrno", EPERM);
      await scene.ends([5]);
      for (const { stdout } of [pair.sender, pair.receiver]) {
        assert.match(stdout.text, /The connection was lost, and did/);
      }
      assert.ok(preload.get("sendHits") > 0, "nothing was sent meanwhile");
      const late = await scene.start({ sender });
      await late.sender.exits(5, 10_000);
      assert.match(late.sender.stdout.text, /No answer on UDP/);
      late.receiver.kill("SIGTERM");
      await scene.ends([5, 143]);
      preload.set("sendErrno", 0);
      await scene.start();
      await scene.ends([0]);
    }),
);

/** Of the time without a verified block. (QUIC gives a connection up after 16 s of which no large packet has come through.) */
const SHRUNK_BOUND_MS = 5000;

/** The largest datagrams before and since: IP packets of 1,400, 1,280, and less than that, which is as far as the search for a size went down. */
for (const [before, maxDatagram] of [[Infinity, 1372], [Infinity, 1252], [1260, 1240]] as const) {
  const carries = before === Infinity ? "" : `carries at most ${before} and `;
  Deno.test(`B15: a path that ${carries}begins to lose datagrams of more than ${maxDatagram} bytes in the middle goes on within seconds, in the same connection`, () =>
    inScene(oneFile(16 * MIB), async (scene) => {
      await using verified = new Verified(scene.places.into);
      const pair = await scene.start({ sendArgs: ["--rate-limit", "8M"], weather: { maxDatagram: before } });
      await pair.relay.carried(4 * MIB, "out");
      const { lost } = await pair.relay.counts("out");
      await pair.relay.set({ maxDatagram });
      const shrunkMs = performance.now();
      await scene.ends([0], { limitMs: GIVEN_UP_MS });
      const pauseMs = verified.longestPauseAfter(shrunkMs);
      measured(`B15: a path that ${carries}begins to lose datagrams of more than ${maxDatagram} bytes`, {
        value: pauseMs / 1000,
        bound: SHRUNK_BOUND_MS / 1000,
        unit: "s",
        what: "without a block",
      });
      assert.ok((await pair.relay.counts("out")).lost > lost, "nothing was too large");
      assert.ok(pauseMs < 2 * SHRUNK_BOUND_MS, `${pauseMs} ms without a block`);
      for (const side of [pair.sender, pair.receiver]) {
        assert.ok(side.events.every(({ type }) => type !== "connection-lost"), side.transcript());
      }
      await scene.start({ weather: { maxDatagram } });
      await scene.ends([0]);
    }));
}

Deno.test("B15: a path that carries less than QUIC needs is lost, though heartbeats come through: both sides end with 5, and the same command goes on", () =>
  inScene(oneFile(16 * MIB), async (scene) => {
    const patience = ["--retry-for", "5s"];
    // One connection, whose heartbeats come through between what is sent again on a way of 40 ms there and back.
    const sendArgs = ["--rate-limit", "4M", "--connections", "1", ...patience];
    const pair = await scene.start({ sendArgs, recvArgs: patience, weather: { delayMs: 20, maxDatagram: 1260 } });
    await pair.relay.carried(4 * MIB, "out");
    await pair.relay.set({ maxDatagram: 1100 }, "out");
    await scene.ends([5], { limitMs: 90_000 });
    await scene.start();
    await scene.ends([0]);
  }));

/** What B26 draws from. */
const WEATHERS: readonly Partial<Weather>[] = [
  {},
  { drop: 0.01 },
  { drop: 0.05 },
  { drop: 0.2 },
  { duplicate: 0.1 },
  { duplicate: 0.5 },
  { corrupt: 0.02 },
  { jitterMs: 20 },
  { jitterMs: 50, drop: 0.01 },
  { delayMs: 50 },
  { delayMs: 150 },
  { delayMs: 150, drop: 0.01 },
  { bytesPerSecond: 1e6, queueBytes: 65_536 },
  { bytesPerSecond: 100_000, queueBytes: 16_384 },
  { bytesPerSecond: 4e6, queueBytes: 1e6, delayMs: 20 },
  { isSilent: true },
  { isHeld: true, queueBytes: 1e6 },
  { corrupt: 0.01, duplicate: 0.05, drop: 0.02, jitterMs: 10 },
];

/**
 * The weather changes once a second. QUIC gives a connection up when the port of its other end changes and the new way cannot be proved in time:
 * another connection takes its place.
 */
Deno.test("B26: 20 kinds of weather in random order harm nothing, and the same command brings what is missing", async (test) => {
  const seed = Number(Deno.env.get("ULTRA_FAULTS_SEED") ?? Date.now() % 1_000_000);
  const rounds = Number(Deno.env.get("ULTRA_FAULTS_ROUNDS") ?? 8);
  for (let round = 0; round < rounds; round++) {
    await test.step(`seed ${seed + round}: ULTRA_FAULTS_SEED=${seed + round} repeats it`, () =>
      inScene(round % 2 === 0 ? oneFile(40 * MIB) : smallTree(1000, 80_000), async (scene) => {
        const random = new Random(seed + round);
        const waits = random.pick(["receiver", "sender"] as const);
        const { relay, sender, receiver } = await scene.start({ waits, seed: seed + round, sendArgs: SLOW });
        // A dialer that finds nobody ends, and the other side goes on waiting: that is not what is tested.
        await relay.carried(MIB, waits === "receiver" ? "out" : "back");
        let isOver = false;
        const over = Promise.all([sender.ending(GIVEN_UP_MS), receiver.ending(GIVEN_UP_MS)]).then(() => isOver = true);
        for (let changes = 0; !isOver && changes < 120; changes++) {
          const kind = random.below(WEATHERS.length + 2);
          if (kind === WEATHERS.length) await relay.rebind();
          else if (kind === WEATHERS.length + 1) {
            await relay.set({ ...FAIR, isSilent: true }, random.pick(["out", "back"]));
          } else await relay.set({ ...FAIR, ...WEATHERS[kind] });
          await Promise.race([seconds(1), over]);
        }
        await relay.clear();
        await scene.ends([0], { limitMs: GIVEN_UP_MS });
        await scene.start({ waits });
        await scene.ends([0]);
      }));
  }
});

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdout: "null" }).output();
  assert.ok(success, `${program}: ${new TextDecoder().decode(stderr)}`);
}

async function canFreeze(): Promise<boolean> {
  const found = await new Deno.Command("sh", {
    args: ["-c", "command -v fsfreeze mkfs.ext4 && test -e /dev/loop-control"],
  })
    .output().catch(() => undefined);
  return found?.success === true;
}
