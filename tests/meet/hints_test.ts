import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import { type InterfaceAddress, type MachineAddresses, reachableAddresses, ticketHints } from "../../src/meet/hints.ts";
import { monotonicClock } from "../../src/base/clock.ts";
import { parseAdvertise } from "../../src/cli/endpoints.ts";
import { encodeTicket } from "../../src/protocol/ticket.ts";

const LOOPBACK: InterfaceAddress[] = [{ name: "lo", address: "127.0.0.1" }, { name: "lo", address: "::1" }];

const LAPTOP: InterfaceAddress[] = [
  ...LOOPBACK,
  { name: "wlan0", address: "2001:db8:1::5" },
  { name: "wlan0", address: "fd00::5" },
  { name: "wlan0", address: "192.168.1.5" },
  { name: "wlan0", address: "fe80::1234" },
  { name: "eth0", address: "203.0.113.9" },
  { name: "eth0", address: "169.254.7.7" },
];

const CONTAINERS: InterfaceAddress[] = [
  ["docker0", "172.17.0.1"],
  ["br-4f1c22", "172.18.0.1"],
  ["veth12ab", "172.19.0.1"],
  ["virbr0", "192.168.122.1"],
  ["cni0", "10.244.0.1"],
  ["flannel.1", "10.244.0.0"],
  ["cali12", "10.2.0.1"],
  ["lxcbr0", "10.0.3.1"],
  ["lxdbr0", "10.0.4.1"],
  ["incusbr0", "10.0.5.1"],
  ["podman0", "10.88.0.1"],
  ["vmnet8", "192.168.77.1"],
  ["vboxnet0", "192.168.56.1"],
  ["bridge100", "192.168.64.1"],
  ["vEthernet (WSL)", "172.29.0.1"],
].map(([name = "", address = ""]) => ({ name, address }));

const machine = (interfaces: readonly InterfaceAddress[], ...outward: string[]): MachineAddresses => {
  return { interfaces, outward };
};

Deno.test("T56 most likely addresses come first: the default route's, IPv4, near before far, self-assigned ones last", () => {
  const others = ["192.168.1.5", "203.0.113.9", "fd00::5", "2001:db8:1::5", "169.254.7.7"];
  assert.deepEqual(reachableAddresses("::", machine(LAPTOP)), others);
  assert.deepEqual(
    reachableAddresses("::", machine(LAPTOP, "203.0.113.9", "2001:db8:1::5")),
    ["203.0.113.9", "192.168.1.5", "2001:db8:1::5", "fd00::5", "169.254.7.7"],
  );
});

Deno.test("T56 a ticket of a machine with many addresses has three hints and 120 characters at most", () => {
  const many = Array.from({ length: 5 }, (_, index) => [
    { name: `eth${index}`, address: `10.0.${index}.1` },
    { name: `eth${index}`, address: `2001:db8::${index + 1}` },
  ]).flat();
  const hintsOf = (interfaces: readonly InterfaceAddress[], ...outward: string[]) => {
    const hints = ticketHints([], { address: "::", port: 51820 }, machine(interfaces, ...outward));
    const secret = { role: "receive", longLived: false, pin: new Uint8Array(16), token: new Uint8Array(16) } as const;
    assert.ok(encodeTicket({ ...secret, hints }).length <= 120);
    return hints.map((hint) => hint.type === "address" ? hint.address : "");
  };
  assert.deepEqual(hintsOf(many, "10.0.3.1"), ["10.0.3.1", "10.0.0.1", "10.0.1.1"]);
  // Two IPv6 addresses do not fit, one of each family does.
  assert.deepEqual(hintsOf(many.filter(({ address }) => address.includes(":"))), ["2001:db8::1"]);
  assert.deepEqual(hintsOf(many.slice(0, 2)), ["10.0.0.1", "2001:db8::1"]);
});

Deno.test("no container bridge, IPv6 link-local or loopback address gets into a ticket", () => {
  const all = [...CONTAINERS, ...LAPTOP];
  assert.deepEqual(reachableAddresses("::", machine(all)), reachableAddresses("::", machine(LAPTOP)));
});

Deno.test("VPNs and ordinary bridges count as networks", () => {
  const names = ["tun0", "wg0", "tailscale0", "zt5u4", "br0", "bond0", "en0", "bridge0"];
  const interfaces = names.map((name, index) => ({ name, address: `10.1.0.${index}` }));
  assert.equal(reachableAddresses("::", machine(interfaces)).length, names.length);
});

Deno.test("loopback is named only when there is nothing else", () => {
  for (const interfaces of [LOOPBACK, [], [...CONTAINERS, ...LOOPBACK], [{ name: "eth0", address: "fe80::1" }]]) {
    assert.deepEqual(reachableAddresses("::", machine(interfaces)), ["127.0.0.1"]);
  }
});

Deno.test("a socket of IPv4 alone is not named with IPv6 addresses", () => {
  assert.deepEqual(reachableAddresses("0.0.0.0", machine(LAPTOP)), ["192.168.1.5", "203.0.113.9", "169.254.7.7"]);
});

Deno.test("a chosen address is the only one, also loopback", () => {
  assert.deepEqual(reachableAddresses("127.0.0.1", machine(LAPTOP)), ["127.0.0.1"]);
  assert.deepEqual(reachableAddresses("203.0.113.9", machine(LAPTOP)), ["203.0.113.9"]);
});

Deno.test("what the user advertises stands alone, with the real port where none was named", () => {
  const advertise = ["example.org", "198.51.100.1:99"].map(parseAdvertise);
  assert.deepEqual(ticketHints(advertise, { address: "::", port: 7000 }, machine(LAPTOP)), [
    { type: "name", name: "example.org", port: 7000 },
    { type: "address", address: "198.51.100.1", port: 99 },
  ]);
});

Deno.test("a machine with more addresses than a ticket holds names the best, and a user who names more is told", () => {
  const many = Array.from({ length: 40 }, (_, index) => ({ name: "eth0", address: `10.0.0.${index}` }));
  const hints = ticketHints([], { address: "::", port: 7000 }, machine(many));
  assert.equal(hints.length, 3);
  assert.deepEqual(hints[0], { type: "address", address: "10.0.0.0", port: 7000 });
  const named = many.map(({ address }) => parseAdvertise(address));
  assert.throws(
    () => ticketHints(named, { address: "::", port: 7000 }, machine([])),
    (error) => error instanceof UltraError && error.kind === "usage",
  );
});

Deno.test("J1 the clock only moves forward", () => {
  const times = Array.from({ length: 100 }, () => monotonicClock.now());
  assert.ok(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)));
});
