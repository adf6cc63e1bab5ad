/**
 * From the words of the command line to an exit code.
 *
 * @module
 */

import { chooseLibrary } from "../engine/library.ts";
import { startEngine } from "../engine/native.ts";
import { UltraError } from "../base/errors.ts";
import { Hub } from "../link/hub.ts";
import { Interrupted, orEnded } from "../base/interrupted.ts";
import { currentAddresses } from "../meet/hints.ts";
import { type StatePlaces, systemStates } from "../meet/state_store.ts";
import { monotonicClock } from "../base/clock.ts";
import { readLicenses } from "../base/licenses.ts";
import { systemRandom } from "../base/random.ts";
import type { StartFault } from "../base/handed.ts";
import { type EndingSignal, surviveFileLimit, watchSignals } from "../base/signals.ts";
import { systemTimers } from "../base/timers.ts";
import type { Distance } from "../settings/distance.ts";
import { allWindowsBytes, budgetOf, grantedLanes, receiverMemory, senderMemory } from "../settings/budget.ts";
import { mostConnections } from "../settings/connections.ts";
import { engineSizes } from "../settings/engine_sizes.ts";
import { describe } from "../ui/advice.ts";
import { type Again, commandLine } from "../ui/command_line.ts";
import { startDebugLog } from "../ui/log.ts";
import { createOutput } from "../ui/create.ts";
import { printPage, processTerminal, type TextWriter } from "../ui/writer.ts";
import { outputModeOf, parseArguments } from "./arguments.ts";
import { cleanCommand } from "./clean.ts";
import type { CommandContext, Tell } from "./context.ts";
import { meantBy } from "./dropped.ts";
import { EXIT_DONE, exitCodeOfError, exitCodeOfSignal } from "./exit.ts";
import { helpText, tourText } from "./help.ts";
import { getCommand } from "./get.ts";
import { ticketCommand } from "./identity_tickets.ts";
import { isThere } from "./is_there.ts";
import { listCommand } from "./ls.ts";
import { receiveCommand } from "./recv.ts";
import { farthest, resolve, type Task, type TransferInvocation } from "./resolve.ts";
import { sendCommand } from "./send.ts";
import { serveCommand } from "./serve.ts";
import { testCommand } from "./measure.ts";
import { tuningOf } from "./tuning_flags.ts";
import { watchCommand } from "./watch.ts";
import { PROGRAM_VERSION, VERSION } from "./version.ts";

/** What `main.ts` takes from the process. */
export interface ProcessFacts {
  readonly args: readonly string[];
  /** ULTRA_TICKET, already removed from the environment. */
  readonly ticket: string | undefined;
  /** ULTRA_IDENTITY, likewise. */
  readonly identity: string | undefined;
  readonly term: string | undefined;
  /** Where the system keeps state. */
  readonly places: StatePlaces;
  /** Signals that stay ignored, as they were at the start. */
  readonly ignored: readonly EndingSignal[];
  /** Where the data plane is; undefined: in the usual places. */
  readonly engine: string | undefined;
  /** What stands in the way of any transfer. */
  readonly fault: StartFault | undefined;
}

/** Commands that are typed again to go on; those that stay go on by themselves. */
const GOING_ON: ReadonlySet<string> = new Set(["send", "recv", "get"]);

/** Commands that fail when what they print is lost. */
const SHOWING: ReadonlySet<string> = new Set(["tour", "version", "licenses", "help", "ticket", "ls"]);

/** How long an orderly end may take after a signal. What is not written down by then is checked, or sent again, by the next run. */
const ORDERLY_END_MS = 900;

