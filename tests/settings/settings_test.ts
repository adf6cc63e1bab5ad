import assert from "node:assert/strict";
import fc from "fast-check";
import { type Distance, distanceOf } from "../../src/settings/distance.ts";
import { encodeConnectionSettings } from "../../src/engine/door.generated.ts";
import { budgetOf, grantedLanes } from "../../src/settings/budget.ts";
import { engineSizes, networkThreads } from "../../src/settings/engine_sizes.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { ULTRA } from "../../src/settings/ultra.ts";
import { assertTaken } from "./taken.ts";

const CLASSES: readonly Distance[] = ["loopback", "near", "far"];

Deno.test("this machine is loopback, private and link-local addresses are near, all others far", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(distanceOf(address), "loopback", address);
  }
  const near = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1"];
  const near6 = [
    "fd00::1",
    "fc00::",
    "fe80::1",
    "fe80::1%eth0",
    "FD12::1",
    "::ffff:10.0.0.1",
  ];
  for (const address of [...near, ...near6]) assert.equal(distanceOf(address), "near", address);
  const far = [
    "8.8.8.8",
    "172.32.0.1",
    "100.64.0.1",
    "2001:db8::1",
    "::",
    "0.0.0.0",
    "::ffff:8.8.8.8",
    "",
    "example.org",
  ];
  for (const address of far) assert.equal(distanceOf(address), "far", address);
});

Deno.test("a dialer's settings near are these", () => {
  const settings = connectionSettings({ distance: "near", side: "dialer" });
  assert.deepEqual(settings, {
    handshakeIdleTimeoutMs: 5_000,
    idleTimeoutMs: 20_000,
    disconnectTimeoutMs: 16_000,
    keepAliveIntervalMs: 10_000,
    connectionWindowBytes: 16 * 2 ** 20,
    streamWindowUnidiBytes: 2 * 2 ** 20,
    streamWindowBidiLocalBytes: 65_536,
    streamWindowBidiRemoteBytes: 65_536,
    streamReceiveBufferBytes: 65_536,
    initialWindowPackets: 32,
    initialRttMs: 50,
    congestionControl: "bbr",
    peerBidiStreams: 0,
    peerUnidiStreams: 0,
    maximumMtu: 16_392,
    sendBuffering: false,
    pacing: true,
    migration: true,
  });
});

Deno.test("a listener takes one control stream, sends no keep-alive, and far it has the wide windows", () => {
  const settings = connectionSettings({ distance: "far", side: "listener" });
  assert.equal(settings.peerBidiStreams, 1);
  assert.equal(settings.peerUnidiStreams, 0);
  assert.equal(settings.keepAliveIntervalMs, 0);
  assert.equal(settings.connectionWindowBytes, 64 * 2 ** 20);
  assert.equal(settings.streamWindowUnidiBytes, 2 * 2 ** 20);
  assert.equal(settings.handshakeIdleTimeoutMs, 10_000);
  assert.equal(settings.initialRttMs, 150);
});

Deno.test("CUBIC is used only when it is asked for", () => {
  assert.equal(connectionSettings({ distance: "far", side: "dialer" }).congestionControl, "bbr");
  const unasked = connectionSettings({ distance: "far", side: "dialer", tuning: DEFAULT_TUNING });
  assert.equal(unasked.congestionControl, "bbr");
  const tuning = { ...DEFAULT_TUNING, congestionControl: "cubic" } as const;
  assert.equal(connectionSettings({ distance: "far", side: "dialer", tuning }).congestionControl, "cubic");
});

Deno.test("a dead peer is noticed within 35 s, and two keep-alives fit before", () => {
  for (const distance of CLASSES) {
    const settings = connectionSettings({ distance, side: "dialer" });
    assert.ok(settings.idleTimeoutMs < 35_000 && settings.disconnectTimeoutMs < 35_000);
    assert.ok(settings.idleTimeoutMs >= 2 * settings.keepAliveIntervalMs);
  }
});

Deno.test("no settings have more than the ULTRA constants", () => {
  const most = connectionSettings({
    distance: "far",
    side: "listener",
    tuning: { ...DEFAULT_TUNING, profile: { name: "max" } },
  });
  for (const distance of CLASSES) {
    for (const side of ["dialer", "listener"] as const) {
      const settings = connectionSettings({ distance, side });
      assertTaken(settings);
      assert.ok(settings.connectionWindowBytes <= most.connectionWindowBytes);
      assert.ok(settings.streamWindowUnidiBytes <= most.streamWindowUnidiBytes);
      assert.ok(settings.peerBidiStreams + grantedLanes(DEFAULT_TUNING) <= ULTRA.peerStreams);
    }
  }
  assert.equal(most.connectionWindowBytes, ULTRA.connectionWindowBytes);
  assert.equal(most.streamWindowUnidiBytes, ULTRA.laneWindowBytes);
  assert.equal(grantedLanes({ ...DEFAULT_TUNING, streams: 5000 }), ULTRA.peerStreams);
});

Deno.test("settings that are no whole numbers are refused before they reach the engine", () => {
  const settings = connectionSettings({ distance: "near", side: "dialer" });
  for (const wrong of [0.5, NaN, -1, 2 ** 32]) {
    assert.throws(() => encodeConnectionSettings({ ...settings, idleTimeoutMs: wrong }), RangeError, `${wrong}`);
  }
});

Deno.test("whatever the machine, threads and memory stay within their bounds", () => {
  const machine = [
    fc.integer({ min: -1, max: 4096 }),
    fc.constantFrom(...CLASSES),
    fc.integer({ min: 1, max: 16 }),
  ] as const;
  fc.assert(fc.property(...machine, (cores, distance, connections) => {
    const sizes = engineSizes(cores, distance, { ...DEFAULT_TUNING, connections });
    assert.ok(sizes.readers >= 1 && sizes.readers <= 4);
    assert.ok(sizes.writers >= 1 && sizes.writers <= 8);
    assert.ok(sizes.networkThreads >= 1 && sizes.networkThreads <= 512);
    assert.ok(sizes.buffers * 2 ** 20 >= sizes.outstandingBytes && sizes.buffers <= 128);
  }));
  const three = engineSizes(8, "near", { ...DEFAULT_TUNING, connections: 3 });
  assert.equal(three.buffers, 3 * 15 + 15, "each has what it may have outstanding");
  assert.equal(engineSizes(NaN, "near").readers, 1);
  assert.equal(engineSizes(2, "near").executionProfile, "low-latency");
  assert.equal(engineSizes(8, "near").executionProfile, "max-throughput");
  assert.deepEqual([1, 2, 3, 64].map(networkThreads), [1, 1, 3, 64]);
  assert.deepEqual(CLASSES.map((path) => budgetOf(DEFAULT_TUNING, path).lanes), [4, 4, 8]);
});
