/** What the system around a transfer does: clocks that jump, signals, limits, users, folders that cannot be written. */

import assert from "node:assert/strict";
import { assertSameFile, largeFolder, MIB, namesIn, writeFile } from "../e2e/files.ts";
import { needsOrdinaryUser, ordinary } from "../e2e/ordinary_user.ts";
import { needsPreload, Preload } from "./preload.ts";
import { inScene, inView, type Make, oneFile, type Scene, smallTree } from "./scene.ts";

const DAY = 86_400;
const EPERM = 1;
const EIO = 5;
const ENOBUFS = 105;

/** A transfer that takes seconds, so that something can happen in its middle. */
const SLOW = ["--rate-limit", "8M"];

Deno.test(
  "J1: a wall clock that jumps by a day, forth and back, changes no rate, no time left and no deadline",
  needsPreload,
  () =>
    inScene(oneFile(32 * MIB), async (scene) => {
      const preload = await Preload.in(scene.workspace.folder);
      const both = { sender: preload.options, receiver: preload.options };
      const start = performance.now();
      const { sender, receiver, relay } = await scene.start({ ...both, sendArgs: SLOW });
      for (const seconds of [DAY, -DAY, 0]) {
        await relay.carried(6 * MIB, "out");
        preload.set("clockSeconds", seconds);
      }
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      const lasted = (performance.now() - start) / 1000;
      assert.ok(preload.get("clockHits") > 0, "nobody asked the clock");
      for (const { events } of [sender, receiver]) {
        for (const { type, lastSecondBitsPerSecond, bitsPerSecond, secondsLeft } of events) {
          if (type !== "progress") continue;
          for (const rate of [lastSecondBitsPerSecond, bitsPerSecond]) {
            assert.ok(Number(rate) >= 0 && Number(rate) < 1e9, `a rate of ${rate}`);
          }
          assert.ok(
            secondsLeft === null || (Number(secondsLeft) >= 0 && Number(secondsLeft) < 600),
            `${secondsLeft} s left`,
          );
        }
        const seconds = Number(events.find(({ type }) => type === "complete")?.["seconds"]);
        assert.ok(seconds > 1 && seconds <= lasted, `${seconds} s of ${lasted}`);
      }
    }),
);

Deno.test(
  "I18: clocks that differ by days do not matter: the ticket decides which certificate is right, not its dates",
  needsPreload,
  () =>
    inScene(oneFile(MIB), async (scene) => {
      const preload = await Preload.in(scene.workspace.folder);
      for (const days of [-2, 2, 4000]) {
        preload.set("clockSeconds", days * DAY);
        await scene.start({ sender: preload.options });
        await scene.ends([0]);
      }
      assert.ok(preload.get("clockHits") > 0, "nobody asked the clock");
    }),
);

Deno.test(
  "B24: a system that refuses to send datagrams for two seconds is survived",
  needsPreload,
  () =>
    inScene(oneFile(24 * MIB), async (scene) => {
      const preload = await Preload.in(scene.workspace.folder);
      const { relay } = await scene.start({ sender: preload.options, sendArgs: SLOW });
      for (const errno of [EPERM, ENOBUFS]) {
        await relay.carried(4 * MIB, "out");
        preload.set("sendErrno", errno);
        await new Promise((over) => setTimeout(over, 2000)); // what is tested is the time
        preload.set("sendErrno", 0);
      }
      await scene.ends([0]);
      assert.ok(preload.get("sendHits") > 0, "nothing was sent meanwhile");
    }),
);

Deno.test(
  "D23: a disk that takes 20 times as long as the network: nothing is lost, and memory stays bounded",
  needsPreload,
  () =>
    inScene(oneFile(48 * MIB), async (scene) => {
      const preload = await Preload.in(scene.workspace.folder);
      preload.set("writeMicros", 50_000);
      await scene.start({ receiver: preload.options });
      await scene.ends([0]);
      assert.ok(preload.get("writeHits") > 10, "no write was slow");
    }),
);

for (const flags of [[], ["--no-sync"]] as const) {
  for (const [what, make] of [["a large file", oneFile(3 * MIB + 1)], ["a small one", oneFile(1000)]] as const) {
    Deno.test(
      `D11: what a disk tells at the close of ${what} ends with 4 on both sides ${flags.join("")}`,
      needsPreload,
      () =>
        inScene(make, async (scene) => {
          const preload = await Preload.in(scene.workspace.folder);
          preload.set("closeErrno", EIO);
          const { sender, receiver } = await scene.start({ recvArgs: flags, receiver: preload.options });
          await scene.ends([4]);
          assert.ok(preload.get("closeHits") > 0, "no close failed");
          for (const side of [sender, receiver]) assert.match(side.stdout.text, /input\/output error/);
          assert.deepEqual(namesIn(scene.places.into), []);
          preload.set("closeErrno", 0);
          await scene.start({ recvArgs: flags, receiver: preload.options });
          await scene.ends([0]);
        }),
    );
  }
}

