/** A whole `ultra` process on a simulated computer, from the command to the exit code. @module */

import { describe } from "../../src/ui/advice.ts";
import { exitCodeOfError, exitCodeOfSignal } from "../../src/cli/exit.ts";
import type { ReceiveTask, SendTask, TestTask, Way } from "../../src/cli/resolve.ts";
import { receiveCommand } from "../../src/cli/recv.ts";
import { USUAL_CHOICES } from "../../src/session/offering.ts";
import { sendCommand } from "../../src/cli/send.ts";
import { testCommand } from "../../src/cli/measure.ts";
import { Interrupted } from "../../src/base/interrupted.ts";
import { Hub } from "../../src/link/hub.ts";
import type { CommandContext } from "../../src/cli/context.ts";
import type { EndingSignal } from "../../src/base/signals.ts";
import { parseTicket, type Ticket } from "../../src/protocol/ticket.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { Random } from "../simulation/random.ts";
import { RecordingOutput } from "./recording_output.ts";
import { SimulatedEngine, type SimulatedHost } from "./simulated_engine.ts";
import { SimulatedNetwork } from "./simulated_network.ts";
import { MemoryStates } from "./memory_states.ts";
import { VirtualTime } from "./virtual_time.ts";

/** The exit code of a process that was killed, as a shell has it. */
export const KILLED = 137;

/** A seed's world: time, network and chance. */
export class SimulatedWorld {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly network: SimulatedNetwork;

  constructor(seed = 1) {
    this.random = new Random(seed);
    this.network = new SimulatedNetwork(this.time, this.random);
  }

  process(host: Partial<SimulatedHost> & { readonly address: string }): SimulatedProcess {
    return new SimulatedProcess(this, { addresses: [host.address], ...host });
  }
}

export class SimulatedProcess {
  readonly engine: SimulatedEngine;
  readonly output = new RecordingOutput();
  readonly context: CommandContext;
  /** Rejected by a bug in a handler of events. */
  readonly events: Promise<void>;
  /** Those that its computer has now. */
  addresses: readonly string[];
  /** When the process ended. */
  endedMs: number | undefined;
  readonly #world: SimulatedWorld;
  readonly #ended = new AbortController();
  readonly #killed = Promise.withResolvers<number>();
  #isKilled = false;
  readonly #ticket = Promise.withResolvers<Ticket>();

  constructor(world: SimulatedWorld, host: SimulatedHost) {
    this.#world = world;
    this.addresses = host.addresses;
    this.engine = new SimulatedEngine(world.network, host);
    this.output.listener = (event) => {
      if (event.type === "ticket") this.#ticket.resolve(parseTicket(event.ticket.text));
    };
    this.context = {
      hub: new Hub(this.engine),
      clock: world.time,
      timers: {
        after: (ms, act) => world.time.after(ms, () => this.#isKilled || act()),
        every: (ms, act) => world.time.every(ms, () => this.#isKilled || act()),
      },
      random: (length) => new Uint8Array(length).map(() => world.random.below(256)),
      tell: (event) => this.output.tell(event),
      describe,
      host: host.addresses[0] ?? "nowhere",
      cores: host.cores ?? 1,
      addresses: () => this.addresses,
      ended: this.#ended.signal,
      states: host.states ?? new MemoryStates(),
      wallMs: () => world.time.now(),
    };
    this.events = this.context.hub.run();
    this.events.catch(() => {});
    this.#ticket.promise.catch(() => {});
  }

  /** The ticket, once it is shown. */
  get ticket(): Promise<Ticket> {
    return this.#ticket.promise;
  }

  interrupt(signal: EndingSignal = "SIGINT"): void {
    this.#ended.abort(signal);
  }

  /** As `kill -9` does. */
  kill(noticeMs?: number): void {
    this.#isKilled = true;
    this.engine.kill(noticeMs);
    this.#killed.resolve(KILLED);
  }

  send(paths: readonly string[], ticket?: Ticket, options: Partial<SendTask> = {}): Promise<number> {
    const task: SendTask = {
      command: "send",
      paths,
      ...USUAL_CHOICES,
      clipboard: false,
      allowLeftOut: false,
      allowSleep: false,
      retryForMs: 0,
      waitMs: undefined,
      ...common(ticket, this.context.host),
      ...options,
    };
    return this.run(() => sendCommand(task, this.context));
  }

  receive(ticket?: Ticket, options: Partial<ReceiveTask> = {}): Promise<number> {
    const own = {
      target: { folder: ".", create: false, rename: undefined },
      existing: "refuse" as const,
      restart: false,
      hidden: false,
      ...USUAL_CHOICES,
      noSync: false,
      allowLeftOut: false,
      allowSleep: false,
      retryForMs: 0,
      waitMs: undefined,
      clipboard: false,
      raw: false,
      stay: false,
    };
    const task: ReceiveTask = {
      command: "recv",
      ...own,
      ...common(ticket, this.context.host),
      ...options,
    };
    return this.run(() => receiveCommand(task, this.context));
  }

  test(ticket?: Ticket, options: Partial<TestTask> = {}): Promise<number> {
    const own = { folder: "/data", size: undefined };
    const task: TestTask = {
      command: "test",
      ...own,
      ...common(ticket, this.context.host),
      ...options,
    };
    return this.run(() => testCommand(task, this.context, (parent) => this.engine.makeFolder(parent)));
  }

  /** Runs to an exit code as `src/cli/run.ts` does. */
  async run(act: () => Promise<number>): Promise<number> {
    const bug = this.events.then(() => this.#killed.promise);
    try {
      return await Promise.race([act(), bug]);
    } catch (error) {
      if (error instanceof Interrupted) return exitCodeOfSignal(error.signal as EndingSignal);
      this.output.tell({ type: "error", error, fromPeer: false });
      return exitCodeOfError(error);
    } finally {
      this.endedMs = this.#world.time.now();
      this.engine.stop();
      this.#ticket.reject(new Error("The process ended without a ticket"));
    }
  }
}

/** A listener names its one address: those of the real machine have no place here. */
function common(ticket: Ticket | undefined, address: string) {
  const peer: Way = ticket === undefined
    ? { type: "listen", endpoint: { address, port: 0 }, advertise: [], ticketOut: undefined, identity: undefined }
    : { type: "dial", ticket };
  return { peer, tuning: DEFAULT_TUNING, output: "human", verbose: false, warnings: [] } as const;
}
