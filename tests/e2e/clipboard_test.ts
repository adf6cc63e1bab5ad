/** `--clipboard` on two desktops, each with a clipboard of its own. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { assertSameFile, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";
import { needsX, XDisplay } from "./x_display.ts";

const GNOME = "x-special/gnome-copied-files";
const URIS = "text/uri-list";
const TEXT = "UTF8_STRING";

/** What shells, URIs and lists stumble over. */
const AWKWARD = ["a b", "100%", "a#b?c", "日本語", "copy", "it's"];

function onDesktops(
  act: (workspace: Workspace, here: XDisplay, there: XDisplay) => Promise<void>,
): () => Promise<void> {
  return () =>
    inWorkspace(async (workspace) => {
      await using here = await XDisplay.open();
      await using there = await XDisplay.open();
      await act(workspace, here, there);
    });
}

/** Sends what is on one clipboard to the other one, and gives the folder of the receiver. */
async function moved(
  workspace: Workspace,
  here: XDisplay,
  there: XDisplay,
  ...flags: readonly string[]
): Promise<string> {
  const into = await Deno.makeTempDir({ dir: workspace.folder });
  const receiver = workspace.recv(["--clipboard", ...flags, "--into", into], { env: there.env });
  const sender = workspace.start(["send", "--clipboard", await receiver.ticket()], { env: here.env });
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  return into;
}

for (const [form, first] of [[GNOME, "copy\n"], [GNOME, "cut\n"], [URIS, "# copied\r\n"]] as const) {
  Deno.test({
    ...needsX,
    name: `clipboard: files of ${form} (${first.trim()}) with awkward names arrive, and are on the other clipboard`,
    fn: onDesktops(async (workspace, here, there) => {
      const sources = await workspace.make("sources");
      for (const name of AWKWARD) await Deno.writeTextFile(join(sources, name), name);
      await Deno.mkdir(join(sources, "a folder"));
      await Deno.writeTextFile(join(sources, "a folder", "x"), "x");
      const names = [...AWKWARD, "a folder"];
      const uris = names.map((name) => pathToFileURL(join(sources, name)).href);
      await here.copy(form, first + uris.join(form === URIS ? "\r\n" : "\n"));
      const into = await moved(workspace, here, there);
      assert.deepEqual(namesIn(into), [...names].sort());
      for (const name of AWKWARD) assert.equal(await Deno.readTextFile(join(into, name)), name);
      assert.deepEqual(namesIn(sources), [...names].sort(), "what was cut stays");
      const [action, ...pasted] = (await there.paste(GNOME)).split("\n");
      assert.equal(action, "copy");
      assert.deepEqual(
        pasted.map((uri) => decodeURIComponent(new URL(uri).pathname)).sort(),
        names.map((name) => join(into, name)).sort(),
      );
      // What our receiver has put there, our sender understands.
      assert.deepEqual(namesIn(await moved(workspace, there, here)), [...names].sort());
    }),
  });
}

