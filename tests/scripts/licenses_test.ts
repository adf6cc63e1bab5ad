import assert from "node:assert/strict";
import { licensesText, textOf } from "../../scripts/licenses.ts";
import { CACHE, STATE, ULTRA } from "../../scripts/paths.ts";
import { Failure } from "../../scripts/shell.ts";
import { ran } from "../launcher/support.ts";

Deno.test("licences: a text stands once, below the names of all that it is for", () => {
  const text = textOf([
    { name: "a", version: "1", license: "MIT", texts: ["same\r\n"] },
    { name: "b", version: "2", license: "BSD", texts: ["other"] },
    { name: "c", version: "3", license: "MIT", texts: ["same"] },
  ]);
  assert.match(text, /^ {2}a 1 +MIT\n {2}b 2 +BSD\n {2}c 3 +MIT$/m);
  assert.match(text, /^a 1, c 3\n=+\n\nsame$/m);
  assert.equal(text.split("\nsame\n").length, 2);
});

Deno.test("licences: what has no text stops the build", () => {
  assert.throws(() => textOf([{ name: "a", version: "1", license: "MIT", texts: [] }]), Failure);
});

Deno.test("licences: everything inside is named, and `ultra licenses` prints it", async () => {
  const text = await licensesText();
  for (
    const name of ["ultra", "Deno", "V8", "msquic", "OpenSSL", "blake3", "ruzstd", "@noble/hashes", "@logtape/logtape"]
  ) {
    assert.match(text, new RegExp(`^ {2}${name} \\S+ +\\S`, "m"), name);
  }
  // What only builds or tests is not inside.
  for (const name of ["cc", "cmake", "tempfile", "hash-wasm", "fast-check", "netpath"]) {
    assert.doesNotMatch(text, new RegExp(`^ {2}${name} `, "m"), name);
  }
  const env = { XDG_CACHE_HOME: CACHE, XDG_STATE_HOME: STATE };
  assert.deepEqual(await ran(ULTRA, ["licenses"], { env }), { code: 0, stdout: text, stderr: "" });
  const refused = await ran(ULTRA, ["licenses", "--json"], { env });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^ultra: ultra licenses takes nothing else/);
});
