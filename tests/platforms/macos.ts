/** The macOS files: nothing here can run them, so their formats are looked at. */

import assert from "node:assert/strict";
import { MACOS_VERSION } from "../../scripts/release/platforms.ts";
import { loadsOf, signatureOf } from "../../scripts/release/macho.ts";
import { missingRelease, released, testOn } from "./built.ts";

const PAYLOAD_MARK = new TextEncoder().encode("ULTRAPK1");

for (const platform of ["macos-arm64", "macos-x64"]) {
  const name = `ultra-${platform}`;
  const missing = await missingRelease(name, platform);

  testOn(missing, `${platform}: signed ad hoc, with the payload under the signature`, async () => {
    const bytes = await Deno.readFile(released(name));
    const { isAdHoc, pages, wrongPages } = signatureOf(bytes, name);
    assert.ok(isAdHoc);
    assert.equal(wrongPages, 0);
    assert.ok(pages * 4096 > 30_000_000, "it covers the payload");
    // Not the last of the file: the signature is.
    assert.ok(new TextDecoder("latin1").decode(bytes.subarray(-8)) !== new TextDecoder().decode(PAYLOAD_MARK));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    assert.equal(signatureOf(bytes, name).wrongPages, 1);
  });

  testOn(missing, `${platform}: it takes what every macOS has, from the version on that Deno takes`, async () => {
    const { libraries, oldest } = loadsOf(await Deno.readFile(released(name)), name);
    assert.equal(oldest, MACOS_VERSION);
    for (const library of libraries) assert.match(library, /^\/usr\/lib\/lib(System\.B|iconv\.2)\.dylib$/);
  });
}
