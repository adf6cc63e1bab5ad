/** `packaging/install.ps1` against a server on this machine, where there is a PowerShell: a Windows one, or `pwsh` on any system. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { outputOf } from "../../scripts/shell.ts";
import { namesIn } from "../e2e/files.ts";
import { inWorkspace, type Workspace } from "../e2e/harness.ts";
import { PROGRAM, releaseOf, serve } from "./install_server.ts";

const SCRIPT = join(ROOT, "packaging", "install.ps1");
const NAME = "ultra-windows-x64.exe";

async function findShell(): Promise<string | undefined> {
  for (const program of ["pwsh", "powershell"]) {
    const answer = await outputOf(program, ["-NoProfile", "-Command", "$PSVersionTable.PSVersion.Major"]).catch(
      () => {},
    );
    if (answer !== undefined) return program;
  }
  return undefined;
}

const shell = await findShell();

function test(name: string, body: (workspace: Workspace) => Promise<void>): void {
  Deno.test({
    name: `install.ps1: ${name}${shell === undefined ? ": skipped, there is no PowerShell" : ""}`,
    ignore: shell === undefined,
    fn: () => inWorkspace(body),
  });
}

interface Terms {
  readonly address?: string;
  readonly into: string;
  readonly cpu?: string;
}

async function install({ address = "", into, cpu = "AMD64" }: Terms) {
  assert.ok(shell !== undefined);
  const output = await new Deno.Command(shell, {
    args: [
      "-NoProfile",
      "-NonInteractive",
      ...Deno.build.os === "windows" ? ["-ExecutionPolicy", "Bypass"] : [],
      "-File",
      SCRIPT,
    ],
    // (With the folder in Path already, the script leaves the user's own Path alone.)
    env: {
      ULTRA_RELEASES: address,
      ULTRA_INSTALL_DIR: into,
      PROCESSOR_ARCHITECTURE: cpu,
      PROCESSOR_ARCHITEW6432: "",
      ...Deno.build.os === "windows" && { PATH: `${Deno.env.get("PATH") ?? ""};${into}` },
    },
    stdin: "null",
  }).output();
  const [out, err] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code: output.code, out, err };
}

test("what fits its sum is placed, in the place of an older one", async (workspace) => {
  await using server = await serve(await releaseOf(NAME));
  const into = workspace.path("a new folder");
  for (let round = 0; round < 2; round++) {
    const { code, out, err } = await install({ address: server.address, into });
    assert.equal(code, 0, err);
    assert.match(out ?? "", /^installed .*ultra\.exe/);
    assert.deepEqual(await Deno.readFile(join(into, "ultra.exe")), PROGRAM);
  }
});

test("what does not fit its sum, or is cut off, replaces nothing", async (workspace) => {
  const into = await workspace.make("into");
  await Deno.writeTextFile(join(into, "ultra.exe"), "older");
  const refused = async (files: Awaited<ReturnType<typeof releaseOf>>, said: RegExp, cut?: string) => {
    await using server = await serve(files, cut);
    const { code, err } = await install({ address: server.address, into });
    assert.equal(code, 1, err);
    assert.match(err ?? "", said);
    assert.equal(await Deno.readTextFile(join(into, "ultra.exe")), "older");
    assert.deepEqual(namesIn(into), ["ultra.exe"]);
  };
  await refused(await releaseOf(NAME, PROGRAM, "0".repeat(64)), /is not what SHA256SUMS says .*nothing was installed/s);
  await refused(await releaseOf(NAME), /cannot be downloaded whole/, NAME);
  await refused(new Map(), /SHA256SUMS cannot be downloaded/);
});

test("no address, another processor, a release without Windows: one line and 2", async (workspace) => {
  const into = await workspace.make("into");
  await using server = await serve(await releaseOf("ultra-linux-x64"));
  const cases: readonly (readonly [Partial<Terms>, RegExp])[] = [
    [{}, /no address of releases; set ULTRA_RELEASES/],
    [{ address: server.address, cpu: "x86" }, /there is no ultra for x86 processors/],
    [{ address: server.address }, /has no ultra-windows-x64\.exe/],
  ];
  for (const [terms, said] of cases) {
    const { code, err } = await install({ into, ...terms });
    assert.equal(code, 2, err);
    assert.match(err ?? "", said);
    assert.deepEqual(namesIn(into), []);
  }
});

test("a folder that cannot be made is named with the way out, and 4", async (workspace) => {
  await using server = await serve(await releaseOf(NAME));
  await Deno.writeTextFile(workspace.path("file"), "");
  const { code, err } = await install({ address: server.address, into: workspace.path("file", "bin") });
  assert.equal(code, 4, err);
  assert.match(err ?? "", /choose another one with ULTRA_INSTALL_DIR/);
});
