import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { senderPlan } from "../../src/settings/connections.ts";
import { chunkBlocks } from "../../src/settings/ultra.ts";
import { DEFAULT_TUNING, type Tuning } from "../../src/settings/tuning.ts";
import { assertTaken } from "../settings/taken.ts";
import { usageRefusal } from "./usage_refusal.ts";

const MIB = 2 ** 20;

function tuningOf(...args: readonly string[]): Tuning {
  const invocation = parseArguments(args, { ticket: undefined });
  assert.ok(invocation.command === "send" || invocation.command === "recv");
  return invocation.tuning;
}

const send = (...flags: string[]) => tuningOf("send", "a", ...flags);
const recv = (...flags: string[]) => tuningOf("recv", ...flags);

Deno.test("--format is auto unless told otherwise, and changes nothing else but with blazing", () => {
  for (const side of [send, recv]) {
    assert.deepEqual(side("--format", "auto"), DEFAULT_TUNING);
    assert.deepEqual(side("--format=ultra", "--streams=3"), { ...DEFAULT_TUNING, format: "ultra", streams: 3 });
  }
});

Deno.test("--format blazing has the numbers of the older format, and CUBIC unless the user wants another", () => {
  const expected = {
    ...DEFAULT_TUNING,
    format: "blazing",
    congestionControl: "cubic",
    streams: 16,
    connections: 1,
    chunkBlocks: 1,
    laneWindowBytes: MIB,
    connectionWindowBytes: 16 * MIB,
  };
  assert.deepEqual(send("--format", "blazing"), expected);
  assert.deepEqual(recv("--format", "blazing", "--cc", "bbr"), {
    ...expected,
    congestionControl: "bbr",
    olderCongestionControl: "bbr",
  });
  assert.deepEqual(send("--format=blazing", "--rate-limit=1M"), { ...expected, bytesPerSecond: 1e6 });
});

Deno.test("the settings of the older format are taken by QUIC as they are: windows, CUBIC, keep-alive on both sides", () => {
  const tuning = send("--format", "blazing");
  for (const distance of ["loopback", "near", "far"] as const) {
    for (const side of ["dialer", "listener"] as const) {
      const settings = connectionSettings({ distance, side, tuning });
      assertTaken(settings);
      const { connectionWindowBytes, streamWindowUnidiBytes, congestionControl, keepAliveIntervalMs } = settings;
      assert.deepEqual(
        [connectionWindowBytes, streamWindowUnidiBytes, congestionControl, keepAliveIntervalMs],
        [16 * MIB, MIB, "cubic", 10_000],
      );
    }
    assert.deepEqual(senderPlan({ distance, cores: 64, tuning }), { lanes: 16, most: 1, atOnce: 1, automatic: 1 });
  }
  assert.equal(chunkBlocks(7000, tuning.chunkBlocks), 1);
});

Deno.test("what the older format has fixed, or has not, is refused with it", () => {
  for (const flag of ["--streams=3", "--connections=2", "--chunk-size=8M", "--profile=far", "--memory=1G"]) {
    const name = flag.split("=")[0] ?? "";
    const pattern = new RegExp(`^${name} and --format blazing do not go together: the numbers .* are fixed$`);
    assert.match(usageRefusal(() => send("--format", "blazing", flag)), pattern);
    assert.ok(send(flag), "alone it is fine");
  }
  for (const flag of ["--stream-window=1M", "--connection-window=16Mi"]) {
    assert.match(usageRefusal(() => recv("--format", "blazing", flag)), /are fixed$/);
  }
  for (const flag of ["--retry-for=5m", "--restart"]) {
    assert.match(usageRefusal(() => recv("--format", "blazing", flag)), /begins anew$/);
  }
  assert.match(usageRefusal(() => send("--format", "older")), /^--format takes auto, ultra or blazing, not "older"$/);
  const test = () => parseArguments(["test", "--format", "blazing"], { ticket: undefined });
  assert.match(usageRefusal(test), /^--format is a flag of `ultra send`, not of `ultra test`/);
});
