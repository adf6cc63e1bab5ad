/** The settings that msquic reports of running connections, against those that this program decided on. */

import assert from "node:assert/strict";
import type { ConnectionSettings } from "../../src/engine/engine.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { ULTRA } from "../../src/settings/ultra.ts";
import { assertSameFile, MIB, writeFile } from "./files.ts";
import { inWorkspace, type Ultra } from "./harness.ts";

/** What a side tells of its first connection, without what is no setting. */
async function reported(side: Ultra): Promise<Record<string, unknown>> {
  const { type: _type, connection, ...settings } = await side.event("settings");
  assert.equal(connection, 1);
  return settings;
}

Deno.test("--profile max: msquic reports the ULTRA constants on both sides", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 8 * MIB);
    const into = await workspace.make("into");
    const max = ["--profile", "max"];
    const { sender, receiver } = await workspace.pair([source, ...max], ["--into", into, ...max], "--json");
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/source.bin`, source);
    const tuning = { ...DEFAULT_TUNING, profile: { name: "max" } } as const;
    const wanted = (side: "dialer" | "listener"): ConnectionSettings =>
      connectionSettings({ distance: "loopback", side, tuning });
    const [dialer, listener] = await Promise.all([reported(sender), reported(receiver)]);
    assert.deepEqual(dialer, wanted("dialer"));
    // Once it has accepted the offer it lets the lanes in.
    assert.deepEqual(listener, { ...wanted("listener"), peerUnidiStreams: ULTRA.lanes });
    for (const settings of [dialer, listener]) {
      assert.equal(settings["connectionWindowBytes"], ULTRA.connectionWindowBytes);
      assert.equal(settings["streamWindowUnidiBytes"], ULTRA.laneWindowBytes);
      assert.equal(settings["congestionControl"], "bbr");
    }
    assert.equal(dialer["keepAliveIntervalMs"], ULTRA.keepAliveMs);
  }));

Deno.test("-v shows what msquic reports of each connection, and flags are seen in it", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 64 * MIB);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair(
      [source, "--cc", "cubic", "--connections", "2", "--rate-limit", "100M"],
      ["--into", into, "--connection-window", "8Mi", "--stream-window", "1Mi"],
      "-v",
    );
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    const lines = ({ stderr }: Ultra) => stderr.text.split("\n").filter((line) => line.startsWith("⚡ Connection"));
    assert.equal(
      lines(receiver)[0],
      "⚡ Connection 1: BBR, windows 8.4 MB/1.0 MB, 4 streams in, keep-alive off",
    );
    assert.match(lines(sender)[0] ?? "", /^⚡ Connection 1: CUBIC, windows .*, 0 streams in, keep-alive 10s$/);
    for (const side of [sender, receiver]) {
      assert.deepEqual(lines(side).map((line) => line.slice(0, 15)), [
        "⚡ Connection 1:",
        "⚡ Connection 2:",
      ]);
    }
  }));