Deno.test(
  "C5: on a disk that holds up an orderly end, Ctrl-C says what has arrived all the same, and which command goes on",
  needsPreload,
  () =>
    inScene(oneFile(48 * MIB), async (scene) => {
      const preload = await Preload.in(scene.workspace.folder);
      const { receiver, sender, relay } = await scene.start({ receiver: preload.options, sendArgs: SLOW });
      await relay.carried(10 * MIB, "out");
      preload.set("syncMicros", 5_000_000);
      receiver.kill("SIGINT");
      await receiver.exits(130);
      await sender.exits(5);
      assert.ok(preload.get("syncHits") > 0, "no sync was slow");
      const last = receiver.events.slice(-2).map(({ type }) => type);
      assert.deepEqual(last, ["interrupted", "exit"], receiver.transcript());
      await scene.ends([130, 5]);
      preload.set("syncMicros", 0);
      await scene.start();
      await scene.ends([0]);
    }),
);

/** V8 reserves this at its start, used or not. */
const RESERVED_KIB = 512 * 1024;

Deno.test("C10: with 128 MiB that the kernel allows them beside what V8 reserves, both sides move a file of 384 MiB", async () => {
  const root = await largeFolder();
  await inScene(oneFile(384 * MIB), async (scene) => {
    const limits = `ulimit -d ${RESERVED_KIB + 128 * 1024}`;
    await scene.startDirectly({ sender: { limits }, receiver: { limits } });
    await scene.ends([0]);
  }, root === undefined ? {} : { root });
});

Deno.test("C12: 1,500 descriptors that were inherited change nothing", () =>
  inScene(smallTree(), async (scene) => {
    const limits = "ulimit -n 4096";
    const before = `bash -c 'for number in $(seq 3 1500); do eval "exec $number</dev/null"; done; exec "$@"' bash`;
    await scene.start({ sender: { limits, before }, receiver: { limits, before }, inherited: 1500 });
    await scene.ends([0]);
  }));

Deno.test("J6: of three senders of the same name to one receiver that stays, one arrives whole and the others are refused", () =>
  inView(async (view) => {
    const { workspace } = view;
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--stay", "--into", into]);
    const env = { ULTRA_TICKET: await receiver.ticket() };
    const sources = await Promise.all([1, 2, 3].map(async (number) => {
      return await writeFile(`${await workspace.make(`${number}`)}/file.bin`, number * MIB + number);
    }));
    const codes = await Promise.all(sources.map((source) => workspace.start(["send", source], { env }).exit()));
    receiver.kill("SIGTERM");
    await receiver.exits(143);
    await view.ends([0, 4, 143]);
    assert.deepEqual(codes.toSorted(), [0, 4, 4]);
    await assertSameFile(`${into}/file.bin`, sources[codes.indexOf(0)] ?? "");
    // One that was moved beside the winner has arrived whole: its part stays, as the receiver says, and nothing else does.
    const told = receiver.stderr.text.matchAll(/what has arrived stays as "(\.ultra-\w+)\.part"/g);
    const kept = [...new Set([...told].map(([, name]) => name))].flatMap((name) => [`${name}.journal`, `${name}.part`]);
    assert.deepEqual(namesIn(into), [...kept, "file.bin"].toSorted(), receiver.transcript());
  }));

for (const mask of ["077", "000", "027"]) {
  Deno.test(
    `J7: an ordinary user with the umask ${mask} gets the sender's modes less what the umask takes`,
    needsOrdinaryUser,
    () =>
      inScene(smallTree(40), async (scene) => {
        const { workspace, places } = scene;
        const options = await ordinary(workspace);
        await Deno.chmod(places.into, 0o777);
        const receiver = workspace.recv(["--into", places.into], { ...options, limits: `umask ${mask}` });
        const sender = workspace.start(["send", `${places.from}/tree`], {
          env: { ULTRA_TICKET: await receiver.ticket() },
        });
        await Promise.all([sender.exits(0), receiver.exits(0)]);
        const modeOf = async (path: string) => ((await Deno.lstat(path)).mode ?? 0) & 0o777;
        for (const path of ["tree/a", "tree/a/b", "tree/a/0.bin", "tree/a/b/1.bin", "tree/c/2.bin", "tree/a/3.bin"]) {
          const wanted = await modeOf(`${places.from}/${path}`) & ~parseInt(mask, 8);
          assert.equal(await modeOf(`${places.into}/${path}`), wanted, path);
        }
        await Deno.remove(`${places.into}/tree`, { recursive: true });
        await scene.start();
        await scene.ends([0]);
      }),
  );
}

