/** What the process that the launcher becomes was given, and what others see of it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { CACHE, STATE, ULTRA } from "../../scripts/paths.ts";
import { PERMISSIONS } from "../../src/cli/permissions.ts";
import { inWorkspace, type Workspace } from "../e2e/harness.ts";
import { IS_ROOT, ORDINARY, ran } from "./support.ts";

/** A ticket that leads nowhere. It is long enough to be one. */
const NOWHERE = `ultra1${"abcdefghijklmnopqrstuvwxyz234567".repeat(3)}`;

const isLinux = Deno.build.os === "linux";

async function wordsOf(pid: number, what: "cmdline" | "environ"): Promise<string[]> {
  return (await Deno.readTextFile(`/proc/${pid}/${what}`)).split("\0");
}

/** A receiver, and a sender that waits for it with the ticket as it is given. */
async function waitingSender(
  workspace: Workspace,
  give: (ticket: string) => { args?: readonly string[]; env?: Record<string, string> },
) {
  await Deno.writeTextFile(workspace.path("f"), "content");
  const receiver = workspace.recv(["--into", await workspace.make("in")]);
  const ticket = await receiver.ticket();
  receiver.kill("SIGSTOP"); // so that there is time to look at the sender
  const { args = [], env = {} } = give(ticket);
  const sender = workspace.start(["send", "f", ...args], { env });
  await sender.says(/^Connecting/);
  return { receiver, sender, ticket };
}

const WAYS = {
  "an argument": (ticket: string) => ({ args: [ticket] }),
  "a flag": (ticket: string) => ({ args: [`--to=${ticket}`] }),
  "a variable": (ticket: string) => ({ env: { ULTRA_TICKET: ticket } }),
};

for (const [name, give] of Object.entries(WAYS)) {
  Deno.test({
    name: `T11: a ticket in ${name} is neither in the list of processes nor in the environment, and works`,
    ignore: !isLinux,
    async fn() {
      await inWorkspace(async (workspace) => {
        const { receiver, sender, ticket } = await waitingSender(workspace, give);
        for (const what of ["cmdline", "environ"] as const) {
          const words = await wordsOf(sender.pid, what);
          assert.ok(!words.some((word) => word.includes(ticket.slice(0, 30))), words.join("\n"));
        }
        receiver.kill("SIGCONT");
        await Promise.all([sender.exits(0), receiver.exits(0)]);
        assert.equal(await Deno.readTextFile(workspace.path("in", "f")), "content");
      });
    },
  });
}

Deno.test({
  name: "T11: another process of the same user can neither read the environment nor the memory, and no core is left",
  ignore: !isLinux || !IS_ROOT,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "ultra-private-" });
    await Deno.chown(folder, ORDINARY, ORDINARY);
    const program = join(folder, "ultra");
    await Deno.copyFile(ULTRA, program);
    const child = new Deno.Command(program, {
      args: ["recv", "--listen", "127.0.0.1:0", "--into", folder],
      env: { HOME: folder, XDG_CACHE_HOME: join(folder, "cache") },
      // Another user may have no access to this process's own.
      cwd: folder,
      uid: ORDINARY,
      gid: ORDINARY,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      const reader = child.stdout.getReader();
      await reader.read(); // the ticket: it listens
      await reader.cancel();
      for (const name of ["environ", "mem", "maps"]) {
        const tried = await ran("cat", [`/proc/${child.pid}/${name}`], { user: ORDINARY, cwd: folder });
        assert.equal(tried.code, 1, name);
        assert.match(tried.stderr, /Permission denied/);
      }
      // What everybody may see is still there.
      assert.equal((await ran("cat", [`/proc/${child.pid}/stat`], { user: ORDINARY, cwd: folder })).code, 0);
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "T11: an ordinary user transfers, with a ticket from a pipe in /proc",
  ignore: !isLinux || !IS_ROOT,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "ultra-ordinary-" });
    try {
      await Deno.chown(folder, ORDINARY, ORDINARY);
      const program = join(folder, "ultra");
      await Deno.copyFile(ULTRA, program);
      // The receiver's first line is the ticket; the sender reads it from a descriptor of its own.
      const script = `
        mkdir in; echo content >f; mkfifo tickets
        "$ULTRA" recv --listen 127.0.0.1:0 --into in >tickets &
        read ticket <tickets
        echo "$ticket" | "$ULTRA" send f --ticket /proc/self/fd/0
        wait $!
        cmp f in/f`;
      const env = { ULTRA: program, HOME: folder };
      const { code, stderr } = await ran("sh", ["-ec", script], { user: ORDINARY, cwd: folder, env });
      assert.equal(code, 0, stderr);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "launcher: no variable of Deno's or Node's reaches the process, and only the command's permissions do",
  ignore: !isLinux,
  async fn() {
    await inWorkspace(async (workspace) => {
      const env = {
        DENO_V8_FLAGS: "--no-such-flag",
        DENO_DIR: workspace.path("mine"),
        DENO_CERT: "c",
        NODE_OPTIONS: "--no-such-option",
        NODE_CHANNEL_FD: "3",
        OTEL_DENO: "true",
        LD_LIBRARY_PATH: "/nowhere",
      };
      const receiver = workspace.recv(["--into", await workspace.make("in")], { env });
      await receiver.ticket();
      const names = (await wordsOf(receiver.pid, "environ")).map((word) => word.split("=")[0] ?? "");
      const deno = names.filter((name) => /^(DENO_|NODE_|OTEL_)/.test(name)).sort();
      assert.deepEqual(deno, ["DENO_DIR", "DENO_NO_UPDATE_CHECK"]);
      assert.ok(names.includes("LD_LIBRARY_PATH"), "the user's own");
      await assert.rejects(Deno.stat(workspace.path("mine")), Deno.errors.NotFound);

      const flags = (await wordsOf(receiver.pid, "cmdline")).filter((word) => word.startsWith("--allow"));
      const [library, ...others] = flags;
      assert.match(library ?? "", new RegExp(`^--allow-ffi=${CACHE}/ultra/[0-9a-f]{32}/libultra_engine\\.so$`));
      assert.deepEqual(["--allow-ffi", ...others], PERMISSIONS.recv);
    });
  },
});

