/** What strangers make a waiting receiver do with the file system, as the kernel sees it: nothing (I9). */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ULTRA } from "../../scripts/paths.ts";
import { greet, Speaker } from "./hostile_peer.ts";
import { Box, honestSend, UltraProcess } from "./ultra_process.ts";
import { CODES, dialerHello, message, type Name, u16, u32, wellFormed, type WireTicket } from "./wire.ts";

/** Every call that names a file, and those on descriptors that read, change or create one. */
const CALLS =
  "%file,getdents64,fstat,fstatfs,ftruncate,fallocate,fsync,fdatasync,syncfs,pwrite64,pwritev,pread64,flock,fchmod,fchown,lseek";

/**
 * Looks at the kernel's own tables, which have nothing to do with what anybody says: glibc counts the cores when a second thread first
 * needs a heap of its own and asks for the overcommit mode when it gives memory back, Deno's abseil wants the processor's clock when two
 * threads first wait for one lock. No peer can choose such a name: no path of a transfer is absolute. (A call during which another thread
 * makes one has no closing bracket in its first line.)
 */
const KERNEL_TABLE = /openat\(AT_FDCWD, "\/(proc|sys)\/[^"]*", O_RDONLY\|O_CLOEXEC(\)| <unfinished \.\.\.>)/;

async function hasStrace(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("strace", { args: ["-f", "true"], stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

/** A receiver under strace, and what it did since `mark`. */
class Traced implements AsyncDisposable {
  #mark = 0;

  private constructor(
    readonly process: UltraProcess,
    readonly ticket: WireTicket & { text: string },
    readonly log: string,
  ) {}

  /**
   * `-D`: the receiver is the child of the test, and gets its signals. What an earlier run left is there and is named: by then the receiver has
   * looked through its folder, which it does beside everything else.
   */
  static async start(box: Box, name: string): Promise<Traced> {
    const log = join(box.folder, name);
    await Deno.writeTextFile(join(box.into, ".ultra-0123456789abcdef.swap"), "an earlier version");
    const process = new UltraProcess(
      ["-D", "-f", "-o", log, "-e", `trace=${CALLS}`, ULTRA, "recv", "--listen", "127.0.0.1:0", "--into", box.into],
      "strace",
    );
    const ticket = await process.ticket();
    await process.shows("Waiting for the other side");
    await process.shows("is the previous version of");
    return new Traced(process, ticket, log);
  }

  async mark(): Promise<void> {
    this.#mark = (await Deno.readTextFile(this.log)).length;
  }

  /** Calls since the mark, on files. */
  async calls(): Promise<readonly string[]> {
    const lines = (await Deno.readTextFile(this.log)).slice(this.#mark).split("\n").slice(0, -1);
    const isCall = (line: string) => !/^\d+ +(---|\+\+\+|<\.\.\. .* resumed>)/.test(line);
    return lines.filter((line) => isCall(line) && !KERNEL_TABLE.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

/** Everything that strangers try, in short. */
async function attack(speaker: Speaker, ticket: WireTicket): Promise<void> {
  const { port, token } = ticket;
  const refused = async (...say: readonly Uint8Array[]) => {
    const peer = await speaker.connect(port);
    peer.send(...say);
    assert.equal((await peer.closed).cause, "peer");
  };
  const hello = dialerHello({ token, direction: 0 });
  for (const name of Object.keys(CODES) as Name[]) {
    if (name !== "dialer-hello") await refused(wellFormed(name, token));
    await refused(hello, wellFormed(name, token));
  }
  await refused(crypto.getRandomValues(new Uint8Array(3000)), new Uint8Array(2000));
  await refused(u16(CODES["dialer-hello"]), u32(2 ** 32 - 1));
  await refused(dialerHello({ token, direction: 0, versions: [9] }));
  await refused(dialerHello({ token: new Uint8Array(16), direction: 1 }), message("proof", new Uint8Array(32)));
  await speaker.dial(port, ["h3"]).closed;
  const guesser = await speaker.connect(port);
  guesser.send((await greet(guesser, ticket, new Uint8Array(16))).proof);
  await guesser.closed;
  // One waits until its time is up, with lanes that it may not open.
  const silent = await speaker.connect(port);
  speaker.tell({ op: "lanes", key: silent.key, blocks: 4 });
  silent.send(hello);
  assert.equal((await silent.closed).code, 5);
}

Deno.test({
  name: "hostile: I9 strangers cause no file-system call at all (strace), an honest transfer does",
  ignore: Deno.build.os !== "linux" || !await hasStrace(),
  async fn() {
    await using box = await Box.make();
    await using other = await Box.make();
    await using speaker = new Speaker();
    const traces = [Traced.start(box, "trace"), Traced.start(other, "trace")] as const;
    await using attacked = await traces[0];
    await using idle = await traces[1];
    await attacked.mark();
    await idle.mark();
    await attack(speaker, attacked.ticket);
    assert.deepEqual(await idle.calls(), []);
    assert.deepEqual(await attacked.calls(), []);
    // The twin: the same instruments see the transfer of a file.
    for (const traced of [attacked, idle]) {
      const sent = await honestSend(traced.ticket.text);
      assert.equal(sent.code, 0, sent.stderr);
      const calls = await traced.calls();
      // (Contents are synced by one syncfs a group where the file system allows it, otherwise by an fdatasync each.)
      for (const call of [/ openat\(/, / renameat2\(/, / pwrite64\(/, / (syncfs|fdatasync)\(/]) {
        assert.ok(calls.some((line) => call.test(line)), `no ${call} in\n${calls.join("\n")}`);
      }
    }
  },
});