Deno.test("J8: in a locale without UTF-8 names are the same bytes", () =>
  inScene(async (from) => {
    for (const name of ["grüße.txt", "кот", "日本", "e\u0301"]) await Deno.writeTextFile(`${from}/${name}`, name);
  }, async (scene) => {
    for (const locale of ["C", "POSIX", "de_DE.ISO-8859-1"]) {
      const options = { env: { LC_ALL: locale, LANG: locale } };
      await scene.start({ sender: options, receiver: options });
      await scene.ends([0]);
      for (const { name } of [...Deno.readDirSync(scene.places.into)]) {
        await Deno.remove(`${scene.places.into}/${name}`);
      }
    }
    await scene.start();
    await scene.ends([0]);
  }));

Deno.test(
  "J9: without a home, or with one that cannot be written, everything works",
  needsOrdinaryUser,
  () =>
    inScene(oneFile(MIB), async (scene) => {
      const { workspace, places } = scene;
      const user = await ordinary(workspace);
      const readOnly = await workspace.make("read-only");
      await Deno.chmod(readOnly, 0o555);
      await Deno.chmod(places.into, 0o777);
      for (const home of [readOnly, "/nonexistent", ""]) {
        const variables = {
          XDG_CACHE_HOME: "",
          XDG_RUNTIME_DIR: "",
          XDG_STATE_HOME: "",
          XDG_CONFIG_HOME: "",
          HOME: home,
        };
        const options = { ...user, env: variables };
        await scene.start({ sender: options, receiver: options });
        await scene.ends([0]);
        assert.deepEqual(namesIn(readOnly), []);
        await Deno.remove(`${places.into}/file.bin`);
      }
      await scene.start();
      await scene.ends([0]);
    }),
);

const theirs: Make = (into) => Deno.writeTextFile(`${into}/file.bin`, "theirs");

Deno.test(
  "D19: an immutable target is not replaced: exit 4 on both sides",
  { ignore: !await canBeImmutable() },
  () =>
    inScene(oneFile(MIB), async (scene) => {
      const target = `${scene.places.into}/file.bin`;
      await chattr("+i", target);
      try {
        await scene.start({ recvArgs: ["--overwrite"] });
        await scene.ends([4]);
      } finally {
        await chattr("-i", target);
      }
      assert.equal(await Deno.readTextFile(target), "theirs");
      await scene.start({ recvArgs: ["--overwrite"] });
      await scene.ends([0]);
    }, { old: theirs }),
);

Deno.test(
  "D19: a target of somebody else in a sticky folder is not replaced: exit 4 on both sides",
  needsOrdinaryUser,
  () =>
    inScene(oneFile(MIB), async (scene) => {
      const { into } = scene.places;
      const receiver = await ordinary(scene.workspace);
      await Deno.chmod(into, 0o1777);
      await scene.start({ recvArgs: ["--overwrite"], receiver });
      await scene.ends([4]);
      assert.equal(await Deno.readTextFile(`${into}/file.bin`), "theirs");
      await Deno.chmod(into, 0o777);
      await scene.start({ recvArgs: ["--overwrite"], receiver });
      await scene.ends([0]);
    }, { old: theirs }),
);

async function chattr(flag: string, path: string): Promise<boolean> {
  const command = new Deno.Command("chattr", { args: [flag, path], stdout: "null", stderr: "null" });
  return (await command.output().catch(() => undefined))?.success === true;
}

/** Only root can make files immutable, and only on some file systems. */
async function canBeImmutable(): Promise<boolean> {
  const path = await Deno.makeTempFile();
  try {
    return await chattr("+i", path);
  } finally {
    await chattr("-i", path);
    await Deno.remove(path);
  }
}

/** A busy machine may be so late with the second signal that the first one's end is over. */
const TRIES = 5;

/** Interrupts a receiver once or twice that hears no answer any more. Whether it had the time to tell of its end in good order. */
async function interrupted(scene: Scene, hurries: boolean): Promise<boolean> {
  const once = ["--retry-for", "0"];
  const { sender, receiver, relay } = await scene.start({ sendArgs: [...SLOW, ...once], recvArgs: once });
  await receiver.midway();
  await relay.set({ isSilent: true }, "out");
  receiver.kill("SIGINT");
  // So the first one has been heard: two signals at once may be one for the system.
  await sender.says(/^ultra: The other side was interrupted$/);
  if (hurries) receiver.end("SIGINT");
  await receiver.exits(130);
  await scene.ends([130, 5]);
  return receiver.events.some(({ type }) => type === "interrupted");
}

Deno.test("C6: a second SIGINT ends a receiver at once, that would wait for an answer after the first one; the next run goes on", () =>
  inScene(oneFile(24 * MIB), async (scene) => {
    assert.ok(await interrupted(scene, false), "a single SIGINT has its end told");
    let isTold = true;
    for (let tries = 0; isTold && tries < TRIES; tries++) isTold = await interrupted(scene, true);
    assert.ok(!isTold, "the second SIGINT ended nothing");
    const { receiver } = await scene.start();
    await scene.ends([0]);
    assert.ok(Number((await receiver.event("complete"))["resumedBytes"]) > 0, "what had arrived was sent again");
  }));
