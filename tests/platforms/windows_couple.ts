/** What Linux and Windows do with each other beyond what arrives: links, kills of a side that waits, and what is refused. */

import assert from "node:assert/strict";
import { parseTicket } from "../../src/protocol/ticket.ts";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, writeFile } from "../e2e/files.ts";
import { flipped, forged } from "../e2e/forged.ts";
import { bothExit, LIMIT, onWindows, pathFor, plain, Sides, SLOW_MS } from "./windows_scene.ts";

for (const [from, to] of [["linux", "windows"], ["windows", "linux"]] as const) {
  const way = `${from} to ${to}`;

  onWindows(`other names of a file are names of one file there too, ${way}`, async (scene) => {
    const { workspace } = scene;
    const source = await workspace.make("tree");
    await writeFile(`${source}/a`, 3 * MIB);
    await Deno.mkdir(`${source}/sub`);
    for (const name of ["b", "sub/c"]) await Deno.link(`${source}/a`, `${source}/${name}`);
    const into = await workspace.make("into");
    await bothExit(await new Sides(scene, from, to).start(source, into), 0);
    // (With the name of which each is another one.)
    assert.deepEqual(plain(`${into}/tree`), plain(source));
    await assertNoLeftovers(into);
  });

  onWindows(`300 MB of a sender that waits and is killed, and the next run goes on, ${way}`, async (scene) => {
    const { workspace } = scene;
    const source = await writeFile(workspace.path("movie.mkv"), 300 * MIB + 12_345);
    const into = await workspace.make("into");
    const sides = new Sides(scene, from, to);
    const flags = { send: ["--json", "--retry-for", "0"], recv: ["--json", "--retry-for", "0"] };
    const [sender, receiver] = await sides.startWaiting(source, into, { ...flags, send: [...flags.send, ...LIMIT] });
    await receiver.midway();
    sender.kill("SIGKILL");
    await receiver.exits(5, SLOW_MS);
    assert.ok(!namesIn(into).includes("movie.mkv"), "it has its name before it is complete");
    const next = await sides.startWaiting(source, into, flags);
    await bothExit(next, 0);
    const facts = await next[1].event("complete");
    assert.ok(Number(facts["resumedBytes"]) > 0, JSON.stringify(facts));
    await assertSameFile(`${into}/movie.mkv`, source);
    await assertNoLeftovers(into);
  });

  onWindows(`what is there and differs is 4 on both sides, and stays, ${way}`, async (scene) => {
    const { workspace } = scene;
    const source = await writeFile(workspace.path("source.bin"), 2 * MIB + 5);
    const into = await workspace.make("into");
    const before = await writeFile(workspace.path("before"), 2 * MIB + 5);
    await Deno.copyFile(before, `${into}/source.bin`);
    await bothExit(await new Sides(scene, from, to).start(source, into), 4);
    await assertSameFile(`${into}/source.bin`, before);
    assert.deepEqual(namesIn(into), ["source.bin"]);
  });

  onWindows(`a hidden name alone is left out with 4 on both sides, ${way}`, async (scene) => {
    const { workspace } = scene;
    const source = await writeFile(workspace.path(".profile"), 10);
    const into = await workspace.make("into");
    await bothExit(await new Sides(scene, from, to).start(source, into), 4);
    assert.deepEqual(namesIn(into), []);
  });

  onWindows(
    `a wrong secret and a wrong certificate are 6, and the right ticket still serves, ${way}`,
    async (scene) => {
      const { workspace } = scene;
      const source = await writeFile(workspace.path("source.bin"), 12_345);
      const into = await workspace.make("into");
      const sides = new Sides(scene, from, to);
      const receiver = sides.receives(["--into", pathFor(to, into)]);
      const ticket = await receiver.ticket();
      const { token, pin } = parseTicket(ticket);
      for (const wrong of [{ token: flipped(token) }, { pin: flipped(pin) }]) {
        await sides.sends([pathFor(from, source), forged(ticket, wrong)]).exits(6, SLOW_MS);
      }
      assert.deepEqual(namesIn(into), [], "a stranger left something");
      await bothExit([sides.sends([pathFor(from, source), ticket]), receiver], 0);
      await assertSameFile(`${into}/source.bin`, source);
    },
  );
}

onWindows(
  "a symbolic link that cannot be made under wine is told with 3 on both sides, and the rest arrives",
  async (scene) => {
    const { workspace } = scene;
    const source = await workspace.make("tree");
    // (Of a single file the code would be that of its failure: 4.)
    for (const name of ["file", "other"]) await writeFile(`${source}/${name}`, 1000);
    await Deno.symlink("file", `${source}/link`);
    const into = await workspace.make("into");
    const sides = await new Sides(scene, "linux", "windows").start(source, into);
    await bothExit(sides, 3);
    for (const side of sides) assert.match(side.stderr.text, /tree\/link/);
    await assertSameFile(`${into}/tree/file`, `${source}/file`);
    assert.deepEqual(namesIn(`${into}/tree`), ["file", "other"]);
  },
);
