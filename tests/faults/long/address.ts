/**
 * B17 on a real network: two network namespaces with a path between them, and a dialer whose address changes while blocks are under way.
 *
 * What counts is how long no block is verified. It is printed beside its bound; the tests fail at five times the bound, which only a hang
 * reaches however busy the machine is.
 *
 * @module
 */

import assert from "node:assert/strict";
import { missingNetpath, NetPath } from "../../../bench/paths/netpath.ts";
import { print } from "../../../scripts/shell.ts";
import { MIB } from "../../e2e/files.ts";
import { DEVICE, inside, ip, loses } from "../namespaces.ts";
import { inScene, oneFile } from "../scene.ts";

/** 80 MiB take 10 s. */
const SIZE = 80 * MIB;
const PATH = { rateMbit: 70 } as const;

/** The second address of the dialer. */
const LATER = "10.77.0.9";

/** A network that changes: what is done in the two namespaces, and how soon the next block has to be verified. */
interface Change {
  readonly what: string;
  readonly boundMs: number;
  act(path: NetPath): Promise<void>;
}

const CHANGES: readonly Change[] = [
  {
    what: "is removed, and another one is there",
    boundMs: 2000,
    async act({ a }) {
      // (Not of the network of the first address: Linux would take it away with that.)
      await ip(a.namespace, "address", "add", `${LATER}/32`, "dev", DEVICE);
      await ip(a.namespace, "address", "delete", `${a.address}/24`, "dev", DEVICE);
      await ip(a.namespace, "route", "replace", "10.77.0.0/24", "dev", DEVICE, "src", LATER);
    },
  },
  {
    what: "stays and leads nowhere any more, and another one is there",
    boundMs: 6000,
    async act({ a, b }) {
      await ip(a.namespace, "address", "add", `${LATER}/32`, "dev", DEVICE);
      await ip(a.namespace, "route", "replace", "10.77.0.0/24", "dev", DEVICE, "src", LATER);
      await loses(b.namespace, "from", a.address);
      await loses(a.namespace, "to", a.address);
    },
  },
];

for (const { what, boundMs, act } of CHANGES) {
  for (const waits of ["receiver", "sender"] as const) {
    Deno.test({
      name: `B17: where the ${waits} waits, the dialer's address ${what}: the transfer goes on`,
      ignore: missingNetpath() !== undefined,
      fn: () =>
        inScene(oneFile(SIZE), async (scene) => {
          await using path = await NetPath.start("metro", PATH);
          const [dialer, listener] = [inside(path.a.namespace), inside(path.b.namespace)];
          const ends = waits === "receiver"
            ? { sender: dialer, receiver: listener }
            : { sender: listener, receiver: dialer };
          await using verified = new Verified(scene.places.into);
          await scene.startDirectly({ waits, listen: path.b.address, ...ends });
          await verified.some(SIZE / MIB / 5);
          const changedMs = performance.now();
          await act(path);
          await scene.ends([0]);
          const goneMs = verified.longestPauseAfter(changedMs);
          print(
            `B17: the dialer's address ${what} (the ${waits} waits): ` +
              `${(goneMs / 1000).toFixed(1)} s until the next block, bound ${boundMs / 1000} s`,
          );
          assert.ok(goneMs < 5 * boundMs, `${goneMs} ms until the next block was verified`);
        }),
    });
  }
}

/** When blocks were verified: each of them is written down in the file's journal. */
class Verified implements AsyncDisposable {
  readonly #watcher: Deno.FsWatcher;
  readonly #timesMs: number[] = [];
  readonly #reading: Promise<void>;
  #enough: { readonly count: number; readonly reached: () => void } | undefined;

  constructor(into: string) {
    this.#watcher = Deno.watchFs(into);
    this.#reading = this.#read();
  }

  /** Resolved when so many have been. */
  some(count: number): Promise<void> {
    return new Promise((reached) => this.#enough = { count, reached });
  }

  /** The longest time without any after a moment at which there was more to come. */
  longestPauseAfter(sinceMs: number): number {
    const after = this.#timesMs.filter((timeMs) => timeMs > sinceMs);
    assert.ok(after.length > 0, "nothing was left to verify when the network changed");
    return Math.max(...after.map((timeMs, index) => timeMs - (after[index - 1] ?? sinceMs)));
  }

  async #read(): Promise<void> {
    for await (const { kind, paths } of this.#watcher) {
      if (kind !== "modify" || !paths.some((path) => path.endsWith(".journal"))) continue;
      this.#timesMs.push(performance.now());
      if (this.#enough !== undefined && this.#timesMs.length >= this.#enough.count) this.#enough.reached();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.close();
    await this.#reading;
  }
}
