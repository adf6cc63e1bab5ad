/** Which format a connection speaks: what each choice offers, what a handshake comes to, and that it is part of what is proved. */

import assert from "node:assert/strict";
import { transcript } from "../../src/auth/keys.ts";
import {
  ALPNS,
  alpnsOf,
  chooseVersion,
  FORMAT_CHOICES,
  formatOf,
  takenAlpns,
  VERSIONS,
} from "../../src/auth/versions.ts";

Deno.test("ultra offers all of its own before the older format, and each choice of one format offers nothing of the other", () => {
  assert.deepEqual(alpnsOf("auto"), ["ultra/2", "ultra", "blazing/1"]);
  assert.deepEqual(alpnsOf("ultra"), ["ultra/2", "ultra"]);
  assert.deepEqual(alpnsOf("blazing"), ["blazing/1"]);
  assert.deepEqual(ALPNS, alpnsOf("ultra"));
  assert.deepEqual(VERSIONS, [2]);
});

/** What TLS comes to: a listener takes its own favourite. */
function negotiated(dialer: readonly string[], listener: readonly string[]): string | undefined {
  return listener.find((alpn) => dialer.includes(alpn));
}

Deno.test("the older format is spoken only where one of the sides offers no ultra", () => {
  for (const dialer of FORMAT_CHOICES) {
    for (const listener of FORMAT_CHOICES) {
      const alpn = negotiated(alpnsOf(dialer), alpnsOf(listener));
      const both = [dialer, listener];
      const expected = both.includes("ultra") && both.includes("blazing")
        ? undefined
        : both.includes("blazing")
        ? "blazing"
        : "ultra";
      assert.equal(alpn === undefined ? undefined : formatOf(alpn), expected, `${dialer} to ${listener}`);
      // What a listener takes besides, to turn it away with a word, changes nothing where there is something in common.
      const taken = negotiated(alpnsOf(dialer), takenAlpns(listener));
      assert.ok(
        taken !== undefined && (taken === alpn || !alpnsOf(listener).includes(taken)),
        `${dialer} to ${listener}`,
      );
      assert.equal(alpnsOf(listener).includes(taken), alpn !== undefined);
    }
  }
});

Deno.test("a peer of any other version of ultra that has the older format too is no reason to speak it", () => {
  for (const version of [1, 3, 99]) {
    const other = [`ultra/${version}`, "ultra", "blazing/1"];
    assert.equal(negotiated(alpnsOf("auto"), other), "ultra");
    assert.equal(negotiated(other, alpnsOf("auto")), "ultra");
  }
});

Deno.test("the messages of the older format are those of version 2, and a proof of one format is none of the other", () => {
  assert.equal(chooseVersion("blazing/1", [2], [2]), 2);
  assert.equal(chooseVersion("blazing/1", [1], [2]), 0);
  assert.equal(formatOf("ultra/2"), "ultra");
  assert.equal(formatOf("blazing/1"), "blazing");
  const [certificate, hello] = [new Uint8Array(32), new Uint8Array(9)];
  assert.notDeepEqual(
    transcript("blazing/1", certificate, hello, hello),
    transcript("ultra/2", certificate, hello, hello),
  );
});