/** Runs one command; the result is the exit code. `exitNow` is called for a second Ctrl-C. */
export async function run(typed: ProcessFacts, exitNow: (code: number) => void): Promise<number> {
  const facts = { ...typed, args: meantBy(typed.args, isThere) };
  const terminal = processTerminal();
  let isVerbose = false;
  let again: Again | undefined;
  const output = createOutput({
    mode: outputModeOf(facts.args),
    terminal,
    now: () => monotonicClock.now(),
    environment: facts,
    again: () => again,
    isVerbose: () => isVerbose,
  });
  let isBegun = false;
  const tell: Tell = (event) => {
    if (!isBegun) output.tell({ type: "version", program: PROGRAM_VERSION });
    isBegun = true;
    output.tell(event);
  };
  const code = await outcome(tell, async () => {
    checkEncoding(facts);
    const invocation = parseArguments(facts.args, facts);
    const ended = await runCommand(invocation);
    if (SHOWING.has(invocation.command)) checkShown(terminal.stdout);
    return ended;
  });
  if (code === undefined) return EXIT_DONE;
  tell({ type: "exit", code });
  return code;

  async function runCommand(invocation: ReturnType<typeof parseArguments>): Promise<number | undefined> {
    switch (invocation.command) {
      case "tour":
        printPage(terminal.stdout, tourText());
        return undefined;
      case "version":
        printPage(terminal.stdout, VERSION);
        return undefined;
      case "licenses":
        printPage(terminal.stdout, await readLicenses());
        return undefined;
      case "help":
        printPage(terminal.stdout, helpText(invocation.topic));
        return undefined;
      case "clean":
        checkFolder(facts);
        if (facts.engine !== undefined) chooseLibrary(facts.engine);
        return await withSmallEngine(facts, tell, exitNow, (hub, ended) => {
          return cleanCommand(invocation, { hub, tell, ended, today: Date.now });
        });
      case "ticket":
        checkFolder(facts);
        if (facts.engine !== undefined) chooseLibrary(facts.engine);
        return await withSmallEngine(facts, tell, exitNow, ({ engine }, ended) => {
          const context = { engine, tell, timers: systemTimers, random: systemRandom, wallMs: Date.now };
          return orEnded(ticketCommand(invocation, context), ended);
        });
      default:
        isVerbose = invocation.verbose;
        if (GOING_ON.has(invocation.command)) {
          again = { command: commandLine(facts.args), other: invocation.command === "get" ? "may-serve" : "ends" };
        }
        checkFolder(facts);
        if (facts.engine !== undefined) chooseLibrary(facts.engine);
        return await runTransfer(invocation, facts, tell, exitNow);
    }
  }
}

/** What these print is all that they do, or exists nowhere else: a new ticket. */
function checkShown({ lost }: TextWriter): void {
  if (lost === undefined) return;
  throw new UltraError("disk", `What was to be printed cannot be written (${lost.message})`, { cause: lost });
}

async function outcome(tell: Tell, act: () => Promise<number | undefined>): Promise<number | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Interrupted) {
      tell({ type: "interrupted" });
      return exitCodeOfSignal(error.signal as EndingSignal);
    }
    tell({ type: "error", error, fromPeer: false });
    return exitCodeOfError(error);
  }
}

/** Names on the wire are UTF-8, and so are arguments: what is none could only name a file that cannot be sent. */
function checkEncoding({ args, fault }: ProcessFacts): void {
  if (fault?.type !== "encoding") return;
  throw new UltraError("usage", `Argument ${fault.argument + 1} is not valid UTF-8; rename the file or folder first`, {
    subject: args[fault.argument] ?? "",
  });
}

/** Every transfer names files by where it runs. */
function checkFolder({ fault }: ProcessFacts): void {
  if (fault?.type !== "folder") return;
  throw new UltraError("disk", "The current folder no longer exists; change to another one (cd) and run this again");
}

