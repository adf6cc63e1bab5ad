import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { DEFAULT_TUNING, type Tuning } from "../../src/settings/tuning.ts";
import { usageRefusal } from "./usage_refusal.ts";

const MIB = 2 ** 20;

const send = (...flags: string[]) => tuningOf(["send", "a", ...flags]);
const recv = (...flags: string[]) => tuningOf(["recv", ...flags]);

function tuningOf(args: readonly string[]): Tuning {
  const invocation = parseArguments(args, { ticket: undefined });
  assert.ok(invocation.command === "send" || invocation.command === "recv");
  return invocation.tuning;
}

Deno.test("without tuning flags everything is left to ultra", () => {
  assert.deepEqual(send(), DEFAULT_TUNING);
  assert.deepEqual(recv(), DEFAULT_TUNING);
});

Deno.test("every tuning flag of the sender arrives", () => {
  const tuning = send(
    ...["--profile", "far", "--memory", "1G", "--streams", "3", "--connections", "2", "--cc", "cubic"],
    ...["--chunk-size", "8Mi", "--read-buffer", "32Mi", "--rate-limit", "80Mbit"],
  );
  assert.deepEqual(tuning, {
    ...DEFAULT_TUNING,
    profile: { name: "far", memoryBytes: 1e9 },
    congestionControl: "cubic",
    streams: 3,
    connections: 2,
    chunkBlocks: 8,
    readAheadBuffers: 31,
    bytesPerSecond: 10e6,
  });
});

Deno.test("every tuning flag of the receiver arrives", () => {
  const tuning = recv(
    ...["--profile", "near", "--memory", "256M", "--streams=5", "--connections=4", "--cc=bbr"],
    ...["--stream-window", "16M", "--connection-window", "100M", "--write-concurrency", "64"],
  );
  assert.deepEqual(tuning, {
    ...DEFAULT_TUNING,
    profile: { name: "near", memoryBytes: 256e6 },
    olderCongestionControl: "bbr",
    streams: 5,
    connections: 4,
    laneWindowBytes: 16 * MIB,
    connectionWindowBytes: 100e6,
    writers: 64,
  });
});

Deno.test("a flag of the other side is refused, with the reason where it is not plain", () => {
  for (const flag of ["--stream-window=1M", "--connection-window=1M", "--write-concurrency=2"]) {
    assert.match(usageRefusal(() => send(flag)), /^--[a-z-]+ is a flag of `ultra recv`, not of `ultra send`: [a-z]/);
  }
  for (const flag of ["--chunk-size=1M", "--read-buffer=1M"]) {
    assert.match(usageRefusal(() => recv(flag)), /^--[a-z-]+ is a flag of `ultra send`, not of `ultra recv`: [a-z]/);
  }
  assert.equal(
    usageRefusal(() => recv("--rate-limit=1M")),
    "--rate-limit is a flag of `ultra send`, not of `ultra recv`: only the sending side can hold a rate; give it there",
  );
});

Deno.test("sizes become what QUIC and blocks can have: the nearest whole block, the nearest power of two", () => {
  const chunks = (size: string) => send("--chunk-size", size).chunkBlocks;
  assert.deepEqual(["1M", "1Mi", "64M", "64Mi", "256Mi"].map(chunks), [1, 1, 61, 64, 256]);
  const windows = (size: string) => recv("--stream-window", size).laneWindowBytes;
  assert.deepEqual(["64K", "1M", "5Mi", "6Mi", "100M"].map(windows), [65_536, MIB, 4 * MIB, 8 * MIB, 128 * MIB]);
  const buffers = (size: string) => send("--read-buffer", size).readAheadBuffers;
  assert.deepEqual(["1M", "2Mi", "16M", "64Mi"].map(buffers), [1, 1, 15, 63]);
});

Deno.test("values outside of their range are refused", () => {
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => send("--profile", "fast"), /^--profile takes near, far, max or auto, not "fast"$/],
    [() => send("--memory", "31M"), /^--memory takes 32M to 4G, not "31M"$/],
    [() => recv("--memory", "5G"), /^--memory takes 32M to 4G/],
    [() => recv("--memory", "all"), /^--memory takes a size/],
    [() => send("--chunk-size", "257Mi"), /^--chunk-size takes 1M to 256Mi/],
    [() => send("--chunk-size", "1K"), /^--chunk-size takes 1M to 256Mi/],
    [() => send("--read-buffer", "65Mi"), /^--read-buffer takes 1M to 64Mi/],
    [() => send("--rate-limit", "9K"), /^--rate-limit takes 10K to 100G/],
    [() => send("--rate-limit", "10 M"), /^--rate-limit takes bytes a second/],
    [() => recv("--stream-window", "512Mi"), /^--stream-window takes 64K to 256Mi/],
    [() => recv("--connection-window", "3G"), /^--connection-window takes 1M to 2G/],
    [() => recv("--write-concurrency", "65"), /^--write-concurrency takes a number from 1 to 64, not "65"$/],
    [() => recv("--write-concurrency", "0"), /^--write-concurrency takes a number/],
  ];
  for (const [act, line] of cases) assert.match(usageRefusal(act), line);
});

Deno.test("a window or a buffer beyond the memory is refused with the flag to add", () => {
  assert.equal(recv("--connection-window", "64Mi").connectionWindowBytes, 64 * MIB);
  assert.equal(
    usageRefusal(() => recv("--connection-window", "100M")),
    "--connection-window may be half of the memory at most: add --memory 200M, or --profile max",
  );
  assert.equal(recv("--connection-window", "100M", "--memory", "200M").connectionWindowBytes, 100e6);
  assert.equal(recv("--connection-window", "2G", "--profile", "max").connectionWindowBytes, 2e9);
  assert.equal(recv("--stream-window=16Mi", "--streams=8").laneWindowBytes, 16 * MIB);
  assert.equal(
    usageRefusal(() => recv("--stream-window=16Mi", "--streams=9")),
    "9 streams with that --stream-window may take more than the memory: add --memory 151M, or --profile max",
  );
  assert.equal(
    usageRefusal(() => recv("--stream-window=256Mi")),
    "--stream-window may take more than the memory: add --memory 269M, or --profile max",
  );
  assert.match(
    usageRefusal(() => recv("--stream-window=256Mi", "--streams=256")),
    /^256 streams .* the memory: add --profile max$/,
  );
  assert.match(usageRefusal(() => send("--memory=32M", "--read-buffer=20M")), /--read-buffer .* --memory 40M/);
});

Deno.test("max is without bound, so --memory beside it is refused", () => {
  assert.deepEqual(recv("--profile", "max").profile, { name: "max" });
  assert.match(usageRefusal(() => recv("--profile", "max", "--memory", "1G")), /do not go together/);
});
