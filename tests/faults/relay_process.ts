/**
 * The program behind `relay.ts`: it has sockets of its own, so that a busy test does not make the network worse.
 *
 *     deno run --unstable-net --allow-net relay_process.ts '{"target":1234,"seed":1,"forgetAfterMs":null}'
 *
 * Orders come as lines of JSON on standard input; each is answered by a line with its number.
 *
 * @module
 */

import { type Direction, DIRECTIONS, Line, type Weather } from "./weather.ts";

const LOOPBACK = "127.0.0.1";

/** What a test may order. */
export type Order =
  | { readonly does: "set"; readonly weather: Partial<Weather>; readonly direction?: Direction }
  | { readonly does: "counts"; readonly direction: Direction }
  /** Answered when so many more bytes have come. */
  | { readonly does: "carried"; readonly bytes: number; readonly direction: Direction }
  | { readonly does: "rebind"; readonly address?: string };

/** A way that nothing has used for so long is closed: neither end of it lives any more, and a soak has thousands of dialers. */
const UNUSED_MS = 60_000;

/** How one dialer reaches the listener. */
interface Way {
  readonly socket: Deno.DatagramConn;
  /** When the dialer last sent something. */
  usedAt: number;
}

class Program {
  readonly #front = bound(LOOPBACK);
  readonly #target: number;
  readonly #forgetAfterMs: number;
  readonly #lines: Readonly<Record<Direction, Line>>;
  readonly #ways = new Map<number, Way>();
  /** Those that others have replaced. */
  readonly #former = new Set<Way>();
  /** Where ways to the listener begin. */
  #address = LOOPBACK;

  constructor(target: number, seed: number, forgetAfterMs: number) {
    this.#target = target;
    this.#forgetAfterMs = forgetAfterMs;
    this.#lines = { out: new Line(2 * seed), back: new Line(2 * seed + 1) };
  }

  get port(): number {
    return portOf(this.#front.addr);
  }

  async carry(): Promise<void> {
    for await (const [bytes, from] of this.#front) {
      const dialer = portOf(from);
      const way = this.#current(dialer) ?? this.#renew(dialer);
      way.usedAt = performance.now();
      this.#lines.out.take(bytes, (datagram) => send(way.socket, datagram, this.#target));
    }
  }

  async obey(order: Order): Promise<unknown> {
    switch (order.does) {
      case "set":
        for (const one of DIRECTIONS) {
          if (order.direction === undefined || order.direction === one) this.#lines[one].set(unbounded(order.weather));
        }
        return undefined;
      case "counts":
        return this.#lines[order.direction].counts;
      case "carried":
        return await this.#lines[order.direction].carried(order.bytes);
      case "rebind":
        this.#address = order.address ?? this.#address;
        this.#closeUnused();
        for (const dialer of [...this.#ways.keys()]) this.#renew(dialer);
        return undefined;
    }
  }

  /** The way that a dialer has, if it is not forgotten. */
  #current(dialer: number): Way | undefined {
    const way = this.#ways.get(dialer);
    return way === undefined || performance.now() - way.usedAt > this.#forgetAfterMs ? undefined : way;
  }

  /** The old way's socket stays open for a while, so that its port says nothing: a closed one would answer that nobody is there. */
  #renew(dialer: number): Way {
    const old = this.#ways.get(dialer);
    if (old !== undefined) this.#former.add(old);
    const way: Way = { socket: bound(this.#address), usedAt: performance.now() };
    this.#ways.set(dialer, way);
    void this.#carryBack(dialer, way);
    return way;
  }

  #closeUnused(): void {
    const isUnused = ({ usedAt }: Way) => performance.now() - usedAt > UNUSED_MS;
    for (const way of this.#former) {
      if (isUnused(way) && this.#former.delete(way)) way.socket.close();
    }
    for (const [dialer, way] of this.#ways) {
      if (isUnused(way) && this.#ways.delete(dialer)) way.socket.close();
    }
  }

  async #carryBack(dialer: number, way: Way): Promise<void> {
    for await (const [bytes] of way.socket) {
      if (this.#current(dialer) !== way) continue;
      this.#lines.back.take(bytes, (datagram) => send(this.#front, datagram, dialer));
    }
  }
}

function bound(hostname: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

function portOf(address: Deno.Addr): number {
  return "port" in address ? address.port : 0;
}

function send(socket: Deno.DatagramConn, datagram: Uint8Array, port: number): void {
  // Nobody listens there any more: a network does not mind.
  socket.send(datagram, { transport: "udp", hostname: LOOPBACK, port }).catch(() => {});
}

/** JSON has no `Infinity`: it comes as `null`. */
function unbounded(weather: Partial<Weather>): Partial<Weather> {
  return Object.fromEntries(Object.entries(weather).map(([name, value]) => [name, value ?? Infinity]));
}

function say(line: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

if (import.meta.main) {
  const { target, seed, forgetAfterMs } = JSON.parse(Deno.args[0] ?? "");
  const program = new Program(target, seed, forgetAfterMs ?? Infinity);
  void program.carry();
  say({ port: program.port });
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { id, ...order } = JSON.parse(line);
      void program.obey(order).then((answer) => say({ id, answer }));
    }
  }
  Deno.exit(0);
}
