/** A result as a benchmark would leave it. @module */

import type { Measured, TransferResult } from "../../bench/results.ts";

const BYTES = 2e9;

export function measured(round: number, seconds: number, changes: Partial<Measured> = {}): Measured {
  const usage = { cpuSeconds: 2 * seconds, peakBytes: 50e6 };
  return { round, seconds, bytes: BYTES, usage: { sender: usage, receiver: usage }, ...changes };
}

export function transfers(changes: Partial<TransferResult> = {}): TransferResult {
  const peer = { kind: "files" as const, encrypted: true, bytes: BYTES, failures: [] };
  const bound = { ...peer, kind: "bound" as const, command: "memory_rate.ts", version: "1" };
  const without = (run: Measured): Measured => ({ round: run.round, seconds: run.seconds, bytes: run.bytes });
  return {
    format: 2,
    kind: "transfers",
    date: "2026-01-01T00:00:00.000Z",
    scenario: "one-file",
    title: "One file",
    path: "loopback",
    rounds: 3,
    storage: "tmpfs",
    machine: {
      processor: "Abacus",
      cores: 2,
      memoryBytes: 8e9,
      system: "Debian",
      kernel: "6.1",
      socketBuffers: { receive: 212_992, send: 212_992 },
      deno: "2.9.5",
      commit: "0123456789abcdef",
    },
    files: 1,
    peers: [
      {
        ...peer,
        name: "ultra",
        command: "ultra send",
        version: "ultra 0.1.0",
        runs: [measured(1, 2), measured(2, 1), measured(3, 4)],
      },
      {
        ...peer,
        name: "scp",
        command: "tar | scp",
        version: "OpenSSH",
        runs: [measured(1, 4), measured(2, 3), measured(3, 6)],
      },
      { ...bound, name: "memory-bbr", runs: [1, 2, 3].map((round) => without(measured(round, 1))) },
      { ...bound, name: "memory-cubic", runs: [1, 2, 3].map((round) => without(measured(round, 0.8))) },
    ],
    skipped: [{ name: "qcp", why: "this is missing: qcp" }],
    ceilings: [],
    ...changes,
  };
}
