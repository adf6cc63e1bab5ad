/** `ultra ticket` with real processes: made without running, for one thing, for a time, and taken back; and two jobs that start by themselves. */

import assert from "node:assert/strict";
import { encodeTicket, parseTicket } from "../../src/protocol/ticket.ts";
import { assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { type Event, inWorkspace, type Ultra, type Workspace } from "./harness.ts";
import { countedSocket, silentSocket } from "./udp.ts";

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  await using socket = await silentSocket();
  return socket.port;
}

/** An identity whose side waits on loopback, and what `ultra ticket` says of it. */
class Tickets {
  readonly identity: string;
  readonly #workspace: Workspace;
  readonly #advertise: string;

  private constructor(workspace: Workspace, port: number) {
    this.#workspace = workspace;
    this.identity = workspace.path("identity");
    this.#advertise = `127.0.0.1:${port}`;
  }

  static async at(workspace: Workspace): Promise<Tickets> {
    return new Tickets(workspace, await freePort());
  }

  run(...args: readonly string[]): Ultra {
    return this.#workspace.start(["ticket", "--identity", this.identity, ...args]);
  }

  /** Makes a ticket, or shows the identity's own. */
  async make(...args: readonly string[]): Promise<string> {
    const ultra = this.run("--advertise", this.#advertise, ...args);
    await ultra.exits(0);
    return await ultra.ticket();
  }
}

Deno.test("e2e: ultra ticket makes the identity, prints the same lasting ticket each time, and a side that waits with it has it", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const text = await tickets.make();
    assert.equal(await tickets.make(), text);
    const ticket = parseTicket(text);
    assert.deepEqual([ticket.role, ticket.longLived, ticket.pin.length, ticket.hints.length], [
      "identity",
      true,
      32,
      1,
    ]);
    assert.equal((await Deno.stat(tickets.identity)).mode, 0o100600);
    assert.deepEqual(namesIn(workspace.folder), ["identity"]);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into, "--identity", tickets.identity]);
    const shown = parseTicket(await receiver.ticket());
    assert.deepEqual([shown.pin, shown.token, shown.hints], [ticket.pin, ticket.token, ticket.hints]);
    const source = await writeFile(workspace.path("a.bin"), 100_000);
    const sender = workspace.start(["send", source], { env: { ULTRA_TICKET: text } });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(`${into}/a.bin`, source);
  }));

Deno.test("e2e: an identity in a folder that is not there is refused at once, with 4, by whoever would make it", () =>
  inWorkspace(async (workspace) => {
    const identity = workspace.path("missing/identity");
    const [source, into] = [await writeFile(workspace.path("a.bin"), 1), await workspace.make("into")];
    const makers = [["ticket"], ["send", source], ["recv", "--into", into], ["serve", into]];
    for (const maker of makers) {
      const ultra = workspace.start([...maker, "--identity", identity]);
      await ultra.exits(4);
      assert.match(
        ultra.stderr.text,
        /^ultra: The identity cannot be written \(no such folder, or a link that leads nowhere\): .*missing.identity$/m,
      );
    }
  }));

Deno.test("e2e: with a lasting ticket ls is refused by a sender that waits, with 2, and get fetches from it", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const [own, read] = [await tickets.make(), await tickets.make("--allow", "read")];
    const sources = [
      await writeFile(workspace.path("one.txt"), 1000),
      await writeFile(workspace.path("two.txt"), 1000),
    ];
    for (const ticket of [own, read]) {
      const into = workspace.path(ticket === own ? "own" : "read");
      const sender = workspace.sendWaiting([...sources, "--identity", tickets.identity]);
      await sender.ticket();
      const list = workspace.start(["ls"], { env: { ULTRA_TICKET: ticket } });
      await list.exits(2);
      assert.match(list.stderr.text, /^ultra: The other side serves no folders .*ultra recv TICKET/m);
      const getter = workspace.start(["get", "one.txt", "--into", into], { env: { ULTRA_TICKET: ticket } });
      await Promise.all([getter.exits(0), sender.exits(0)]);
      assert.deepEqual(namesIn(into), ["one.txt"]);
    }
  }));

