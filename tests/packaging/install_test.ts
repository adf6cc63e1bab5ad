/** `packaging/install.sh` against a server on this machine. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { namesIn } from "../e2e/files.ts";
import { inWorkspace, type Workspace } from "../e2e/harness.ts";
import { PROGRAM, releaseOf, serve } from "./install_server.ts";

const SCRIPT = join(ROOT, "packaging", "install.sh");

const isUnix = Deno.build.os !== "windows";
const has = async (program: string) =>
  (await new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" }).output()).success;
const DOWNLOADERS = isUnix
  ? (await Promise.all(["curl", "wget"].map(async (one) => await has(one) ? [one] : []))).flat()
  : [];

interface Terms {
  readonly downloader: string;
  readonly address?: string;
  /** What `uname -s` and `uname -m` say. */
  readonly system?: readonly [system: string, machine: string];
  /** The only programs that the script finds. */
  readonly only?: readonly string[];
  readonly into: string;
}

const TOOLS = ["awk", "chmod", "mkdir", "mktemp", "mv", "rm", "sha256sum", "shasum"];

/** Runs the script with a PATH that holds what it needs, one downloader, and a `uname` of our own. */
async function install(workspace: Workspace, terms: Terms) {
  const { downloader, address, system = ["Linux", "x86_64"], only = [...TOOLS, downloader], into } = terms;
  const bin = await Deno.makeTempDir({ dir: workspace.folder, prefix: "bin-" });
  for (const tool of only) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `command -v ${tool}`] }).output();
    const path = new TextDecoder().decode(stdout).trim();
    if (path !== "") await Deno.symlink(path, join(bin, tool));
  }
  const [name, machine] = system;
  await Deno.writeTextFile(`${bin}/uname`, `#!/bin/sh\ncase $1 in -s) echo ${name} ;; -m) echo ${machine} ;; esac\n`);
  await Deno.chmod(`${bin}/uname`, 0o755);
  const env = { PATH: bin, HOME: workspace.folder, ULTRA_INSTALL_DIR: into, ...address && { ULTRA_RELEASES: address } };
  const command = new Deno.Command("/bin/sh", { args: [SCRIPT], env, clearEnv: true, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

const release = (program?: typeof PROGRAM, sum?: string) => releaseOf("ultra-linux-x64", program, sum);

for (const downloader of DOWNLOADERS) {
  Deno.test(`T55: install.sh with ${downloader}: what fits its sum is placed, in the place of an older one that runs`, () =>
    inWorkspace(async (workspace) => {
      await using server = await serve(await release());
      const into = workspace.path("a new", "folder");
      const { address } = server;
      const { code, out, err } = await install(workspace, { downloader, address, into });
      assert.equal(code, 0, err);
      assert.match(out, /^installed .*a new\/folder\/ultra\n.* is not in PATH: /);
      assert.deepEqual(await Deno.readFile(`${into}/ultra`), PROGRAM);
      assert.equal(((await Deno.stat(`${into}/ultra`)).mode ?? 0) & 0o777, 0o755);
      assert.deepEqual(namesIn(into), ["ultra"]);
      // Held open as by a copy that runs: the name leads to the new file, and what is open stays what it was.
      await Deno.writeTextFile(`${into}/ultra`, "older");
      using held = await Deno.open(`${into}/ultra`);
      assert.equal((await install(workspace, { downloader, address, into })).code, 0);
      assert.deepEqual(await Deno.readFile(`${into}/ultra`), PROGRAM);
      assert.equal((await held.stat()).size, 5);
    }));

  Deno.test(`install.sh with ${downloader}: what does not fit its sum, or is cut off, replaces nothing`, () =>
    inWorkspace(async (workspace) => {
      const into = await workspace.make("into");
      await Deno.writeTextFile(`${into}/ultra`, "older");
      const refused = async (files: Awaited<ReturnType<typeof release>>, said: RegExp, cut?: string) => {
        await using server = await serve(files, cut);
        const { code, err } = await install(workspace, { downloader, address: server.address, into });
        assert.equal(code, 1, err);
        assert.match(err, said);
        assert.equal(await Deno.readTextFile(`${into}/ultra`), "older");
        assert.deepEqual(namesIn(into), ["ultra"]);
      };
      await refused(
        await release(PROGRAM, "0".repeat(64)),
        /^install\.sh: ultra-linux-x64 is not what SHA256SUMS says .*nothing was installed\n$/,
      );
      await refused(await release(), /^install\.sh: .*ultra-linux-x64 cannot be downloaded whole$/m, "ultra-linux-x64");
      await refused(new Map(), /^install\.sh: .*SHA256SUMS cannot be downloaded$/m);
    }));
}

const FIRST = DOWNLOADERS.slice(0, 1);

for (const downloader of FIRST) {
  Deno.test("install.sh: a system without an executable, and settings that will not do, are one line and 2", () =>
    inWorkspace(async (workspace) => {
      await using server = await serve(await release());
      const { address } = server;
      const into = await workspace.make("into");
      const cases: readonly (readonly [Partial<Terms>, RegExp])[] = [
        [{ system: ["FreeBSD", "amd64"] }, /there is no ultra for FreeBSD; it runs on Linux, macOS and Windows/],
        [{ system: ["Linux", "riscv64"] }, /there is no ultra for riscv64 processors/],
        [{ system: ["Darwin", "arm64"] }, /has no ultra-macos-arm64/],
        [{ address: "" }, /no address of releases; set ULTRA_RELEASES/],
        [{ only: TOOLS }, /curl or wget is needed/],
        [{ only: [downloader, "awk", "mkdir", "mktemp", "rm"] }, /sha256sum or shasum is needed/],
      ];
      for (const [terms, said] of cases) {
        const { code, out, err } = await install(workspace, { downloader, address, into, ...terms });
        assert.equal(code, 2, err);
        assert.match(err, said);
        assert.match(err, /^install\.sh: .*\n$/, "one line");
        assert.equal(out, "");
        assert.deepEqual(namesIn(into), []);
      }
    }));

  Deno.test("install.sh: a folder that cannot be made or written is named with the way out, and 4", () =>
    inWorkspace(async (workspace) => {
      await using server = await serve(await release());
      const { address } = server;
      await Deno.writeTextFile(workspace.path("file"), "");
      const { code, err } = await install(workspace, { downloader, address, into: workspace.path("file", "bin") });
      assert.equal(code, 4);
      assert.match(
        err,
        /^install\.sh: the folder .*file\/bin cannot be made; choose another one with ULTRA_INSTALL_DIR\n$/,
      );
      // (Where nobody may write, root neither.)
      const there = await install(workspace, { downloader, address, into: "/proc/self" });
      assert.equal(there.code, 4);
      assert.match(there.err, /^install\.sh: the folder \/proc\/self cannot be written; choose another one/);
    }));
}
