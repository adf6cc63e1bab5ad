/** Two simulated processes that meet, and what a test asks of their end. @module */

import assert from "node:assert/strict";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { ALPNS } from "../../src/auth/versions.ts";
import type { ReceiveTask, SendTask } from "../../src/cli/resolve.ts";
import type { EngineEvent, ListenOptions } from "../../src/engine/engine.ts";
import type { UltraError } from "../../src/base/errors.ts";
import { ControlLink, type LinkEnd, type LinkHandler } from "../../src/link/control_link.ts";
import type { Decoded } from "../../src/protocol/decode.ts";
import { meetByTicket, nextPeer, startWaiting } from "../../src/meet/meet.ts";
import { MAX_BYTES_BEFORE_PROOF } from "../../src/protocol/limits.ts";
import { parseTicket } from "../../src/protocol/ticket.ts";
import type { ReceiveOptions } from "../../src/session/incoming.ts";
import { USUAL_CHOICES } from "../../src/session/offering.ts";
import type { SendOptions } from "../../src/session/outgoing.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { blocks, type Disk, emptyDisk, filesOf, type Item, type Tree, tree } from "../support/made_up.ts";
import type { SimulatedHost } from "../support/simulated_engine.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import type { Damage, Flaw } from "../support/made_up.ts";

/** What a dialer's engine and a listener's engine are told when there is no `src/meet/` around them. */
const SETTINGS = connectionSettings({ distance: "near", side: "listener" });

/** The exit code of a side whose dialer ended before it had proved itself, so that it waited on. */
export const WAITS_ON = 129;

export const SENDER = "10.0.0.1";
export const RECEIVER = "10.0.0.2";

export function listenOptions(process: SimulatedProcess, address: string): ListenOptions {
  return {
    settings: SETTINGS,
    plainSettings: SETTINGS,
    identity: process.engine.identity(),
    alpns: ALPNS,
    address,
    maxUnvalidated: 16,
    maxUnproved: 64,
    maxUnprovedPerAddress: 8,
    controlLimit: MAX_BYTES_BEFORE_PROOF,
  };
}

export interface Joined {
  readonly world: SimulatedWorld;
  readonly dialer: SimulatedProcess;
  readonly listener: SimulatedProcess;
  readonly near: ControlLink;
  readonly far: ControlLink;
  readonly certificate: Uint8Array;
}

/** A dialer's and a listener's end of one connection, on which nothing was said yet. */
export async function joinedLinks(seed = 1): Promise<Joined> {
  const world = new SimulatedWorld(seed);
  const dialer = world.process({ address: SENDER });
  const listener = world.process({ address: RECEIVER });
  const options = listenOptions(listener, `${RECEIVER}:7000`);
  const far = Promise.withResolvers<ControlLink>();
  const id = listener.engine.listen(options);
  listener.context.hub.onListener(id, (event) => {
    if (event.type !== "incoming") return;
    far.resolve(new ControlLink(listener.context.hub, event.connection, event.remote, world.time));
  });
  const near = await connected(world, dialer, `${RECEIVER}:7000`);
  return {
    world,
    dialer,
    listener,
    near,
    far: await world.time.until(far.promise),
    certificate: options.identity.hash,
  };
}

/** A stranger's end of a connection to whatever listens there. */
export function connected(world: SimulatedWorld, process: SimulatedProcess, address: string): Promise<ControlLink> {
  const { hub } = process.context;
  const near = Promise.withResolvers<ControlLink>();
  const connection = hub.engine.connect({
    settings: SETTINGS,
    alpns: ALPNS,
    address,
    pin: "report",
    partition: 0,
    controlLimit: MAX_BYTES_BEFORE_PROOF,
  });
  hub.onConnection(connection, (event) => {
    if (event.type === "connected") near.resolve(new ControlLink(hub, connection, event.remote, world.time));
    if (event.type === "closed") near.reject(new Error(event.text));
  });
  return world.time.until(near.promise);
}

export const SEND_OPTIONS: SendOptions = { tuning: DEFAULT_TUNING, allowLeftOut: false };

export const RECEIVE_OPTIONS: ReceiveOptions = {
  folder: ".",
  create: false,
  rename: undefined,
  existing: "refuse",
  restart: false,
  hidden: false,
  ...USUAL_CHOICES,
  noSync: false,
  allowLeftOut: false,
  lanes: 4,
  connections: undefined,
};

/** Two processes that have proved themselves to each other, before any transfer. The receiver waits. */
export async function provedPair(items: readonly Item[], disk = emptyDisk(), host: Partial<SimulatedHost> = {}) {
  const world = new SimulatedWorld();
  const sender = world.process({ address: SENDER, tree: tree(items), ...host });
  const receiver = world.process({ address: RECEIVER, disk });
  const { listener, ticket } = await world.time.until(startWaiting({
    role: "receive",
    endpoint: { address: RECEIVER, port: 0 },
    advertise: [],
    machine: { interfaces: [], outward: [] },
    longLived: false,
    tuning: DEFAULT_TUNING,
  }, receiver.context));
  const waiting = nextPeer(listener, receiver.context);
  const there = await world.time.until(meetByTicket(parseTicket(ticket), "send", DEFAULT_TUNING, sender.context));
  return { world, disk, sender, receiver, there, here: await world.time.until(waiting) };
}

