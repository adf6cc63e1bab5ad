import assert from "node:assert/strict";
import fc from "fast-check";
import { UltraError } from "../../src/base/errors.ts";
import { addressOf, formatEndpoint } from "../../src/base/endpoints.ts";
import { parseAdvertise, parseListen } from "../../src/cli/endpoints.ts";

const isUsage = (error: unknown) => error instanceof UltraError && error.kind === "usage";

Deno.test("--listen takes addresses of both families, with and without a port", () => {
  assert.deepEqual(parseListen("192.0.2.1"), { address: "192.0.2.1", port: 0 });
  assert.deepEqual(parseListen("192.0.2.1:7000"), { address: "192.0.2.1", port: 7000 });
  assert.deepEqual(parseListen("::1"), { address: "::1", port: 0 });
  assert.deepEqual(parseListen("[::1]"), { address: "::1", port: 0 });
  assert.deepEqual(parseListen("[2001:DB8::1]:65535"), { address: "2001:db8::1", port: 65535 });
  assert.deepEqual(parseListen("0.0.0.0:0"), { address: "0.0.0.0", port: 0 });
});

Deno.test("--listen refuses names, wrong ports and whatever else", () => {
  const wrong = [
    "",
    ":7000",
    "localhost",
    "example.org:1",
    "1.2.3",
    "1.2.3.4:",
    "1.2.3.4:x",
    "1.2.3.4:65536",
    "[::1",
    "::1]",
  ];
  for (const text of [...wrong, "[1.2.3.4]:1", "[::1]7", "01.2.3.4", "fe80::1%eth0", "1.2.3.4:-1", "*:7000"]) {
    assert.throws(() => parseListen(text), isUsage, text);
  }
});

Deno.test("--advertise takes addresses and names, and no port 0", () => {
  assert.deepEqual(parseAdvertise("example.org"), { type: "name", host: "example.org", port: undefined });
  assert.deepEqual(parseAdvertise("my-host:7000"), { type: "name", host: "my-host", port: 7000 });
  assert.deepEqual(parseAdvertise("192.0.2.1:7000"), { type: "address", host: "192.0.2.1", port: 7000 });
  assert.deepEqual(parseAdvertise("2001:db8::1"), { type: "address", host: "2001:db8::1", port: undefined });
  assert.deepEqual(parseAdvertise("[2001:db8::1]:9"), { type: "address", host: "2001:db8::1", port: 9 });
  const wrong = ["", ":1", "a:0", "a b", "-a", "a..b", "1.2.3.4.5", "1.2.3", "é.org", "a".repeat(254), "[a]:1", "a:1:"];
  for (const text of wrong) assert.throws(() => parseAdvertise(text), isUsage, text);
});

Deno.test("an endpoint of the engine gives its address back", () => {
  const endpoints = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65535));
  fc.assert(fc.property(endpoints, ([address, port]) => addressOf(formatEndpoint(address, port)) === address));
  assert.equal(addressOf("[fe80::1%2]:9"), "fe80::1%2");
  assert.equal(addressOf("192.0.2.1"), "192.0.2.1");
});

Deno.test("whatever is typed, the answer is an endpoint or one usage error", () => {
  const pieces = fc.constantFrom("[", "]", ":", "::", ".", "1", "a", "127.0.0.1", "%");
  fc.assert(
    fc.property(fc.array(pieces).map((parts) => parts.join("")), (text) => {
      for (const parse of [parseListen, parseAdvertise]) {
        try {
          parse(text);
        } catch (error) {
          if (!isUsage(error)) return false;
        }
      }
      return true;
    }),
    { numRuns: 1000 },
  );
});
