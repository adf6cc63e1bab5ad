import assert from "node:assert/strict";
import fc from "fast-check";
import { type Distance, distanceOf } from "../../src/settings/distance.ts";
import { budgetOf } from "../../src/settings/budget.ts";
import { engineSizes, networkThreads } from "../../src/settings/engine_sizes.ts";
import { encodeSettings, QUIC_SETTINGS_LEN } from "../../src/settings/quic_settings.ts";
import { connectionSettings, settingsOf } from "../../src/settings/connection_settings.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";

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

Deno.test("a dialer's settings near are these bytes", () => {
  const bytes = connectionSettings({ distance: "near", side: "dialer" });
  const view = new DataView(bytes.buffer);
  assert.equal(bytes.length, QUIC_SETTINGS_LEN);
  // Bits 1, 2, 7, 8, 11, 13, 15 to 19, 23 to 26, 35 to 37: the offsets below are those of msquic.h.
  assert.equal(view.getBigUint64(0, true), 0x38_078f_a986n);
  assert.equal(view.getBigUint64(16, true), 5_000n);
  assert.equal(view.getBigUint64(24, true), 20_000n);
  assert.equal(view.getUint32(52, true), 65_536);
  assert.equal(view.getUint32(56, true), 16 * 2 ** 20);
  assert.equal(view.getUint32(68, true), 32);
  assert.equal(view.getUint32(76, true), 50);
  assert.equal(view.getUint32(84, true), 16_000);
  assert.equal(view.getUint32(88, true), 10_000);
  assert.equal(view.getUint16(92, true), 1);
  assert.equal(view.getUint16(94, true), 0);
  assert.equal(view.getUint16(96, true), 0);
  assert.equal(view.getUint16(104, true), 16_392);
  assert.equal(view.getUint8(106), 0x02 | 0x04);
  assert.equal(view.getUint32(128, true), 65_536);
  assert.equal(view.getUint32(132, true), 65_536);
  assert.equal(view.getUint32(136, true), 2 * 2 ** 20);
});

Deno.test("a listener takes one control stream, sends no keep-alive, and far it has the wide windows", () => {
  const view = new DataView(connectionSettings({ distance: "far", side: "listener" }).buffer);
  assert.equal(view.getUint16(94, true), 1);
  assert.equal(view.getUint16(96, true), 0);
  assert.equal(view.getUint32(88, true), 0);
  assert.equal(view.getUint32(56, true), 64 * 2 ** 20);
  assert.equal(view.getUint32(136, true), 2 * 2 ** 20);
  assert.equal(view.getBigUint64(16, true), 10_000n);
  assert.equal(view.getUint32(76, true), 150);
});

Deno.test("CUBIC is used only when it is asked for", () => {
  const algorithm = (bytes: Uint8Array) => new DataView(bytes.buffer).getUint16(92, true);
  assert.equal(algorithm(connectionSettings({ distance: "far", side: "dialer" })), 1);
  assert.equal(algorithm(connectionSettings({ distance: "far", side: "dialer", tuning: DEFAULT_TUNING })), 1);
  const tuning = { ...DEFAULT_TUNING, congestionControl: "cubic" } as const;
  assert.equal(algorithm(connectionSettings({ distance: "far", side: "dialer", tuning })), 0);
});

Deno.test("a dead peer is noticed within 35 s, and two keep-alives fit before", () => {
  for (const distance of CLASSES) {
    const settings = settingsOf({ distance, side: "dialer" });
    assert.ok((settings.idleTimeoutMs ?? 0) < 35_000 && (settings.disconnectTimeoutMs ?? 0) < 35_000);
    assert.ok((settings.idleTimeoutMs ?? 0) >= 2 * (settings.keepAliveIntervalMs ?? 0));
  }
});

Deno.test("settings that msquic would refuse or silently bend are refused here", () => {
  const wrong = [
    { streamWindowUnidiBytes: 3 * 2 ** 20 },
    { streamWindowBidiLocalBytes: 0 },
    { streamReceiveBufferBytes: 2048 },
    { streamReceiveBufferBytes: 131_072, streamWindowUnidiBytes: 65_536 },
    { connectionWindowBytes: 2 ** 31 },
    { congestionControl: 7 },
    { initialRttMs: 0 },
    { disconnectTimeoutMs: 600_001 },
    { peerUnidiStreams: 65_536 },
    { idleTimeoutMs: 0.5 },
    { keepAliveIntervalMs: NaN },
  ];
  for (const settings of wrong) assert.throws(() => encodeSettings(settings), RangeError, JSON.stringify(settings));
});

Deno.test("a setting that is left out keeps msquic's default", () => {
  assert.ok(encodeSettings({}).every((byte) => byte === 0));
  const off = encodeSettings({ sendBuffering: false });
  assert.equal(new DataView(off.buffer).getBigUint64(0, true), 1n << 24n);
  assert.equal(off[106], 0);
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
  assert.equal(engineSizes(2, "near").executionProfile, 0);
  assert.equal(engineSizes(8, "near").executionProfile, 1);
  assert.deepEqual([1, 2, 3, 64].map(networkThreads), [1, 1, 3, 64]);
  assert.deepEqual(CLASSES.map((path) => budgetOf(DEFAULT_TUNING, path).lanes), [4, 4, 8]);
});
