/**
 * A bad network in a box: hands datagrams on between dialers and the port behind it, and does to them what its weather says.
 *
 * The weather of each direction can be changed at any time; what happens is decided by a seed (`weather.ts`). A process of its own does the
 * work (`relay_process.ts`).
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { Lines } from "../e2e/harness.ts";
import type { Order } from "./relay_process.ts";
import { type Counts, type Direction, FAIR, type Weather } from "./weather.ts";

export { type Counts, type Direction, FAIR, type Weather } from "./weather.ts";

export interface RelayOptions {
  readonly seed?: number;
  readonly weather?: Partial<Weather>;
  /** A way that a dialer has not used for so long is forgotten, as a NAT does: its next datagram comes from another port. */
  readonly forgetAfterMs?: number;
}

const PROGRAM = fileURLToPath(new URL("relay_process.ts", import.meta.url));

export class Relay implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: Lines;
  #last = 0;

  private constructor(child: Deno.ChildProcess, answers: Lines, readonly port: number) {
    this.#child = child;
    this.#orders = child.stdin.getWriter();
    this.#answers = answers;
  }

  /** A relay to a port on loopback; dialers find it at its own `port`. */
  static async to(target: number, options: RelayOptions = {}): Promise<Relay> {
    const { seed = 1, weather = {}, forgetAfterMs = Infinity } = options;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--unstable-net", "--allow-net", PROGRAM, JSON.stringify({ target, seed, forgetAfterMs })],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const answers = new Lines(child.stdout);
    const { port } = JSON.parse(await answers.find((line) => line.startsWith('{"port"')));
    const relay = new Relay(child, answers, Number(port));
    await relay.set(weather);
    return relay;
  }

  /** Changes the weather of one direction, or of both; what is not named stays as it is. */
  async set(weather: Partial<Weather>, direction?: Direction): Promise<void> {
    await this.#order({ does: "set", weather, ...(direction === undefined ? {} : { direction }) });
  }

  /** Fair weather in both directions. */
  async clear(): Promise<void> {
    await this.set(FAIR);
  }

  async counts(direction: Direction): Promise<Counts> {
    return await this.#order({ does: "counts", direction }) as Counts;
  }

  /** Resolved when so many more bytes have come in a direction, whatever became of them. */
  async carried(bytes: number, direction: Direction): Promise<void> {
    await this.#order({ does: "carried", bytes, direction });
  }

  /** A NAT that forgets: what each dialer sends from now on comes from another port, and nothing reaches it at the old one. */
  async rebind(): Promise<void> {
    await this.#order({ does: "rebind" });
  }

  /** The dialers have another address from now on (all of 127/8 is this machine). */
  async moveTo(address: string): Promise<void> {
    await this.#order({ does: "rebind", address });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orders.close().catch(() => {});
    await Promise.all([this.#child.status, this.#answers.closed]);
  }

  async #order(order: Order): Promise<unknown> {
    const id = ++this.#last;
    const answer = this.#answers.find((line) => line.startsWith(`{"id":${id},`) || line === `{"id":${id}}`);
    await this.#orders.write(new TextEncoder().encode(`${JSON.stringify({ id, ...order })}\n`));
    return JSON.parse(await answer).answer;
  }
}
