import assert from "node:assert/strict";
import { ceiling, missingNetpath, NetPath, openPath } from "../../bench/paths/netpath.ts";
import { BOXED_PATHS, isPathName, PATH_NAMES, PATHS } from "../../bench/paths/table.ts";

const ignore = missingNetpath() !== undefined;

Deno.test("the named paths are those that the issues name", () => {
  assert.deepEqual([...PATH_NAMES].sort(), [
    "far",
    "lan1g",
    "loopback",
    "metro",
    "shallow",
    "tight",
    "town",
    "wan",
    "wifi",
  ]);
  assert.ok(isPathName("wan") && isPathName("loopback") && !isPathName("moon"));
  const rates = BOXED_PATHS.map((name) => [name, PATHS[name].rateMbit, PATHS[name].rttMs]);
  assert.deepEqual(rates, [
    ["lan1g", 1000, 2],
    ["wifi", 300, 6],
    ["metro", 500, 20],
    ["wan", 500, 50],
    ["shallow", 500, 50],
    ["far", 200, 150],
    ["tight", 400, 60],
    ["town", 400, 36],
  ]);
});

Deno.test("loopback has two ends and no box", async () => {
  await using path = await openPath("loopback");
  assert.deepEqual(path.a.command("echo", ["x"]), ["echo", ["x"]]);
  assert.equal(await path.stop(), undefined);
});

Deno.test({ name: "each end of a path is a namespace of its own, which ends with the path", ignore }, async () => {
  const names: (string | undefined)[] = [];
  {
    await using path = await NetPath.start("metro", { seed: 5 });
    for (const end of [path.a, path.b]) {
      const [program, args] = end.command("ip", ["-j", "address", "show", "dev", "path0"]);
      const { stdout } = await new Deno.Command(program, { args }).output();
      assert.match(new TextDecoder().decode(stdout), new RegExp(`"local":"${end.address}"`));
      names.push(end.namespace);
    }
    const report = await path.stop();
    assert.equal(report.aToB.packets, 0, "nobody has sent anything");
    assert.equal(report.keptUp, true);
  }
  const left = [...Deno.readDirSync("/run/netns")].map(({ name }) => name);
  assert.ok(names.every((name) => name !== undefined && !left.includes(name)), `${names} in ${left}`);
});

Deno.test({ name: "a ceiling lies near what the path lets through", ignore }, async () => {
  const { ceilingMbit, expectedMbit, box } = await ceiling("far", { seconds: 1 });
  assert.equal(Math.round(expectedMbit), 195);
  // (The machine may be busy with other tests: the lower bound only tells a path from none.)
  assert.ok(ceilingMbit > 0.5 * expectedMbit && ceilingMbit < 1.02 * expectedMbit, `${ceilingMbit} Mbit/s`);
  assert.ok(box.aToB.lost > 0);
});

Deno.test({ name: "what the program refuses is a failure with its words", ignore }, async () => {
  await assert.rejects(NetPath.start("metro", { seed: -1 }), /^Failure: netpath: --seed -1 is not such a number$/);
});
