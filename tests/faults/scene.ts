/** Real processes, mostly two with a relay between them, which the oracle watches. @module */

import { inWorkspace, type StartOptions, type Ultra, type Workspace } from "../e2e/harness.ts";
import { encodeTicket, parseTicket } from "../../src/protocol/ticket.ts";
import { MIB, writeFile } from "../e2e/files.ts";
import { type Ending, Oracle, type Places, ProcessOracle, type Terms } from "./oracle.ts";
import { Relay, type RelayOptions } from "./relay.ts";

export interface Way extends RelayOptions {
  /** Which side waits for the other. */
  readonly waits?: "receiver" | "sender";
  /** Where it waits; on loopback if not said. */
  readonly listen?: string;
  readonly sendArgs?: readonly string[];
  readonly recvArgs?: readonly string[];
  readonly sender?: StartOptions;
  readonly receiver?: StartOptions;
  /** Descriptors that both were started with. */
  readonly inherited?: number;
}

/** Two processes. */
export interface Pair {
  readonly sender: Ultra;
  readonly receiver: Ultra;
}

/** Makes something to send in an empty folder. */
export type Make = (from: string) => Promise<unknown>;

/** One file with random contents. */
export const oneFile = (bytes = 8 * MIB): Make => (from) => writeFile(`${from}/file.bin`, bytes);

/** Files of many sizes in folders, and some links. */
export const smallTree = (files = 200, bytes = 60_000): Make => async (from) => {
  for (let index = 0; index < files; index++) {
    const folder = `${from}/tree/${["a", "a/b", "c"][index % 3]}`;
    await Deno.mkdir(folder, { recursive: true });
    const path = await writeFile(`${folder}/${index}.bin`, index % 10 === 0 ? 0 : (index * 997) % bytes);
    await Deno.chmod(path, [0o644, 0o600, 0o755, 0o440][index % 4] ?? 0o644);
    await Deno.utime(path, 1_500_000_000 + index, 1_500_000_000 + index);
    if (index % 50 === 25) await Deno.symlink(`${index}.bin`, `${folder}/link ${index}`);
    if (index % 50 === 40) await Deno.link(path, `${folder}/name ${index}`);
  }
  await Deno.chmod(`${from}/tree/a/b`, 0o750);
  await Deno.utime(`${from}/tree/c`, 1_400_000_000, 1_400_000_000);
};

export interface Stage {
  /** What the target folder holds before. */
  readonly old?: Make;
  /** Where the fresh folder is made, in place of the usual one. */
  readonly root?: string;
}

/** Runs a test in a fresh folder; what the oracle has not judged when the body ends, it judges as a success. */
export async function inScene(make: Make, body: (scene: Scene) => Promise<void>, stage: Stage = {}): Promise<void> {
  await inFolder(stage.root, async (workspace, canary, oversee) => {
    const places = { from: await workspace.make("from"), into: await workspace.make("into"), canary };
    await make(places.from);
    await stage.old?.(places.into);
    using oracle = oversee(new Oracle(places));
    await using scene = new Scene(workspace, places, oracle);
    await body(scene);
    await oracle.judge([0]);
  });
}

/** Runs a test that itself judges what arrives: of many transfers, or where somebody takes it away. The oracle has all processes in view. */
export async function inView(body: (view: View) => Promise<void>): Promise<void> {
  await inFolder(undefined, async (workspace, canary, oversee) => {
    using oracle = oversee(new ProcessOracle(canary));
    await using view = new View(workspace, oracle);
    await body(view);
    await oracle.judge([0]);
  });
}

/** A fresh folder with a canary in it. `oversee` lets an oracle watch every process that is started from then on. */
async function inFolder(
  root: string | undefined,
  body: (
    workspace: Workspace,
    canary: string,
    oversee: <Judge extends ProcessOracle>(oracle: Judge) => Judge,
  ) => Promise<void>,
): Promise<void> {
  let judge: ProcessOracle | undefined;
  const run = async (workspace: Workspace) => {
    const canary = await workspace.make("canary");
    await Deno.writeTextFile(`${canary}/alive`, "and well");
    await body(workspace, canary, (oracle) => {
      judge = oracle;
      return oracle;
    });
  };
  await inWorkspace(run, root, (ultra, { inherited }) => judge?.watch(ultra, inherited));
}

/** What every test has: processes that the oracle watches from their start on, and ways between them. */
export class View implements AsyncDisposable {
  readonly #relays: Relay[] = [];
  readonly #oracle: ProcessOracle;

  constructor(readonly workspace: Workspace, oracle: ProcessOracle) {
    this.#oracle = oracle;
  }

  /** A relay to the maker of a ticket, and the ticket that leads there. */
  async relayed(made: string, options: RelayOptions = {}): Promise<{ readonly relay: Relay; readonly ticket: string }> {
    const ticket = parseTicket(made);
    const [hint] = ticket.hints;
    if (hint === undefined) throw new Error("the ticket has no address");
    const relay = await Relay.to(hint.port, options);
    this.#relays.push(relay);
    const hints = [{ type: "address" as const, address: "127.0.0.1", port: relay.port }];
    return { relay, ticket: encodeTicket({ ...ticket, hints }) };
  }

  /** Waits for the end of all processes started so far, and judges everything. */
  async ends(endings: readonly Ending[], terms?: Terms): Promise<void> {
    await this.#oracle.judge(endings, terms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay[Symbol.asyncDispose]()));
  }
}

/** One transfer, with what is sent and where it goes. */
export class Scene extends View {
  constructor(workspace: Workspace, readonly places: Places, oracle: Oracle) {
    super(workspace, oracle);
  }

  /** Starts both sides with a relay between them. */
  async start(way: Way = {}): Promise<Pair & { readonly relay: Relay }> {
    const relays: Relay[] = [];
    const pair = await this.startDirectly(way, async (made) => {
      const { relay, ticket } = await this.relayed(made, way);
      relays.push(relay);
      return ticket;
    });
    const [relay] = relays;
    if (relay === undefined) throw new Error("no ticket came");
    return { ...pair, relay };
  }

  /**
   * Starts both sides, the dialer with its ticket in the environment, where no list of processes shows it.
   *
   * @param changed what becomes of the ticket on its way
   */
  async startDirectly(way: Way = {}, changed = (ticket: string) => Promise.resolve(ticket)): Promise<Pair> {
    const { waits = "receiver", listen = "127.0.0.1", sendArgs = [], recvArgs = [], inherited = 0 } = way;
    const what = [...Deno.readDirSync(this.places.from)].map(({ name }) => `${this.places.from}/${name}`).sort();
    const args = {
      sender: ["send", "--json", ...sendArgs, ...what],
      receiver: ["recv", "--json", "--into", this.places.into, ...recvArgs],
    };
    const dials = waits === "receiver" ? "sender" : "receiver";
    const start = (side: "sender" | "receiver", more: readonly string[], env: Readonly<Record<string, string>>) => {
      const options = way[side] ?? {};
      const all = { ...options, inherited, env: { ...options.env, ...env } };
      return this.workspace.start([...args[side], ...more], all);
    };
    const listener = start(waits, ["--listen", listen], {});
    const dialer = start(dials, [], { ULTRA_TICKET: await changed(await listener.ticket()) });
    return waits === "receiver" ? { sender: dialer, receiver: listener } : { sender: listener, receiver: dialer };
  }
}