async function runTransfer(
  invocation: TransferInvocation,
  facts: ProcessFacts,
  tell: Tell,
  exitNow: (code: number) => void,
): Promise<number> {
  for (const warning of invocation.warnings) tell({ type: "warning", warning });
  const stopLog = invocation.verbose
    ? startDebugLog((line) => tell({ type: "debug", line }), () => monotonicClock.now())
    : () => {};
  using signals = watchSignals(facts.ignored);
  surviveFileLimit();
  const endNow = () => endAtOnce(signals.signal, tell, exitNow);
  let late: Disposable | undefined;
  const endLate = () => {
    // An orderly end would have said so behind everything else.
    tell({ type: "interrupted" });
    endNow();
  };
  signals.ended.addEventListener("abort", () => late = systemTimers.after(ORDERLY_END_MS, endLate));
  signals.insisted.addEventListener("abort", endNow);
  const task = await resolve(invocation, signals.ended, tell);
  const { tuning } = task;
  const distance = farthest(task);
  if (tuning.profile.name === "max") tell({ type: "memory-bound", bytes: memoryBound(task, distance) });
  const cores = navigator.hardwareConcurrency;
  const clients = task.command === "serve" ? task.maxClients : 0;
  const engine = startEngine(engineSizes(cores, distance, tuning, clients));
  const context: CommandContext = {
    hub: new Hub(engine),
    clock: monotonicClock,
    timers: systemTimers,
    random: systemRandom,
    tell,
    describe,
    host: Deno.hostname(),
    cores,
    addresses: currentAddresses,
    ended: signals.ended,
    states: systemStates(facts.places),
    wallMs: Date.now,
  };
  const events = context.hub.run();
  try {
    return await Promise.race([command(task, context), engineFailure(events)]);
  } finally {
    engine.stop();
    await events.catch(() => {});
    late?.[Symbol.dispose]();
    stopLog();
  }
}

/** For commands that move nothing: the smallest of engines is enough. */
async function withSmallEngine(
  facts: ProcessFacts,
  tell: Tell,
  exitNow: (code: number) => void,
  act: (hub: Hub, ended: AbortSignal) => Promise<number>,
): Promise<number> {
  using signals = watchSignals(facts.ignored);
  signals.insisted.addEventListener("abort", () => endAtOnce(signals.signal, tell, exitNow));
  const engine = startEngine(engineSizes(1, "loopback", tuningOf(() => undefined)));
  const hub = new Hub(engine);
  const events = hub.run();
  try {
    return await Promise.race([act(hub, signals.ended), engineFailure(events)]);
  } finally {
    engine.stop();
    await events.catch(() => {});
  }
}

/** A second Ctrl-C, or the first one where an orderly end takes too long. */
function endAtOnce(signal: EndingSignal | undefined, tell: Tell, exitNow: (code: number) => void): void {
  const code = exitCodeOfSignal(signal ?? "SIGINT");
  // Takes the status line away.
  tell({ type: "exit", code });
  exitNow(code);
}

function command(task: Task, context: CommandContext): Promise<number> {
  switch (task.command) {
    case "send":
      return sendCommand(task, context);
    case "recv":
      return receiveCommand(task, context);
    case "get":
      return getCommand(task, context);
    case "ls":
      return listCommand(task, context);
    case "serve":
      return serveCommand(task, context);
    case "test":
      return testCommand(task, context);
    case "watch":
      return watchCommand(task, context);
  }
}

/** The engine never stops by itself: if its events end before the command does, that is a bug, which must not look like a hang. */
async function engineFailure(events: Promise<void>): Promise<never> {
  await events;
  throw new UltraError("internal", "The data plane ended unexpectedly");
}

/** What windows and buffers may take, for a user who has lifted the bound. A sender's connections share its buffers. */
function memoryBound({ command, tuning }: Task, distance: Distance): number {
  const budget = budgetOf(tuning, distance);
  const windows = budget.connectionWindowBytes * mostConnections(distance, tuning.connections);
  const connectionWindowBytes = Math.min(windows, allWindowsBytes(tuning));
  const bounds = {
    send: senderMemory(budget),
    receive: receiverMemory({ ...budget, connectionWindowBytes }, grantedLanes(tuning)),
  };
  return ROLES[command].reduce((sum, role) => sum + bounds[role], 0);
}

/** What each command does. (The phases of a test follow each other, but their windows need not be gone so soon.) */
const ROLES: Readonly<Record<Task["command"], readonly ("send" | "receive")[]>> = {
  send: ["send"],
  recv: ["receive"],
  get: ["receive"],
  ls: [],
  serve: ["send", "receive"],
  test: ["send", "receive"],
  watch: ["send"],
};