Deno.test({
  ...needsX,
  name: "clipboard: a name with a newline is read right, and refused by name, as no control character travels",
  fn: onDesktops(async (workspace, here) => {
    const source = await writeFile(workspace.path("new\nline"), 1000);
    await here.copy(GNOME, `copy\n${pathToFileURL(source).href}`);
    const sender = workspace.sendWaiting(["--clipboard"], { env: here.env });
    await sender.exits(4);
    assert.match(sender.stderr.text, /new\\x0aline": its name holds a control character/);
  }),
});

Deno.test({
  ...needsX,
  name: "clipboard: KDE's file managers get a list of URIs",
  fn: onDesktops(async (workspace, here, there) => {
    const source = await writeFile(workspace.path("a b"), 1000);
    await here.copy(URIS, `${pathToFileURL(source).href}\r\n`);
    const into = await workspace.make("into");
    const env = { ...there.env, XDG_CURRENT_DESKTOP: "KDE" };
    const receiver = workspace.recv(["--clipboard", "--into", into], { env });
    const sender = workspace.start(["send", "--clipboard", await receiver.ticket()], { env: here.env });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(join(into, "a b"), source);
    assert.equal(await there.paste(URIS), `${pathToFileURL(join(into, "a b")).href}\r\n`);
  }),
});

Deno.test({
  ...needsX,
  name: "clipboard: 10 MB of text go from one to the other, and leave no file",
  fn: onDesktops(async (workspace, here, there) => {
    const text = "Grüße, 日本語 \t 👩‍💻\n".repeat(Math.ceil(10 * MIB / 34)) + "end";
    assert.ok(new TextEncoder().encode(text).length >= 10_000_000);
    await here.copy(TEXT, text);
    const into = await moved(workspace, here, there);
    assert.ok(await there.paste(TEXT) === text, "it is another text");
    assert.deepEqual(namesIn(into), []);
  }),
});

Deno.test({
  ...needsX,
  name: "clipboard: a text that would act when it is pasted is made harmless, unless it is wanted raw",
  fn: onDesktops(async (workspace, here, there) => {
    const text = "ls\x1b[2J\r\nrm -rf ~\u009b\n\n";
    await here.copy(TEXT, text);
    await moved(workspace, here, there);
    assert.equal(await there.paste(TEXT), "ls[2J\nrm -rf ~");
    await moved(workspace, here, there, "--raw");
    assert.equal(await there.paste(TEXT), text);
  }),
});

Deno.test({
  ...needsX,
  name:
    "clipboard: a text is a file of its owner's alone for a receiver without one, and files from a plain sender go there",
  fn: onDesktops(async (workspace, here, there) => {
    await here.copy("STRING", Uint8Array.of(0x47, 0x72, 0xfc, 0xdf, 0x65));
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into]);
    const sender = workspace.start(["send", "--clipboard", await receiver.ticket()], { env: here.env });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    const [name = assert.fail(), ...more] = namesIn(into);
    assert.deepEqual(more, []);
    assert.match(name, /^clipboard-\d{8}-\d{6}\.txt$/);
    assert.equal(await Deno.readTextFile(join(into, name)), "Grüße");
    assert.equal((await Deno.stat(join(into, name))).mode, 0o100600);

    const source = await writeFile(workspace.path("plain.bin"), 1000);
    const second = workspace.recv(["--clipboard", "--into", into], { env: there.env });
    const plain = workspace.start(["send", source, await second.ticket()]);
    await Promise.all([plain.exits(0), second.exits(0)]);
    assert.equal(await there.paste(GNOME), `copy\n${pathToFileURL(join(into, "plain.bin")).href}`);
  }),
});

Deno.test({
  ...needsX,
  name: "clipboard: an empty one, or one with neither files nor text, is refused with 2",
  fn: onDesktops(async (workspace, here) => {
    const refused = async (pattern: RegExp) => {
      const sender = workspace.sendWaiting(["--clipboard"], { env: here.env });
      await sender.exits(2);
      assert.match(sender.stderr.text, pattern);
    };
    await refused(/^ultra: The clipboard is empty/m);
    await here.copy("image/png", Uint8Array.of(1, 2, 3));
    await refused(/^ultra: The clipboard is empty/m);
    await here.copy(URIS, "mtp://phone/a\r\nfile:///etc/hostname\r\n");
    await refused(/not on this computer's disks/);
  }),
});

Deno.test({
  ...needsX,
  name:
    "clipboard: a missing tool is named, and so is a missing or dead display, on both sides with 2 or 4 and before a ticket",
  fn: onDesktops(async (workspace, here) => {
    const path = await workspace.make("bin");
    const wayland = { WAYLAND_DISPLAY: "wayland-0", DISPLAY: "", PATH: path };
    const cases = [
      [{ ...here.env, PATH: path }, 2, /install xclip/],
      // Only absolute folders count: what lies in the current one is anybody's.
      [{ ...here.env, PATH: ".:bin" }, 2, /install xclip/],
      [wayland, 2, /install wl-copy and wl-paste/],
      [{ DISPLAY: "", WAYLAND_DISPLAY: "" }, 2, /neither DISPLAY nor WAYLAND_DISPLAY is set/],
      [{ ...here.env, DISPLAY: ":9999" }, 4, /xclip: .*Can't open display/],
    ] as const;
    for (const [env, code, text] of cases) {
      for (const command of ["send", "recv"]) {
        const side = workspace.start([command, "--listen", "127.0.0.1", "--clipboard"], { env });
        await side.exits(code);
        assert.match(side.stderr.text, text);
        assert.deepEqual(side.stdout.lines, []);
      }
    }
  }),
});

Deno.test({
  ...needsX,
  name: "clipboard: a program gets no secret: neither in its environment nor in its arguments",
  fn: onDesktops(async (workspace, here, there) => {
    // In place of xclip, it writes down what it gets.
    const bin = await workspace.make("bin");
    const spied = workspace.path("spied");
    const script =
      `#!/bin/sh\n{ echo "$@"; env; ls -l /proc/self/fd; } >> ${spied}\nexec /usr/bin/env -i DISPLAY="$DISPLAY" ` +
      `HOME="$HOME" PATH="\${PATH#*:}" xclip "$@"\n`;
    await Deno.writeTextFile(join(bin, "xclip"), script, { mode: 0o700 });
    await here.copy(TEXT, "one two");
    const into = await workspace.make("into");
    const env = { ...there.env, PATH: `${bin}:${Deno.env.get("PATH")}`, SECRET_OF_USER: "hidden" };
    const receiver = workspace.recv(["--clipboard", "--into", into], { env });
    const ticket = await receiver.ticket();
    const sender = workspace.start(["send", "--clipboard"], {
      env: { ...env, ...here.env, ULTRA_TICKET: ticket },
    });
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.equal(await there.paste(TEXT), "one two");
    const text = await Deno.readTextFile(spied);
    const variables = new Set(text.split("\n").flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? []));
    for (const name of ["PWD", "SHLVL", "_", "OLDPWD"]) variables.delete(name);
    const allowed = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "HOME", "PATH", "LANG", "LC_ALL"];
    assert.deepEqual([...variables].filter((name) => !allowed.includes(name)), []);
    assert.ok(!text.includes(ticket.slice(0, 30)) && !text.includes("hidden") && !text.includes("one two"));
    assert.doesNotMatch(text, /socket:/);
  }),
});

