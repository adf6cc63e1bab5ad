import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { networkTest } from "../../src/base/networks.ts";

const NETWORKS = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.0.2.7/32",
  "0.0.0.0/5",
  "fe80::/10",
  "2001:db8:4::/47",
  "::1/128",
];

const near = fc.constantFrom("10", "11", "172.16", "172.31", "172.32", "192.0.2.7", "192.0.2.6", "7", "8").chain(
  (start) => {
    const rest = fc.array(fc.nat(255), {
      minLength: 4 - start.split(".").length,
      maxLength: 4 - start.split(".").length,
    });
    return rest.map((parts) => [start, ...parts].join("."));
  },
);
const near6 = fc.constantFrom(
  "fe80::1",
  "febf::",
  "fec0::",
  "2001:db8:4::5",
  "2001:db8:5:ffff::",
  "2001:db8:6::",
  "::1",
  "::2",
  "::",
);
const any = fc.oneof(near, near6, fc.ipV4(), fc.ipV6(), near.map((address) => `::ffff:${address}`), fc.string());

Deno.test("an address is in the networks that Node's BlockList finds it in, and other text in none", () => {
  for (const network of NETWORKS) {
    const [address = "", bits] = network.split("/");
    const list = new BlockList();
    list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
    const isInside = networkTest([network]);
    fc.assert(fc.property(any, (text) => {
      const isListed = isIP(text) !== 0 && !text.includes("%") &&
        list.check(text, text.includes(":") ? "ipv6" : "ipv4");
      assert.equal(isInside(text), isListed, `${text} in ${network}`);
    }));
  }
});

Deno.test("a zone changes nothing, and one of several networks is enough", () => {
  const isInside = networkTest(NETWORKS);
  assert.equal(isInside("fe80::1%eth0"), true);
  assert.equal(isInside("fec0::1%eth0"), false);
  assert.equal(isInside("::ffff:10.1.2.3"), true);
});
