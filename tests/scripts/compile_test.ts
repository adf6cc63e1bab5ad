import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { compile, layOut, permissions } from "../../scripts/compile.ts";
import { LIBRARY, PAYLOAD } from "../../scripts/paths.ts";
import { Failure } from "../../scripts/shell.ts";
import { writeFile } from "../e2e/files.ts";
import { inWorkspace, type Workspace } from "../e2e/harness.ts";

const lay = async (workspace: Workspace) =>
  await layOut(await workspace.make("layout"), {
    engine: LIBRARY,
    bundle: join(PAYLOAD, "ultra.js"), // `task test` has built it
    licenses: "What is in this executable\n",
  });

Deno.test("compile: Deno runs the bundle where it is laid out, with these permissions: it finds engine and licences", () =>
  inWorkspace(async (workspace) => {
    const { program } = await lay(workspace);
    // From another folder, as a user would.
    const options = {
      program: [Deno.execPath(), "run", "--quiet", "--no-config", ...permissions(), program],
      cwd: await workspace.make("elsewhere"),
    };
    const licenses = workspace.start(["licenses"], options);
    await licenses.exits(0);
    assert.equal(licenses.stdout.text, "What is in this executable");

    const source = await writeFile(workspace.path("source.bin"), 12_345);
    const receiver = workspace.recv(["--into", workspace.path("into")], options);
    const sender = workspace.start(["send", source], { ...options, env: { ULTRA_TICKET: await receiver.ticket() } });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(await Deno.readFile(workspace.path("into", "source.bin")), await Deno.readFile(source));
  }));

Deno.test("compile: it may do what each command may, and nothing that no command may", () => {
  const flags = permissions();
  for (const flag of ["--no-prompt", "--allow-ffi", "--allow-read", "--allow-write"]) {
    assert.ok(flags.includes(flag), flag);
  }
  assert.ok(flags.some((flag) => flag.startsWith("--allow-env=") && flag.includes("ULTRA_TICKET")));
  assert.ok(!flags.some((flag) => /^(-A|--allow-(all|run|net|import)|--allow-env$)/.test(flag)), flags.join(" "));
});

Deno.test("compile: Deno takes the engine into the file, whatever its runtime", () =>
  inWorkspace(async (workspace) => {
    // In the place of the runtime, which is not at hand: what comes out cannot run, but it holds what goes in.
    const named = Deno.env.get("DENORT_BIN");
    Deno.env.set("DENORT_BIN", Deno.execPath());
    try {
      await compile(await lay(workspace), workspace.path("out"));
    } finally {
      if (named === undefined) Deno.env.delete("DENORT_BIN");
      else Deno.env.set("DENORT_BIN", named);
    }
    const engine = Buffer.from(await Deno.readFile(LIBRARY));
    const made = Buffer.from(await Deno.readFile(workspace.path("out")));
    assert.ok(made.includes(engine.subarray(0, 4096)) && made.includes(engine.subarray(-4096)));
  }));

Deno.test("compile: what Deno cannot make is told in one line, with what Deno says", () =>
  inWorkspace(async (workspace) => {
    const layout = { ...await lay(workspace), program: workspace.path("missing.js") };
    await assert.rejects(
      compile(layout, workspace.path("out")),
      (error) => error instanceof Failure && /^deno compile failed; .*missing\.js[^\n]*$/.test(error.message),
    );
  }));