Deno.test("e2e: with a lasting ticket recv is refused by a server, with 2 and what to type, and leaves no folder", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const ticket = await tickets.make();
    const shared = await workspace.make("shared");
    const server = workspace.start(["serve", shared, "--identity", tickets.identity, "--listen", "127.0.0.1"]);
    await server.ticket();
    const receiver = workspace.start(["recv", "--into", workspace.path("into")], { env: { ULTRA_TICKET: ticket } });
    await receiver.exits(2);
    assert.match(receiver.stderr.text, /^ultra: The other side serves folders: choose: `ultra ls .*ultra get/m);
    assert.deepEqual(namesIn(workspace.folder), ["identity", "shared"]);
    server.kill("SIGINT");
    await server.exits(130);
  }));

for (const first of ["dialer", "listener"] as const) {
  Deno.test(`e2e: two jobs that start by themselves, the ${first} before the other one, both end with 0`, () =>
    inWorkspace(async (workspace) => {
      const tickets = await Tickets.at(workspace);
      const ticket = await tickets.make();
      const port = parseTicket(ticket).hints[0]?.port ?? assert.fail();
      const identity = await Deno.readTextFile(tickets.identity);
      await Deno.remove(tickets.identity);
      const source = await writeFile(workspace.path("a.bin"), 100_000);
      const into = await workspace.make("into");
      const waits = () => workspace.recv(["--into", into, "--wait", "60s"], { env: { ULTRA_IDENTITY: identity } });
      const dials = () => workspace.start(["send", "--wait", "60s", source], { env: { ULTRA_TICKET: ticket } });
      let jobs: readonly Ultra[];
      if (first === "listener") {
        const listener = waits();
        await listener.ticket();
        jobs = [listener, dials()];
      } else {
        const socket = await countedSocket(port);
        const dialer = dials();
        // Its handshake is sent again and again, and nobody is there for seconds.
        await socket.heardFor(2000);
        await socket[Symbol.asyncDispose]();
        jobs = [waits(), dialer];
      }
      await Promise.all(jobs.map((job) => job.exits(0)));
      await assertSameFile(`${into}/a.bin`, source);
    }));
}

Deno.test("e2e: a ticket for bringing files brings some and fetches none; an expired and a revoked one get 6 with the reason", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const own = await tickets.make();
    const write = await tickets.make("--label", "ci", "--allow", "write");
    const read = await tickets.make("--allow", "read", "--expires", "1h");
    const brief = await tickets.make("--label", "brief", "--expires", "1ms");
    assert.deepEqual([parseTicket(write).use, parseTicket(read).use, parseTicket(brief).use], [
      "write",
      "read",
      undefined,
    ]);
    const into = await workspace.make("into");
    const source = await writeFile(workspace.path("a.bin"), 1000);
    const receiver = workspace.recv(["--into", into, "--stay", "--identity", tickets.identity]);
    await receiver.ticket();
    const send = (ticket: string) =>
      workspace.start(["send", source, "--retry-for", "0"], { env: { ULTRA_TICKET: ticket } });
    await send(write).exits(0);
    await assertSameFile(`${into}/a.bin`, source);

    const fetching = workspace.start(["recv"], { env: { ULTRA_TICKET: write } });
    await fetching.exits(2);
    assert.match(fetching.stderr.text, /This ticket is for bringing files/);
    // A holder who changes what the ticket says of itself gains nothing: the table decides.
    const { use: _, ...forged } = parseTicket(read);
    const forger = send(encodeTicket(forged));
    await forger.exits(6);
    assert.match(forger.stderr.text, /The other side: This ticket is for fetching files/);
    const late = send(brief);
    await late.exits(6);
    assert.match(late.stderr.text, /does not know this ticket.*it has expired or was taken back/);

    const listed = tickets.run("--list", "--json");
    await listed.exits(0);
    const rows = listed.events.filter(({ type }) => type === "ticket-listed");
    const shown = ({ label, allow, under, isExpired }: Event) => [label, allow, under, isExpired];
    assert.deepEqual(rows.map(shown), [
      ["ci", "write", null, false],
      ["ticket-1", "read", null, false],
      ["brief", null, null, true],
    ]);
    const revoking = tickets.run("--revoke", "ci");
    await revoking.exits(0);
    assert.match(revoking.stderr.text, /^The ticket ci is taken back/m);
    await tickets.run("--revoke", "ci").exits(2);
    // The running listener reads its file again within a second or two: until then the ticket is taken.
    const ends = Date.now() + 20_000;
    let code = 0;
    while (code === 0 && Date.now() < ends) code = await send(write).exit();
    assert.equal(code, 6);
    await send(own).exits(0);
    receiver.end("SIGINT");
    await receiver.gone;
  }));

Deno.test("e2e: a transfer that runs ends when its ticket is taken back, with 6 on both sides, and others go on", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const [stays, goes] = [await tickets.make("--label", "stays"), await tickets.make("--label", "goes")];
    const shared = await workspace.make("shared");
    const source = await writeFile(`${shared}/large`, 48 * MIB);
    const limits = ["--rate-limit", "8M", "--json", "--listen", "127.0.0.1"];
    const accept = ["--accept", await workspace.make("uploads")];
    const server = workspace.start(["serve", shared, "--identity", tickets.identity, ...limits, ...accept]);
    await server.ticket();
    const get = async (ticket: string, name: string) => {
      const into = await workspace.make(name);
      return workspace.start(["get", "shared/large", "--into", into, "--json"], { env: { ULTRA_TICKET: ticket } });
    };
    const [other, one] = [await get(stays, "other"), await get(goes, "one")];
    await Promise.all([other.midway(), one.midway()]);
    await tickets.run("--revoke", "goes").exits(0);
    await one.exits(6);
    assert.match(String((await one.event("error"))["text"]), /The ticket of this transfer was taken back/);
    const { code, ticket } = await server.event("client", ({ code }) => code !== 0);
    assert.deepEqual([code, ticket], [6, "goes"]);
    assert.doesNotMatch(one.stderr.text, /the same command again/);
    const asked = server.events.filter(({ type }) => type === "request").map(({ ticket }) => ticket);
    assert.deepEqual(asked.sort(), ["goes", "stays"]);
    await (await get(goes, "one")).exits(6);
    await server.event("warning", ({ text }) => /^The ticket goes has expired or was taken back/.test(String(text)));
    await other.exits(0);
    await assertSameFile(`${workspace.path("other")}/large`, source);
    const upload = await writeFile(workspace.path("upload"), 1000);
    await workspace.start(["send", upload], { env: { ULTRA_TICKET: stays } }).exits(0);
    assert.equal((await server.event("complete", ({ role }) => role === "receive"))["ticket"], "stays");
    server.end("SIGINT");
    await server.gone;
  }));

Deno.test("e2e: many ultra ticket at once lose nothing, and the identity is made once", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const labels = ["a", "b", "c", "d", "e", "f"];
    const made = await Promise.all(labels.map((label) => tickets.make("--label", label)));
    const pins = new Set(made.map((text) => parseTicket(text).pin.toHex()));
    const tokens = new Set(made.map((text) => parseTicket(text).token.toHex()));
    assert.deepEqual([pins.size, tokens.size], [1, labels.length]);
    const listed = tickets.run("--list", "--json");
    await listed.exits(0);
    const rows = listed.events.filter(({ type }) => type === "ticket-listed").map(({ label }) => label);
    assert.deepEqual(rows.sort(), labels);
    assert.deepEqual(namesIn(workspace.folder), ["identity"], "nothing is left beside it");
  }));

Deno.test("e2e: a ticket for a folder of what is served is no ticket for a side that serves none", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const under = await tickets.make("--allow", "read", "--under", "photos");
    const source = await writeFile(workspace.path("a.bin"), 1000);
    const sender = workspace.start(["send", source, "--identity", tickets.identity]);
    await sender.ticket();
    const receiver = workspace.start(["recv", "--into", workspace.folder], { env: { ULTRA_TICKET: under } });
    await receiver.exits(6);
    assert.match(receiver.stderr.text, /The other side: This ticket is for one folder of what is served/);
    sender.end("SIGINT");
    await sender.gone;
  }));

Deno.test("H1: scoped tickets: the folder of one is a name also where it looks like a pattern, and nothing that would fit it is there", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const photos = await workspace.make("photos");
    for (const [name, size] of [["2023", 3], ["2024", 4], ["[ab]", 5], ["a", 6]] as const) {
      await workspace.make("photos", name);
      await writeFile(`${photos}/${name}/${name} file`, size);
    }
    const [all, years, brackets] = [
      await tickets.make("--allow", "read", "--under", "photos/*"),
      await tickets.make("--allow", "read", "--under", "photos/202[34]"),
      await tickets.make("--allow", "read", "--under", "photos/[ab]"),
    ];
    const server = workspace.start(["serve", "--listen", "127.0.0.1", "--identity", tickets.identity, photos]);
    await server.ticket();
    const into = await workspace.make("into");
    const client = (ticket: string, ...args: readonly string[]) =>
      workspace.start(args, { env: { ULTRA_TICKET: ticket } });
    const get = (ticket: string, path: string) => client(ticket, "get", "--into", into, path);
    for (const path of ["photos/*", "photos/*/2023 file", "photos/2023"]) await get(all, path).exits(4);
    await client(all, "ls").exits(4);
    for (const path of ["photos/202[34]", "photos/202[34]/*", "photos/2023"]) await get(years, path).exits(4);
    assert.deepEqual(namesIn(into), []);
    // A folder of such a name is one like any other, and patterns below it are looked for.
    const listed = client(brackets, "ls");
    await listed.exits(0);
    assert.match(listed.stdout.text, / photos\/\[ab\]\/\[ab\] file$/m);
    await get(brackets, "photos/[ab]").exits(0);
    await assertSameFile(`${into}/[ab]/[ab] file`, `${photos}/[ab]/[ab] file`);
    await get(brackets, "photos/[ab]/* file").exits(0);
    await assertSameFile(`${into}/[ab] file`, `${photos}/[ab]/[ab] file`);
    // Once it is gone, its ticket opens nothing else.
    await Deno.rename(`${photos}/[ab]`, `${photos}/b`);
    for (const path of ["photos/[ab]", "photos/[ab]/a file", "photos/[ab]/*"]) await get(brackets, path).exits(4);
    server.end("SIGINT");
    await server.exits(130);
    assert.deepEqual(namesIn(into), ["[ab]", "[ab] file"]);
  }));

Deno.test("scoped tickets: whatever ls prints is what get takes with the same ticket, for a folder below a shared one too", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const photos = await workspace.make("photos");
    await workspace.make("photos", "2024", "june");
    await writeFile(`${photos}/2024/a.jpg`, 10);
    await writeFile(`${photos}/2024/june/b.jpg`, 20);
    const read = (...under: string[]) => tickets.make("--allow", "read", ...under.flatMap((path) => ["--under", path]));
    const cases = [
      { ticket: await tickets.make(), top: ["photos"] },
      { ticket: await read(), top: ["photos"] },
      { ticket: await read("photos"), top: ["photos", "photos/2024"] },
      { ticket: await read("photos/2024"), top: ["photos/2024", "photos/2024/a.jpg", "photos/2024/june"] },
      { ticket: await read("photos/2024/a.jpg"), top: ["photos/2024/a.jpg"] },
    ];
    const server = workspace.start(["serve", "--listen", "127.0.0.1", "--identity", tickets.identity, photos]);
    await server.ticket();
    for (const [index, { ticket, top }] of cases.entries()) {
      const env = { ULTRA_TICKET: ticket };
      const list = async (...path: string[]) => {
        const ls = workspace.start(["ls", "--json", ...path], { env });
        await ls.exits(0);
        return ls.events.filter(({ type }) => type === "entry").map(({ path }) => String(path));
      };
      assert.deepEqual(await list(), top);
      const all = [...top];
      for (const path of top) if (!path.endsWith("jpg")) all.push(...await list(path));
      for (const path of new Set(all)) {
        const into = await workspace.make(`into${index}`, path);
        await workspace.start(["get", "--no-sync", "--into", into, path], { env }).exits(0);
        assert.deepEqual(namesIn(into), [path.split("/").at(-1)]);
      }
    }
    server.end("SIGINT");
    await server.exits(130);
  }));

Deno.test("scoped tickets: one for a folder is to read, and brings nothing into the folder for uploads", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    for (const allow of [[], ["--allow", "write"]]) {
      const refused = tickets.run("--under", "photos", ...allow);
      await refused.exits(2);
      assert.match(refused.stderr.text, /--under is about what is served, .* takes --allow read as well/);
    }
    const ticket = await tickets.make("--allow", "read", "--under", "photos");
    const { photos, uploads } = { photos: await workspace.make("photos"), uploads: await workspace.make("uploads") };
    const flags = ["--listen", "127.0.0.1", "--identity", tickets.identity, "--accept", uploads];
    const server = workspace.start(["serve", ...flags, photos]);
    await server.ticket();
    const { use: _, ...forBoth } = parseTicket(ticket);
    const source = await writeFile(workspace.path("up.txt"), 10);
    const sender = workspace.start(["send", source], { env: { ULTRA_TICKET: encodeTicket(forBoth) } });
    await sender.exits(2);
    assert.match(sender.stderr.text, /takes none with this ticket/);
    server.end("SIGINT");
    await server.exits(130);
    assert.deepEqual(namesIn(uploads), []);
  }));

Deno.test("e2e: an identity that is damaged, open to others or not there is refused, and nothing of it is shown", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    await tickets.run("--list").exits(2);
    await tickets.make();
    const text = await Deno.readTextFile(tickets.identity);
    await Deno.chmod(tickets.identity, 0o644);
    const open = tickets.run("--label", "x");
    await open.exits(2);
    assert.match(open.stderr.text, /Other users may read or change the identity file/);
    await Deno.chmod(tickets.identity, 0o600);
    await Deno.writeTextFile(tickets.identity, text.slice(0, 300));
    const damaged = tickets.run("--label", "x");
    await damaged.exits(2);
    assert.match(damaged.stderr.text, /There is no identity in it, or only a part of one/);
    assert.ok(!damaged.stderr.text.includes(text.slice(100, 140)));
  }));

Deno.test("e2e: an identity with many tickets fits ULTRA_IDENTITY, and one that is too long for it is refused, never ignored", () =>
  inWorkspace(async (workspace) => {
    const tickets = await Tickets.at(workspace);
    const own = parseTicket(await tickets.make());
    const under = Array(10).fill("n".repeat(250)).join("/");
    for (const label of ["a", "b", "c"]) await tickets.make("--label", label, "--allow", "read", "--under", under);
    const text = await Deno.readTextFile(tickets.identity);
    assert.ok(text.length > 8000, `${text.length}`);
    const receiver = workspace.recv([], { env: { ULTRA_IDENTITY: text } });
    assert.deepEqual(parseTicket(await receiver.ticket()).token, own.token);
    receiver.end("SIGINT");
    await receiver.gone;
    const long = workspace.recv([], { env: { ULTRA_IDENTITY: "x".repeat(40_000) + text } });
    await long.exits(2);
    assert.match(long.stderr.text, /ULTRA_IDENTITY holds no identity, or only a part of one/);
  }));
