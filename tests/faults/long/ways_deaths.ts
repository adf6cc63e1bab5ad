/**
 * The other ways in, whose processes are killed at random moments: lists, clipboards, files dropped on the program, and the older format, which
 * has no resume. `deaths.ts` has those that last.
 *
 *     ULTRA_FAULTS_SEED=1 deno task test:faults tests/faults/long/ways_deaths.ts
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { print } from "../../../scripts/shell.ts";
import { assertNoLeftovers, assertOnlyParts, assertSameFile, MIB, namesIn, writeFile } from "../../e2e/files.ts";
import type { Ultra, Workspace } from "../../e2e/harness.ts";
import { needsX, XDisplay } from "../../e2e/x_display.ts";
import { Moments, seeded } from "../moments.ts";
import { type Ending } from "../oracle.ts";
import { inView } from "../scene.ts";

/** Scenes that run beside each other: most of their time is that in which QUIC finds out that the other side is gone. */
const SCENES = 4;

const ROUNDS = 6;

/** A transfer takes about two seconds. */
const SIZE = 24 * MIB;
const RATE = ["--rate-limit", "12M"];
const MOST_MS = 2200;
/** Also behind its end: what is under the final name then is the new file. */
const MOST_OLDER_MS = 3500;

/** A start takes a third of a second or so, and what comes then no longer. */
const MOST_QUICK_MS = 800;

const TEXT = "UTF8_STRING";
const GNOME = "x-special/gnome-copied-files";

/** How processes may end that are killed, and those that are left alone by it. */
const ENDINGS: readonly Ending[] = [0, 5, 143, "SIGKILL", "SIGTERM"];

/** Runs a test with the oracle's eye on each process. */
function inDeaths(body: (workspace: Workspace) => Promise<void>): Promise<void> {
  return inView(async (view) => {
    await body(view.workspace);
    await view.ends(ENDINGS);
  });
}

async function killed(ultra: Ultra): Promise<void> {
  ultra.end("SIGKILL");
  await ultra.gone;
}

async function ended(ultra: Ultra): Promise<void> {
  ultra.end("SIGTERM");
  await ultra.gone;
}

Deno.test(`C1 C2: ls: client and server are killed at random moments: the others go on, and the same command again has the whole list`, () =>
  inDeaths(async (workspace) => {
    const shared = await workspace.make("shared");
    const names = Array.from({ length: 20_000 }, (_, number) => `shared/file ${number}`).sort();
    for (const name of names) await Deno.writeTextFile(workspace.path(name), "");
    let cut = 0;
    await Promise.all(Array.from({ length: SCENES }, (_, scene) =>
      seeded(`scene ${scene}`, async () => {
        const moments = new Moments(scene);
        const identity = workspace.path(`identity ${scene}`);
        const start = () => workspace.start(["serve", "--listen", "127.0.0.1", "--identity", identity, shared]);
        let server = start();
        const env = { ULTRA_TICKET: await server.ticket() };
        const list = () => workspace.start(["ls", "--wait", "1m", "--json", "shared"], { env });
        const listed = ({ events }: Ultra) => events.flatMap(({ type, path }) => type === "entry" ? [path] : []).sort();
        for (let round = 0; round < ROUNDS / 2; round++) {
          const client = list();
          await moments.pass(MOST_QUICK_MS);
          await killed(client);
        }
        const beside = list();
        await beside.exits(0);
        assert.deepEqual(listed(beside), names);
        const left = list();
        await moments.pass(MOST_QUICK_MS);
        await killed(server);
        server = start();
        assert.equal(await server.ticket(), env.ULTRA_TICKET);
        // It had all of the list, or none of its end: then it has failed, and says so.
        const code = await left.exit();
        assert.ok(code === 0 || code === 5, left.transcript());
        if (code === 0) assert.deepEqual(listed(left), names);
        else cut++;
        const again = list();
        await again.exits(0);
        assert.deepEqual(listed(again), names);
        await ended(server);
      })));
    print(`ls: ${cut} of ${SCENES} lists were cut off by the death of the server`);
  }));

Deno.test({
  ...needsX,
  name:
    `C1 C2: --clipboard: ${ROUNDS} kills -9 at random moments, sender and receiver in turn: the other clipboard has the whole file or what it had`,
  fn: () =>
    inDeaths(async (workspace) => {
      await using here = await XDisplay.open();
      await using there = await XDisplay.open();
      const source = await writeFile(workspace.path("a b.bin"), SIZE);
      const into = await workspace.make("into");
      const arrived = join(into, "a b.bin");
      await here.copy(GNOME, `copy\n${pathToFileURL(source).href}`);
      const moments = new Moments();
      const start = async () => {
        const receiver = workspace.recv(["--clipboard", "--json", "--into", into], { env: there.env });
        const env = { ...here.env, ULTRA_TICKET: await receiver.ticket() };
        return { receiver, sender: workspace.start(["send", "--clipboard", ...RATE], { env }) };
      };
      const pasted = `copy\n${pathToFileURL(arrived).href}`;
      let resumed = 0;
      for (let round = 0; round < ROUNDS; round++) {
        await seeded(`after ${round} kills`, async () => {
          await there.copy(TEXT, `before ${round}`);
          const { sender, receiver } = await start();
          await moments.pass(MOST_MS);
          const [victim, survivor] = round % 2 === 0 ? [sender, receiver] : [receiver, sender];
          await killed(victim);
          await ended(survivor);
          const isThere = namesIn(into).includes("a b.bin");
          if (isThere) await assertSameFile(arrived, source);
          const has = await there.paste(TEXT).catch(() => undefined);
          if (has === undefined) {
            assert.ok(isThere && await there.paste(GNOME) === pasted, "half of something was put there");
          } else assert.equal(has, `before ${round}`);
          await assertOnlyParts(into);
          const again = await start();
          await Promise.all([again.sender.exits(0), again.receiver.exits(0)]);
          await assertSameFile(arrived, source);
          assert.equal(await there.paste(GNOME), pasted);
          if (Number((await again.receiver.event("complete"))["resumedBytes"]) > 0) {
            resumed++;
          }
          await assertNoLeftovers(into);
          await Deno.remove(arrived);
        });
      }
      print(`--clipboard: ${resumed} of ${ROUNDS} last transfers found something there`);
      assert.ok(resumed > 0, "no transfer had something to go on with");
    }),
});

