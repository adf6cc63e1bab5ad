import assert from "node:assert/strict";
import { readSecrets, takeHanded } from "../../src/base/handed.ts";

const LAUNCHED = "file:///c/ultra.js?launched";
const NAMES = { public: ["NO_COLOR"], secret: ["ULTRA_TICKET"] };

/** Leaves secrets where the launcher's pipe would be. */
function withPipe(text: string, use: (path: string) => void): void {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, text);
    use(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("T11: what the launcher took out of the arguments comes back at its place", () => {
  withPipe("1=--to=ultra1abc\0ULTRA_TICKET=ultra1def\0", (path) => {
    const query = `?engine=/c/e%20e.so&secrets=${path}&variable-NO_COLOR=1`;
    const handed = takeHanded(LAUNCHED, [query, "send", "ultra1...", "f"], NAMES);
    assert.deepEqual(handed, {
      args: ["send", "--to=ultra1abc", "f"],
      variables: new Map([["NO_COLOR", "1"], ["ULTRA_TICKET", "ultra1def"]]),
      ignored: [],
      engine: "/c/e e.so",
      fault: undefined,
    });
  });
});

Deno.test("T22: what the launcher saw at the start is handed on", () => {
  const from = (query: string) => takeHanded(LAUNCHED, [query, "a"], NAMES);
  assert.deepEqual(from("?ignored=SIGHUP&ignored=SIGINT").ignored, ["SIGHUP", "SIGINT"]);
  assert.deepEqual(from("?encoding=0").fault, { type: "encoding", argument: 0 });
  assert.deepEqual(from("?folder=gone").fault, { type: "folder" });
  assert.deepEqual(from("?").args, ["a"]);
});

Deno.test("I15: from the sources the process itself is asked, and a secret variable is removed", () => {
  Deno.env.set("ULTRA_TICKET", "ultra1abc");
  const { args, variables, engine } = takeHanded("file:///src/main.ts", ["recv"], NAMES);
  assert.deepEqual(args, ["recv"]);
  assert.equal(variables.get("ULTRA_TICKET"), "ultra1abc");
  assert.equal(Deno.env.get("ULTRA_TICKET"), undefined);
  assert.equal(engine, undefined);
});

Deno.test("from the sources an argument that looks like the launcher's is what the user typed", () => {
  const { args, engine } = takeHanded("file:///src/main.ts", ["?engine=/tmp/e.so"], NAMES);
  assert.deepEqual(args, ["?engine=/tmp/e.so"]);
  assert.equal(engine, undefined);
});

Deno.test("secrets may hold anything but NUL", () => {
  assert.deepEqual([...readSecrets("0=a=b\nc\0X=\0")], [["0", "a=b\nc"], ["X", ""]]);
  assert.deepEqual([...readSecrets("")], []);
});