Deno.test("launcher: no command may run programs or use Deno's network", () => {
  for (const flag of Object.values(PERMISSIONS).flat()) {
    assert.match(flag, /^--allow-(ffi|read|write|read=PATH\.\.\.|sys=hostname,networkInterfaces)$/);
  }
});

Deno.test("launcher: it works through links, from any folder, and below a cache with an awkward name", async () => {
  await inWorkspace(async (workspace) => {
    const env = { XDG_CACHE_HOME: workspace.path("it's, 100% #1? & \u00e4") };
    await Deno.mkdir(workspace.path("bin"));
    await Deno.symlink(ULTRA, workspace.path("bin", "absolute"));
    await Deno.symlink("absolute", workspace.path("bin", "relative"));
    const help = await ran(workspace.path("bin", "relative"), ["--help"], { env, cwd: "/" });
    assert.match(help.stdout, /^Usage: ultra COMMAND/);
    await Deno.writeTextFile(workspace.path("f"), "content");
    const receiver = workspace.recv(["--into", await workspace.make("in")], { env });
    const sender = workspace.start(["send", "f", await receiver.ticket()], { env });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
  });
});

Deno.test({
  name: "T22: a signal that was ignored at the start stays ignored, as under nohup",
  ignore: !isLinux,
  async fn() {
    await inWorkspace(async (workspace) => {
      await Deno.writeTextFile(workspace.path("f"), "content");
      const limits = `trap "" HUP INT`;
      const receiver = workspace.recv(["--into", await workspace.make("in")], { limits });
      const ticket = await receiver.ticket();
      for (const signal of ["SIGHUP", "SIGINT", "SIGINT"] as const) receiver.kill(signal);
      await workspace.start(["send", "f", ticket]).exits(0);
      await receiver.exits(0);
    });
  },
});

Deno.test("T22: a signal that was not ignored ends the run, also beside one that was", async () => {
  await inWorkspace(async (workspace) => {
    const receiver = workspace.recv([], { limits: `trap "" HUP` });
    await receiver.ticket();
    receiver.kill("SIGHUP");
    receiver.kill("SIGTERM");
    await receiver.exits(143);
  });
});

Deno.test("T30: an argument that is no UTF-8 is one line of ultra's own, and exit code 2", async () => {
  for (const json of ["", "--json"]) {
    const script = `exec "$ULTRA" send ${json} "$(printf 'r\\344ks')"`;
    const { code, stdout, stderr } = await ran("sh", ["-c", script], {
      env: { ULTRA, XDG_CACHE_HOME: CACHE, XDG_STATE_HOME: STATE },
    });
    assert.equal(code, 2);
    assert.match(stderr, /^ultra: Argument [23] is not valid UTF-8; rename the file or folder first: r\ufffdks\n$/);
    if (json === "") continue;
    const { type, code: told } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    assert.deepEqual({ type, told }, { type: "exit", told: 2 });
  }
});

Deno.test("T30: in a deleted folder a transfer is one line of ultra's own and exit code 4, and help works", async () => {
  const gone = `d=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$ULTRA"`;
  const env = { ULTRA, XDG_CACHE_HOME: CACHE, XDG_STATE_HOME: STATE };
  for (const args of ["recv", "send /etc/hostname", "test --local"]) {
    const { code, stdout, stderr } = await ran("sh", ["-c", `${gone} ${args}`], { env });
    const line = "ultra: The current folder no longer exists; change to another one (cd) and run this again\n";
    assert.deepEqual({ code, stdout, stderr }, { code: 4, stdout: "", stderr: line });
  }
  const help = await ran("sh", ["-c", `${gone} help recv`], { env });
  assert.match(help.stdout, /^Usage: ultra recv/);
});

Deno.test("T11: a ticket in a place where none belongs is not shown", async () => {
  for (const args of [[NOWHERE], ["help", NOWHERE], ["recv", "--into", NOWHERE], ["--version", NOWHERE]]) {
    const { stdout, stderr } = await ran(ULTRA, args, { env: { XDG_CACHE_HOME: CACHE, XDG_STATE_HOME: STATE } });
    assert.ok(!`${stdout}${stderr}`.includes(NOWHERE.slice(0, 30)), `${stdout}${stderr}`);
  }
});