/** Remembers what a link brings. */
export class Listening implements LinkHandler {
  readonly messages: Decoded[] = [];
  readonly broke: UltraError[] = [];
  readonly ends: LinkEnd[] = [];
  readonly lanes: number[] = [];

  message(decoded: Decoded): void {
    this.messages.push({ ...decoded, bytes: decoded.bytes.slice() });
  }

  broken(error: UltraError): void {
    this.broke.push(error);
  }

  ended(end: LinkEnd): void {
    this.ends.push(end);
  }

  laneOpened(lane: number): void {
    this.lanes.push(lane);
  }

  get types(): (string | undefined)[] {
    return this.messages.map(({ message }) => message?.type);
  }
}

export interface Scene {
  readonly world?: SimulatedWorld;
  readonly items: readonly Item[];
  readonly tree?: Partial<Tree>;
  readonly disk?: Disk;
  readonly damages?: Damage[];
  readonly waits: "sender" | "receiver";
  /** What is wrong with both engines. */
  readonly flaw?: Flaw | undefined;
  /** What the sender is told to send; all of `items` unless a test says something else. */
  readonly paths?: readonly string[];
  readonly send?: Partial<SendTask>;
  readonly receive?: Partial<ReceiveTask>;
  /** In place of the usual processes. */
  readonly processes?: { readonly sender?: Partial<SimulatedHost> & { readonly address: string } };
  /** Called when both run. */
  readonly during?: (play: Play) => void;
}

export interface Play {
  readonly world: SimulatedWorld;
  readonly sender: SimulatedProcess;
  readonly receiver: SimulatedProcess;
  readonly disk: Disk;
  readonly items: readonly Item[];
}

export interface Ending extends Play {
  /** Exit codes. */
  readonly codes: { readonly sender: number; readonly receiver: number };
}

/** One transfer of everything in `items`, from both commands to both exit codes. */
export async function play(scene: Scene): Promise<Ending> {
  const { items, disk = emptyDisk(), world = new SimulatedWorld(), damages = [] } = scene;
  const sender = world.process(
    scene.processes?.sender ?? { address: SENDER, tree: tree(items, scene.tree), damages, flaw: scene.flaw },
  );
  const receiver = world.process({ address: RECEIVER, disk, flaw: scene.flaw });
  const paths = scene.paths ?? [...new Set(items.map(([path]) => path.split("/")[0] ?? path))];
  const isSenderWaiting = scene.waits === "sender";
  const waiting = isSenderWaiting
    ? sender.send(paths, undefined, scene.send)
    : receiver.receive(undefined, scene.receive);
  const ticket = await world.time.until((isSenderWaiting ? sender : receiver).ticket);
  const dialing = isSenderWaiting ? receiver.receive(ticket, scene.receive) : sender.send(paths, ticket, scene.send);
  const running = { world, sender, receiver, disk, items };
  scene.during?.(running);
  // A dialer that ends before its proof was nobody to the side that waits, which goes on waiting.
  void dialing.then(() => world.time.later(60_000, () => (isSenderWaiting ? sender : receiver).interrupt("SIGHUP")));
  const [one, other] = await world.time.until(Promise.all([waiting, dialing]));
  const codes = isSenderWaiting ? { sender: one, receiver: other } : { sender: other, receiver: one };
  return { ...running, codes };
}

/** Everything arrived, bit by bit, and nothing else is there but what stays of the files `left`, for the next run. */
export function assertArrived(
  { items, disk }: Play,
  without: readonly string[] = [],
  left: readonly string[] = [],
): void {
  const expected = filesOf(items).filter(({ path }) => !without.includes(path));
  assert.deepEqual([...disk.final.keys()].sort(), expected.map(({ path }) => path).sort());
  for (const { path, kind, size } of expected) {
    const there = disk.final.get(path);
    if (kind !== "file") assert.equal(there, kind);
    else assert.deepEqual(there, { size, blocks: blocks(path, size) });
  }
  assert.deepEqual([[...disk.parts], [...disk.kept.keys()]], [left, left], "part files stayed");
  assertClean({ disk });
}

/** Whatever happened: no part file stays that no run can take up, nothing unverified has a final name, and the engine's contract was kept. */
export function assertClean({ disk }: { readonly disk: Disk }): void {
  assert.deepEqual([...disk.parts].filter((path) => !disk.kept.has(path)), [], "part files stayed");
  assert.deepEqual(disk.breaches, []);
  for (const [path, there] of disk.final) {
    if (typeof there === "object") {
      assert.deepEqual(there.blocks, blocks(path, there.size), `"${path}" is not what was sent`);
    }
  }
}

/** Events from a list, for a Hub without an engine. */
export async function* script(...events: EngineEvent[]): AsyncGenerator<readonly EngineEvent[], void, void> {
  for (const event of events) yield [event];
}
