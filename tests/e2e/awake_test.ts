/** The machine is kept awake while something moves: asked of a bus of our own, since no test machine has one that matters. */

import assert from "node:assert/strict";
import { MIB, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

/** Takes what programs say to a message bus, and answers nothing. */
class Bus implements Disposable {
  readonly #listener: Deno.UnixListener;
  readonly #asked = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  connections = 0;

  constructor(readonly path: string) {
    this.#listener = Deno.listen({ transport: "unix", path });
    void this.#accept();
  }

  get env(): Record<string, string> {
    return { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${this.path}` };
  }

  /** Resolved when somebody has asked for the lock. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /** Resolved when who asked for it has let it go. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.connections++;
      let said = "";
      const bytes = new Uint8Array(4096);
      for (let read = await connection.read(bytes); read !== null; read = await connection.read(bytes)) {
        said += new TextDecoder("latin1").decode(bytes.subarray(0, read));
        if (/org\.freedesktop\.login1\.Manager[^]*Inhibit[^]*sleep[^]*ultra[^]*block\0$/.test(said)) {
          this.#asked.resolve();
        }
      }
      connection.close();
      this.#gone.resolve();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

for (const who of ["send", "recv"] as const) {
  Deno.test(`sleep is inhibited by ultra ${who} while a transfer moves, and no longer`, () =>
    inWorkspace(async (workspace) => {
      using bus = new Bus(workspace.path("bus"));
      const source = await writeFile(workspace.path("source.bin"), 4 * MIB);
      const into = await workspace.make("into");
      const env = (side: "send" | "recv") => side === who ? { env: bus.env } : {};
      const receiver = workspace.recv(["--into", into, "--json"], env("recv"));
      const ticket = await receiver.ticket();
      assert.equal(bus.connections, 0, "whoever waits may sleep");
      const sender = workspace.start(["send", source, "--rate-limit", "2M", ticket], env("send"));
      await bus.asked;
      await Promise.all([sender.exits(0), receiver.exits(0), bus.gone]);
      assert.equal(bus.connections, 1);
    }));
}

Deno.test("--allow-sleep: the system is not asked", () =>
  inWorkspace(async (workspace) => {
    using bus = new Bus(workspace.path("bus"));
    const source = await writeFile(workspace.path("source.bin"), 4 * MIB);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--allow-sleep", "--into", into], { env: bus.env });
    const ticket = await receiver.ticket();
    const sender = workspace.start(["send", "--allow-sleep", source, ticket], { env: bus.env });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.equal(bus.connections, 0);
  }));
