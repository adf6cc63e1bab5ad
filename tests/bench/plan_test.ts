import assert from "node:assert/strict";
import { GATES } from "../../bench/gates/list.ts";
import { PEERS } from "../../bench/peers/all.ts";
import { cellsFor } from "../../bench/plan.ts";
import { SCENARIOS } from "../../bench/scenarios/all.ts";
import { MIB } from "../../bench/scenarios/scenario.ts";
import { inTurn } from "../../bench/turns.ts";

const cells = (wanted: Parameters<typeof cellsFor>[0]) => cellsFor(wanted, SCENARIOS, PEERS);
const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);

Deno.test("the full set has every scenario and every path, and ultra wherever files are moved", () => {
  const all = cells({});
  assert.deepEqual(new Set(all.map(({ scenario }) => scenario.name)), new Set(names(SCENARIOS)));
  assert.equal(new Set(all.map(({ path }) => path)).size, 9);
  for (const { peers, scenario } of all) {
    if (scenario.kind === "transfers") assert.equal(peers[0]?.name, "ultra", scenario.name);
  }
  assert.deepEqual(new Set(all.flatMap(({ peers }) => names(peers))), new Set(names(PEERS)));
});

Deno.test("a lossy path gives each peer a file that it moves in seconds; --size gives all the same", () => {
  const [wan] = cells({ scenario: "one-file", path: "wan" });
  assert.deepEqual(wan?.bytes, { copes: 512 * MIB, suffers: 128 * MIB, stalls: 16 * MIB });
  const [small] = cells({ scenario: "one-file", path: "wan", bytes: 64 * MIB, rounds: 2 });
  assert.deepEqual(small?.bytes, { copes: 64 * MIB, suffers: 64 * MIB, stalls: 64 * MIB });
  assert.equal(small?.rounds, 2);
});

Deno.test("peers come in the order of the report, and a cell outside the full set can be asked for", () => {
  const [cell] = cells({ scenario: "100k-files", path: "metro", peers: ["scp", "ultra"] });
  assert.deepEqual(names(cell?.peers ?? []), ["ultra", "scp"]);
  const onMetro = cells({ path: "metro" }).map(({ scenario }) => scenario.name);
  assert.deepEqual(onMetro, ["older-format", "one-file", "sharing", "memory", "10k-files"]);
});

Deno.test("the gates take their own scenarios and peers, each scenario and path once", () => {
  const all = cells({ gates: true });
  const keys = all.map(({ scenario, path }) => `${scenario.name} ${path}`);
  assert.equal(new Set(keys).size, keys.length);
  for (const { scenario, path, peer, measure } of GATES) {
    const cell = all.find((one) => one.scenario.name === scenario && one.path === path);
    const taken = names(cell?.peers ?? []);
    assert.ok(taken.includes(peer), `${scenario} on ${path} takes ${peer}`);
    if (measure.kind === "ratio") assert.ok(taken.includes(measure.beside), `${scenario} takes ${measure.beside}`);
    assert.equal(cell?.rounds, 5);
  }
  const [loopback, metro, ...more] = cells({ gates: true, scenario: "10k-files" });
  assert.deepEqual(names(loopback?.peers ?? []), ["ultra", "tar-ssh", "rsync-daemon"]);
  assert.deepEqual(names(metro?.peers ?? []), ["ultra", "tar-ssh"]);
  assert.deepEqual(more, []);
  assert.deepEqual(cells({ gates: true, scenario: "600-mb", path: "loopback" }), []);
});

Deno.test("everyone has several neighbours before and behind", () => {
  const before = new Map<string, Set<string>>();
  for (let round = 0; round < 5; round++) {
    const order = inTurn(["a", "b", "c", "d"], round);
    assert.deepEqual([...order].sort(), ["a", "b", "c", "d"]);
    order.forEach((name, index) => {
      const known = before.get(name) ?? new Set();
      before.set(name, known.add(order[index - 1] ?? "nobody"));
    });
  }
  for (const [name, others] of before) assert.ok(others.size >= 2, `${name} follows ${[...others]} only`);
});