/** In place of wl-clipboard, which needs a compositor with a seat: the same flags, and a folder for a clipboard. */
const WL_COPY = `#!/bin/sh
[ "$1" = --type ] && [ $# = 2 ] || exit 64
printf '%s\\n' "$2" > "$HOME/types" && cat > "$HOME/content"
`;
const WL_PASTE = `#!/bin/sh
[ -f "$HOME/types" ] || { echo "Nothing is copied" >&2; exit 1; }
case "$*" in
  --list-types) cat "$HOME/types" ;;
  "--no-newline --type $(cat "$HOME/types")") cat "$HOME/content" ;;
  *) exit 64 ;;
esac
`;

Deno.test("clipboard: under Wayland wl-copy and wl-paste are asked, for files as for text", () =>
  inWorkspace(async (workspace) => {
    const bin = await workspace.make("bin");
    await Deno.writeTextFile(join(bin, "wl-copy"), WL_COPY, { mode: 0o700 });
    await Deno.writeTextFile(join(bin, "wl-paste"), WL_PASTE, { mode: 0o700 });
    const desktop = async (name: string) => ({
      ...{ WAYLAND_DISPLAY: "wayland-0", DISPLAY: "", PATH: `${bin}:${Deno.env.get("PATH")}` },
      HOME: await workspace.make(name),
    });
    const [here, there] = [await desktop("here"), await desktop("there")];
    const into = await workspace.make("into");
    const move = async () => {
      const receiver = workspace.recv(["--clipboard", "--into", into], { env: there });
      const sender = workspace.start(["send", "--clipboard", await receiver.ticket()], { env: here });
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      const isText = /^The text is on the clipboard, and nowhere else$/m.test(receiver.stderr.text);
      assert.notEqual(/Saved to/.test(receiver.stderr.text), isText, "a text is not saved anywhere");
      return await Promise.all(["types", "content"].map((name) => Deno.readTextFile(join(there.HOME, name))));
    };
    const empty = workspace.sendWaiting(["--clipboard"], { env: here });
    await empty.exits(2);
    assert.match(empty.stderr.text, /The clipboard is empty/);
    await Deno.writeTextFile(join(here.HOME, "types"), "text/plain;charset=utf-8\n");
    await Deno.writeTextFile(join(here.HOME, "content"), "a text\n");
    assert.deepEqual(await move(), ["text/plain\n", "a text"]);
    const source = await writeFile(workspace.path("a b"), 1000);
    await Deno.writeTextFile(join(here.HOME, "types"), `${URIS}\n`);
    await Deno.writeTextFile(join(here.HOME, "content"), `${pathToFileURL(source).href}\r\n`);
    assert.deepEqual(await move(), [`${GNOME}\n`, `copy\n${pathToFileURL(join(into, "a b")).href}`]);
  }));
