/** `--clipboard` under Wayland: two headless compositors, each with a clipboard of its own, and wl-clipboard. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { namesIn } from "./files.ts";
import { inWorkspace, type StartOptions, type Workspace } from "./harness.ts";
import { giveToOrdinary, needsOrdinaryUser, ordinary } from "./ordinary_user.ts";

const GNOME = "x-special/gnome-copied-files";

async function hasProgram(name: string): Promise<boolean> {
  try {
    await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Counted as skipped where the system lacks them; sway refuses to run for root. */
const needsWayland = { ignore: needsOrdinaryUser.ignore || !await hasProgram("sway") || !await hasProgram("wl-copy") };

class Desktop implements AsyncDisposable {
  readonly #sway: Deno.ChildProcess;
  /** How programs of this desktop are started. */
  readonly options: StartOptions;

  private constructor(sway: Deno.ChildProcess, options: StartOptions) {
    this.#sway = sway;
    this.options = options;
  }

  /** Its name is that of its folder; sway says when it is ready, and which display it has. */
  static async open(workspace: Workspace, name: string): Promise<Desktop> {
    const user = await ordinary(workspace);
    const { before = "", env = {} } = user;
    const folder = await workspace.make(name);
    await Deno.chmod(folder, 0o700);
    await Deno.writeTextFile(join(folder, "config"), "xwayland disable\nexec echo $WAYLAND_DISPLAY\n");
    await Deno.chmod(join(folder, "config"), 0o644);
    await giveToOrdinary(folder);
    const own = { ...env, XDG_RUNTIME_DIR: folder, DISPLAY: "", WAYLAND_DISPLAY: "", XDG_CURRENT_DESKTOP: "" };
    const headless = { WLR_BACKENDS: "headless", WLR_LIBINPUT_NO_DEVICES: "1", WLR_RENDERER: "pixman" };
    const [program = "", ...args] = `${before} sway -c ${join(folder, "config")}`.trim().split(" ");
    const sway = new Deno.Command(program, {
      args,
      env: { ...own, ...headless },
      ...{ stdin: "null", stdout: "piped", stderr: "null" },
    }).spawn();
    const reader = sway.stdout.getReader();
    let said = "";
    while (!said.includes("\n")) {
      const { value, done } = await reader.read();
      assert.ok(!done, "sway did not start");
      said += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return new Desktop(sway, { ...user, before, env: { ...own, WAYLAND_DISPLAY: said.trim() } });
  }

  async copy(type: string, content: string): Promise<void> {
    const child = this.#command("wl-copy", ["--type", type], "piped").spawn();
    await ReadableStream.from([new TextEncoder().encode(content)]).pipeTo(child.stdin);
    assert.equal((await child.status).code, 0);
  }

  async paste(type: string): Promise<string> {
    const child = this.#command("wl-paste", ["--no-newline", "--type", type], "null", "piped").spawn();
    const { code, stdout } = await child.output();
    assert.equal(code, 0, `nothing of type ${type} is there`);
    return new TextDecoder().decode(stdout);
  }

  #command(name: string, flags: readonly string[], stdin: "piped" | "null", stdout: "piped" | "null" = "null") {
    const { before = "", env = {} } = this.options;
    const [program = "", ...args] = [...before.split(" "), name, ...flags].filter((word) => word !== "");
    return new Deno.Command(program, { args, env: { ...env }, stdin, stdout, stderr: "null" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sway.kill("SIGTERM");
    await this.#sway.status;
  }
}

/** Sends what is on one clipboard to the other one, and gives the folder of the receiver. */
async function moved(workspace: Workspace, here: Desktop, there: Desktop): Promise<string> {
  const into = await Deno.makeTempDir({ dir: workspace.folder });
  await giveToOrdinary(into);
  const receiver = workspace.recv(["--clipboard", "--into", into], there.options);
  const sender = workspace.start(["send", "--clipboard", await receiver.ticket()], here.options);
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  return into;
}

Deno.test({
  ...needsWayland,
  name: "clipboard: under Wayland a text and files with awkward names arrive, and are on the other clipboard",
  fn: () =>
    inWorkspace(async (workspace) => {
      await using here = await Desktop.open(workspace, "here");
      await using there = await Desktop.open(workspace, "there");
      for (const desktop of [here, there]) {
        const empty = workspace.start(["send", "--clipboard"], desktop.options);
        await empty.exits(2);
      }
      await here.copy("text/plain;charset=utf-8", "日本語 of\tWayland\x1b\n");
      await moved(workspace, here, there);
      assert.equal(await there.paste("UTF8_STRING"), "日本語 of\tWayland", "without what could act in a terminal");
      const sources = await workspace.make("sources");
      await Deno.chmod(sources, 0o755);
      const names = ["a b", "100%", "a#b?c", "日本語"];
      for (const name of names) await Deno.writeTextFile(join(sources, name), name);
      await here.copy(GNOME, ["copy", ...names.map((name) => pathToFileURL(join(sources, name)).href)].join("\n"));
      const into = await moved(workspace, here, there);
      assert.deepEqual(namesIn(into), names.toSorted());
      const [action, ...pasted] = (await there.paste(GNOME)).split("\n");
      assert.equal(action, "copy");
      assert.deepEqual(
        pasted.map((uri) => decodeURIComponent(new URL(uri).pathname)).sort(),
        names.map((name) => join(into, name)).sort(),
      );
      assert.deepEqual(
        namesIn(await moved(workspace, there, here)),
        names.toSorted(),
        "what ours has put there as well",
      );
    }),
});
