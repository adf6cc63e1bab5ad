/** Files with keys: what a process leaves for the next one, and identities. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { loadLibrary } from "../../src/engine/library.ts";
import { Secret } from "../../src/auth/secret.ts";
import { formatFields, MAX_FIELDS_BYTES, parseFields } from "../../src/meet/fields.ts";
import { formatIdentity, parseIdentity } from "../../src/meet/identity.ts";
import { formatKept, type KeptTransfer, parseKept } from "../../src/meet/kept.ts";
import { stateFolder, systemStates } from "../../src/meet/state_store.ts";

// Once for all tests, so that none of them counts as the one that leaves it loaded.
loadLibrary();

const NOW = Date.UTC(2026, 10, 29, 14, 2);
const IDENTITY = { hash: new Uint8Array(32).fill(7), pkcs12: new Uint8Array(1500).map((_, index) => index % 251) };
const KEPT: KeptTransfer = {
  key: new Secret(new Uint8Array(32).fill(9)),
  peer: "2001:db8::1",
  beganMs: NOW,
  listener: { identity: IDENTITY, port: 40_123 },
};

Deno.test("kept: what is left of a transfer is read as it was written, on the side that waits and on the one that dials", () => {
  const came = [
    { files: 7, filesArrived: 3, hasMoved: true },
    { files: 7, filesArrived: 3, hasMoved: true, isAtLeast: true as const },
    { files: 7, filesArrived: 0, hasMoved: false },
  ];
  for (const kept of [KEPT, { ...KEPT, listener: undefined }, ...came.map((came) => ({ ...KEPT, came }))]) {
    const found = parseKept(formatKept(kept), NOW + 1000);
    assert.deepEqual(found?.key.reveal(), kept.key.reveal());
    assert.deepEqual({ ...found, key: undefined }, { ...kept, key: undefined });
  }
  assert.ok(formatKept(KEPT).length < MAX_FIELDS_BYTES);
});

Deno.test("kept: after 24 hours, or before it was written, there is nothing", () => {
  const text = formatKept(KEPT);
  assert.notEqual(parseKept(text, NOW + 86_400_000), undefined);
  for (const nowMs of [NOW + 86_400_001, NOW - 86_400_001]) assert.equal(parseKept(text, nowMs), undefined);
});

Deno.test("kept: half a file, a changed one and one of another kind are nothing", () => {
  const text = formatKept(KEPT);
  for (let length = 0; length < text.length - 1; length += 7) {
    assert.equal(parseKept(text.slice(0, length), NOW), undefined);
  }
  fc.assert(fc.property(fc.nat(text.length - 2), fc.integer({ min: 33, max: 126 }), (at, code) => {
    const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
    if (changed.trim() !== text.trim()) assert.equal(parseKept(changed, NOW), undefined);
  }));
  assert.equal(parseIdentity(text), undefined);
  assert.equal(parseKept(formatFields("ultra-state 1", { key: "00", peer: "x", began: "1" }), NOW), undefined);
});

Deno.test("kept: an identity survives a variable and an editor", () => {
  const lasting = { identity: IDENTITY, token: new Secret(new Uint8Array(16).fill(3)), port: 7000 };
  const text = formatIdentity(lasting);
  for (const variant of [text, text.trim(), text.replaceAll("\n", "\r\n"), `\n\n${text}\n`]) {
    const found = parseIdentity(variant);
    assert.deepEqual([found?.identity, found?.port], [IDENTITY, 7000]);
    assert.deepEqual(found?.token.reveal(), lasting.token.reveal());
  }
  assert.equal(parseFields("ultra-state 1", text), undefined);
});

Deno.test("kept: state lies where the system keeps it, and nowhere when that cannot be said", () => {
  const localAppData = undefined;
  for (const system of ["linux", "darwin", "windows"]) {
    assert.equal(stateFolder({ stateHome: "/s", home: "/h", localAppData: "/l" }, system), "/s/ultra");
  }
  for (const stateHome of [undefined, "", "relative", "/x\u{fffd}"]) {
    assert.equal(stateFolder({ stateHome, home: "/h", localAppData }, "linux"), "/h/.local/state/ultra");
    const onMac = stateFolder({ stateHome, home: "/h", localAppData }, "darwin");
    assert.equal(onMac, "/h/Library/Application Support/ultra");
    assert.equal(stateFolder({ stateHome, home: "/h", localAppData: "/l" }), "/l/ultra/state");
  }
  for (const home of [undefined, "", "h", "/\u{fffd}"]) {
    for (const system of ["linux", "darwin"]) {
      assert.equal(stateFolder({ stateHome: undefined, home, localAppData }, system), undefined);
    }
  }
});

Deno.test("kept: files of state are private, are taken over whole, and go when they are removed", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const states = systemStates({ stateHome: folder, home: undefined, localAppData: undefined });
    assert.equal(await states.take("a"), undefined);
    assert.equal(await states.keep("a", "first and longer"), "kept");
    assert.equal(await states.keep("a", "second"), "kept");
    const path = `${folder}/ultra/a.state`;
    assert.equal(Deno.readTextFileSync(path), "second");
    const modes = [path, `${folder}/ultra`].map((path) => (Deno.statSync(path).mode ?? 0) & 0o777);
    assert.deepEqual(modes, [0o600, 0o700]);
    // This process has it: to another one it is as if there were none.
    assert.equal(await states.take("a"), undefined);
    await states.remove("a");
    await states.remove("a");
    assert.deepEqual([...Deno.readDirSync(`${folder}/ultra`)], []);
    Deno.writeTextFileSync(path, "shown to all", { mode: 0o644 });
    assert.deepEqual([await states.take("a"), await states.keep("a", "x")], [undefined, "unwritable"]);
    const nowhere = systemStates({ stateHome: undefined, home: undefined, localAppData: undefined });
    assert.deepEqual([await nowhere.take("a"), await nowhere.keep("a", "x")], [undefined, "unwritable"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "kept: a place that another process has is told apart from one that cannot be written",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${folder}/ultra`, { mode: 0o700 });
      const path = `${folder}/ultra/a.state`;
      await Deno.writeTextFile(path, "theirs", { mode: 0o600 });
      const args = [path, "sh", "-c", "echo locked; cat"];
      const other = new Deno.Command("flock", { args, stdin: "piped", stdout: "piped" }).spawn();
      const output = other.stdout.getReader();
      await output.read();
      const states = systemStates({ stateHome: folder, home: undefined, localAppData: undefined });
      assert.equal(await states.keep("a", "ours"), "in-use");
      // What the command that ended here left goes, and what another process or this one has stays.
      assert.equal(await states.keep("ac", "of this process"), "kept");
      await Deno.writeTextFile(`${folder}/ultra/ab.state`, "left", { mode: 0o600 });
      await states.removeAlike("a");
      assert.deepEqual([...Deno.readDirSync(`${folder}/ultra`)].map(({ name }) => name).sort(), [
        "a.state",
        "ac.state",
      ]);
      await states.remove("ac");
      await other.stdin.close();
      await other.status;
      await output.cancel();
      assert.equal(await states.keep("a", "ours"), "kept");
      await states.remove("a");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