Deno.test(`C1 C2: dropped files: ${ROUNDS} kills -9 at random moments, one side and the other in turn: identical each time`, () =>
  inDeaths(async (workspace) => {
    // Without flags there is no limit of the rate: it takes as much to be a second under way.
    const large = await writeFile(workspace.path("large, 100% #.bin"), 192 * MIB);
    const folder = await workspace.make("folder");
    for (let number = 0; number < 500; number++) await writeFile(join(folder, `${number}`), 10_000 + number);
    const into = await workspace.make("into");
    const identity = workspace.path("identity");
    const start = () => workspace.recv(["--stay", "--no-sync", "--identity", identity, "--into", into]);
    let receiver = start();
    const env = { ULTRA_TICKET: await receiver.ticket() };
    const drop = () => workspace.start([large, folder], { env });
    const moments = new Moments();
    for (let deaths = 0; deaths < ROUNDS; deaths += 2) {
      await seeded(`after ${deaths} kills`, async () => {
        const first = drop();
        await moments.pass(MOST_QUICK_MS);
        await killed(first);
        const second = drop();
        await moments.pass(MOST_QUICK_MS);
        await killed(receiver);
        receiver = start();
        assert.equal(await receiver.ticket(), env.ULTRA_TICKET);
        await second.exits(0);
        await assertSameFile(join(into, "large, 100% #.bin"), large);
        for (const name of namesIn(folder)) await assertSameFile(join(into, "folder", name), join(folder, name));
        assert.deepEqual(namesIn(join(into, "folder")), namesIn(folder));
        await assertNoLeftovers(into);
        // What was confirmed is not received again: the next one has other times.
        for (const name of namesIn(into)) await Deno.remove(join(into, name), { recursive: true });
        const now = new Date(Date.UTC(2026, 0, 1 + deaths));
        for (const path of [large, ...namesIn(folder).map((name) => join(folder, name))]) {
          await Deno.utime(path, now, now);
        }
      });
    }
    await ended(receiver);
  }));

/** What may be under a final name after any death. */
async function assertOldOrNew(path: string, old: string, source: string): Promise<"old" | "new"> {
  const { size } = await Deno.stat(path);
  const isOld = size === (await Deno.stat(old)).size;
  await assertSameFile(path, isOld ? old : source);
  return isOld ? "old" : "new";
}

Deno.test(`C1 C2: formats: sender and receiver are killed at random moments in the older format: the final name is old or complete, and the same command again arrives`, () =>
  inDeaths(async (workspace) => {
    const old = await writeFile(workspace.path("old"), 3 * MIB + 1);
    const seen: string[] = [];
    await Promise.all(Array.from({ length: SCENES }, (_, scene) =>
      seeded(`scene ${scene}`, async () => {
        const moments = new Moments(scene);
        const source = await writeFile(workspace.path(`file ${scene}`), SIZE);
        const into = await workspace.make(`into ${scene}`);
        const [final, absent] = [join(into, `file ${scene}`), await workspace.make(`absent ${scene}`)];
        await Deno.copyFile(old, final);
        const lasting = (workspace: Workspace) =>
          workspace.recv([
            ...["--stay", "--format", "blazing", "--overwrite"],
            ...["--identity", workspace.path(`identity ${scene}`), "--into", into],
          ]);
        let receiver = lasting(workspace);
        const env = { ULTRA_TICKET: await receiver.ticket() };
        const send = () => workspace.start(["send", "--format", "blazing", ...RATE, source], { env });
        const first = send();
        await moments.pass(MOST_OLDER_MS);
        await killed(first);
        seen.push(await assertOldOrNew(final, old, source));
        // (Its other side has not noticed yet, and holds up nobody.)
        const second = send();
        await moments.pass(MOST_OLDER_MS);
        await killed(receiver);
        seen.push(await assertOldOrNew(final, old, source));
        const code = await second.exit();
        assert.ok(code === 0 || code === 5, second.transcript());
        receiver = lasting(workspace);
        assert.equal(await receiver.ticket(), env.ULTRA_TICKET);
        await send().exits(0);
        await assertSameFile(final, source);
        await ended(receiver);
        // Where nothing was there is nothing until all of it is.
        const fresh = workspace.recv(["--format", "blazing", "--into", absent]);
        const dialing = { env: { ULTRA_TICKET: await fresh.ticket() } };
        const sending = workspace.start(["send", "--format", "blazing", ...RATE, source], dialing);
        await moments.pass(MOST_OLDER_MS);
        await killed(fresh);
        const names = namesIn(absent).filter((name) => !name.startsWith(".ultra-"));
        if (names.length > 0) await assertSameFile(join(absent, `file ${scene}`), source);
        await ended(sending);
        // What killed receivers leave has names that no later run takes up.
        for (const folder of [into, absent]) {
          await workspace.start(["clean", "--remove", folder]).exits(0);
          await assertNoLeftovers(folder);
        }
      })));
    print(
      `formats: after a kill the file was ${seen.filter((what) => what === "old").length} times old of ${seen.length}`,
    );
    assert.ok(seen.includes("old"), "no kill came before the end of a transfer");
  }));
