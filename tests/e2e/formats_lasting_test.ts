/** The older format with sides that go on: serve, with uploads, recv --stay and watch; and each of them where it refuses it. */

import assert from "node:assert/strict";
import { until } from "./dropping.ts";
import { assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

const QUICK_MS = 5000;
const OLDER = /Format +older \(blazing\): not verified per block, no resume/;

Deno.test("formats: serve is fetched from and brings files in the older format, whichever side has no other, and says so", () =>
  inWorkspace(async (workspace) => {
    const photos = await workspace.make("photos");
    const source = await writeFile(`${photos}/a.bin`, 2 * MIB + 7);
    for (const [own, other] of [["auto", "blazing"], ["blazing", "auto"]] as const) {
      const [into, uploads] = [await workspace.make(own, "into"), await workspace.make(own, "uploads")];
      const flags = ["--listen", "127.0.0.1", "--format", own, "--accept", uploads];
      const server = workspace.start(["serve", ...flags, photos]);
      const env = { ULTRA_TICKET: await server.ticket() };
      const upload = await writeFile(workspace.path(own, "up.bin"), MIB + 1);
      const clients = [
        workspace.start(["get", "--format", other, "--into", into, "photos/a.bin"], { env }),
        workspace.start(["send", "--format", other, upload], { env }),
      ];
      for (const client of clients) {
        await client.exits(0);
        assert.match(client.stderr.text, OLDER);
      }
      await workspace.start(["ls", "photos"], { env }).exits(0);
      await assertSameFile(`${into}/a.bin`, source);
      await assertSameFile(`${uploads}/up.bin`, upload);
      server.end("SIGTERM");
      await server.exits(143);
      assert.equal(server.stderr.lines.filter((line) => OLDER.test(line)).length, 2, "for each client that is done");
    }
  }));

Deno.test("formats: serve, get and watch with --format ultra refuse the older format: 8 at the side that dials", () =>
  inWorkspace(async (workspace) => {
    const photos = await workspace.make("photos");
    const source = await writeFile(`${photos}/a.bin`, 1000);
    const outbox = await workspace.make("outbox");
    await writeFile(`${outbox}/b`, 10);
    for (const [own, other] of [["ultra", "blazing"], ["blazing", "ultra"]] as const) {
      const server = workspace.start(["serve", "--listen", "127.0.0.1", "--format", own, "--accept", photos, photos]);
      const env = { ULTRA_TICKET: await server.ticket() };
      for (const args of [["get", "photos"], ["send", source], ["watch", outbox]]) {
        const client = workspace.start([...args, "--format", other], { env });
        await client.exits(8, args[0] === "watch" ? 2 * QUICK_MS : QUICK_MS);
        assert.match(client.stderr.text, /does not speak .*--format auto speaks either format/);
      }
      server.end("SIGTERM");
      await server.exits(143);
    }
    assert.deepEqual(namesIn(photos), ["a.bin"]);
  }));

Deno.test("formats: what watch drops arrives at recv --stay in the older format, is remembered, and the next one comes in ultra", () =>
  inWorkspace(async (workspace) => {
    const [into, outbox] = [await workspace.make("into"), await workspace.make("outbox")];
    const receiver = workspace.recv(["--stay", "--into", into]);
    const env = { ULTRA_TICKET: await receiver.ticket() };
    const source = await writeFile(workspace.path("source.bin"), 3 * MIB);
    await Deno.copyFile(source, `${outbox}/a.bin`);
    const watching = workspace.start(["watch", outbox, "--format", "blazing"], { env });
    await until(outbox, () => namesIn(outbox).includes("sent") && namesIn(`${outbox}/sent`).includes("a.bin"));
    watching.end("SIGTERM");
    await watching.exits(143);
    assert.match(watching.stderr.text, OLDER);
    await assertSameFile(`${into}/a.bin`, source);
    const send = async (...flags: readonly string[]) => {
      const sender = workspace.start(["send", "--json", ...flags, source], { env });
      await sender.exits(0);
      return await sender.event("complete");
    };
    assert.equal((await send("--format", "blazing"))["files"], 1);
    await Deno.remove(`${into}/source.bin`);
    assert.equal((await send("--format", "blazing"))["presentFiles"], 1);
    assert.deepEqual(namesIn(into), ["a.bin"]);
    await Deno.writeTextFile(source, "changed");
    assert.deepEqual([(await send())["format"], namesIn(into)], ["ultra", ["a.bin", "source.bin"]]);
    receiver.end("SIGTERM");
    await receiver.exits(143);
    assert.equal(receiver.stderr.lines.filter((line) => OLDER.test(line)).length, 2);
  }));
