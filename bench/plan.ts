/** What a full set measures, and with which sizes. @module */

import { gateCells } from "./gates/list.ts";
import type { Peer, UnderLoss } from "./peers/peer.ts";
import { PATH_NAMES, type PathName } from "./paths/table.ts";
import { OLDER_FORMAT } from "./scenarios/names.ts";
import { MIB, type Scenario } from "./scenarios/scenario.ts";

/** One scenario on one path. */
export interface Cell {
  readonly scenario: Scenario;
  readonly path: PathName;
  readonly peers: readonly Peer[];
  readonly rounds: number;
  /** Of the load, for each kind of peer. */
  readonly bytes: Readonly<Record<UnderLoss, number>>;
}

/** What was asked for on the command line. */
export interface Wanted {
  readonly scenario?: string;
  readonly path?: PathName;
  readonly peers?: readonly string[];
  readonly rounds?: number;
  readonly bytes?: number;
  /** Only what the gates take, with the peers that they take. */
  readonly gates?: boolean;
}

interface Planned {
  readonly scenario: string;
  readonly path: PathName;
  readonly peers: readonly string[];
  readonly rounds?: number;
}

const ONE_FILE = "one-file";

/** Medians of fewer runs say little. */
const ROUNDS = 5;

const ULTRA = ["ultra", "ultra-cubic"];
const BOUNDS = ["iperf3-bbr", "iperf3-cubic"];
/** The older format with its own congestion control and with ULTRA's. */
const BOTH_FORMATS = ["ultra", "blazing", "blazing-bbr"];
const LONG = [...ULTRA, "scp", "qcp", ...BOUNDS];

/** All of it takes about three hours; what would take longest and say least is left out. */
const OWN_SET: readonly Planned[] = [
  {
    scenario: "one-file",
    path: "loopback",
    peers: [
      ...ULTRA,
      ...["scp", "rsync-ssh", "tar-ssh", "qcp", "sendme", "croc", "magic-wormhole"],
      ...["rsync-daemon", "curl-nginx", "rclone", "memory-bbr", "memory-cubic", "cp", ...BOUNDS],
    ],
  },
  {
    scenario: "600-mb",
    path: "loopback",
    peers: [...BOTH_FORMATS, "scp", "rsync-ssh", "qcp", "rsync-daemon"],
  },
  { scenario: "600-mb", path: "lan1g", peers: BOTH_FORMATS },
  ...(["loopback", "lan1g"] as const).map((path) => ({ scenario: "7-gb", path, peers: BOTH_FORMATS, rounds: 1 })),
  ...PATH_NAMES.map((path) => ({ scenario: OLDER_FORMAT, path, peers: BOTH_FORMATS })),
  {
    scenario: "16-files",
    path: "loopback",
    peers: ["ultra", "scp", "tar-ssh", "qcp", "rsync-daemon", "curl-nginx", "rclone", "cp"],
  },
  {
    scenario: "10k-files",
    path: "loopback",
    peers: ["ultra", "scp", "rsync-ssh", "tar-ssh", "sendme", "magic-wormhole", "rsync-daemon", "curl-nginx", "cp"],
  },
  { scenario: "100k-files", path: "loopback", peers: ["ultra", "rsync-ssh", "tar-ssh", "rsync-daemon", "cp"] },
  { scenario: "one-file", path: "lan1g", peers: ["sendme", ...LONG] },
  { scenario: "one-file", path: "metro", peers: LONG },
  { scenario: "one-file", path: "wan", peers: ["sendme", ...LONG] },
  { scenario: "one-file", path: "shallow", peers: LONG },
  { scenario: "one-file", path: "far", peers: LONG },
  { scenario: "one-file", path: "wifi", peers: LONG },
  { scenario: "one-file", path: "tight", peers: LONG },
  { scenario: "one-file", path: "town", peers: LONG },
  { scenario: "sharing", path: "metro", peers: [] },
  // Once each: a peak that another run would exceed by much is one with room to its limit.
  ...PATH_NAMES.map((path) => ({ scenario: "memory", path, peers: ["ultra"], rounds: 1 })),
];

/** What only the gates ask for is in it too. */
const FULL_SET: readonly Planned[] = [
  ...OWN_SET,
  ...gateCells().filter(({ scenario, path }) =>
    !OWN_SET.some((planned) => planned.scenario === scenario && planned.path === path)
  ),
];

/**
 * MiB of the one file on each path, in either format. Where loss (or a short queue) leaves a peer a tenth or a hundredth of the path, it gets a file that takes it
 * some ten seconds: its start-up, before the first loss, then weighs more, which is in its favour.
 */
const SIZES: Readonly<Record<Exclude<PathName, "loopback">, Readonly<Record<UnderLoss, number>>>> = {
  lan1g: { copes: 1024, suffers: 1024, stalls: 1024 },
  metro: { copes: 512, suffers: 512, stalls: 512 },
  wan: { copes: 512, suffers: 128, stalls: 16 },
  shallow: { copes: 512, suffers: 128, stalls: 64 },
  far: { copes: 256, suffers: 32, stalls: 2 },
  wifi: { copes: 256, suffers: 64, stalls: 16 },
  tight: { copes: 256, suffers: 128, stalls: 64 },
  town: { copes: 256, suffers: 64, stalls: 16 },
};

/** The cells that match what was asked for. One outside the full set gets the peers of the first cell on such a path. */
export function cellsFor(wanted: Wanted, scenarios: readonly Scenario[], peers: readonly Peer[]): Cell[] {
  const matches = (wanted.gates ? gateCells() : FULL_SET).filter(({ scenario, path }) =>
    (wanted.scenario ?? scenario) === scenario && (wanted.path ?? path) === path
  );
  return (matches.length > 0 ? matches : besides(wanted)).map((planned: Planned) => {
    const scenario = found(scenarios, planned.scenario);
    return {
      scenario,
      path: planned.path,
      peers: scenario.kind === "sharing" ? [] : named(peers, wanted.peers ?? planned.peers),
      rounds: wanted.rounds ?? planned.rounds ?? ROUNDS,
      bytes: sizes(scenario, planned.path, wanted.bytes),
    };
  });
}

function besides({ scenario, path, gates }: Wanted): Planned[] {
  const like = FULL_SET.find((planned) => (planned.path === "loopback") === (path === "loopback"));
  return gates || scenario === undefined || path === undefined ? [] : [{ scenario, path, peers: like?.peers ?? [] }];
}

function sizes(scenario: Scenario, path: PathName, bytes: number | undefined): Cell["bytes"] {
  const same = (bytes: number) => ({ copes: bytes, suffers: bytes, stalls: bytes });
  if (bytes !== undefined) return same(bytes);
  if (![ONE_FILE, OLDER_FORMAT].includes(scenario.name) || path === "loopback") return same(scenario.bytes);
  const { copes, suffers, stalls } = SIZES[path];
  return { copes: copes * MIB, suffers: suffers * MIB, stalls: stalls * MIB };
}

/** In the order of the report, whatever the order of the names. */
function named(peers: readonly Peer[], names: readonly string[]): Peer[] {
  const chosen = new Set(names.map((name) => found(peers, name)));
  return peers.filter((peer) => chosen.has(peer));
}

function found<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const one = all.find((one) => one.name === name);
  if (!one) throw new Error(`the plan names ${name}, which does not exist`);
  return one;
}
