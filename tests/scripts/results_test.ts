import assert from "node:assert/strict";
import { combine, judge, readCargo, readJUnit, summary } from "../results.ts";

const JUNIT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="5" failures="2" errors="0" time="0.015">
    <testsuite name="./tt_test.ts" tests="5" disabled="1" errors="0" failures="2">
        <testcase name="a" classname="./tt_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="b &amp; &lt;c&gt;" classname="./tt_test.ts" time="0.006" line="1" col="30">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="ig" classname="./tt_test.ts" time="0.000" line="1" col="160">
            <skipped/>
        </testcase>
        <testcase name="b &amp; &lt;c&gt; &gt; s1" classname="./tt_test.ts" time="0.000" line="1" col="67">
        </testcase>
        <testcase name="b &amp; &lt;c&gt; &gt; s2" classname="./tt_test.ts" time="0.001" line="1" col="95">
            <failure message="Uncaught Error: boom">Error: boom</failure>
        </testcase>
        <testcase name="x &gt; y" classname="./tt_test.ts" time="0.000" line="1" col="6">
        </testcase>
    </testsuite>
</testsuites>`;

const CARGO = `running 2 tests
test path::refuses_dots ... ok
test path::refuses_nul ... FAILED

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s`;

Deno.test("a JUnit report counts tests and not their steps", () => {
  assert.deepEqual(readJUnit(JUNIT), { passed: 2, failed: 1, skipped: 1, failures: ["b & <c>"] });
});

Deno.test("the result lines of all test binaries add up", () => {
  assert.deepEqual(readCargo(CARGO), { passed: 4, failed: 1, skipped: 2, failures: ["path::refuses_nul"] });
});

Deno.test("a Rust test that says that it cannot run here is skipped, and not passed", () => {
  const told = CARGO.replace("test path::refuses_nul", "\nskipped: d24_a_cut: it takes root\n$&");
  assert.deepEqual(readCargo(told), { ...readCargo(CARGO), passed: 3, skipped: 3 });
});

Deno.test("a runner that fails outside of a test, or runs none, counts as a failure", () => {
  const none = { passed: 0, failed: 0, skipped: 0, failures: [] };
  assert.equal(judge(none, 0, "x").failed, 1);
  assert.equal(judge({ ...none, passed: 3 }, 1, "x").failed, 1);
  assert.equal(judge({ ...none, passed: 3 }, 0, "x").failed, 0);
  assert.equal(judge({ ...none, passed: 3, failed: 2 }, 1, "x").failed, 2);
});

Deno.test("the closing line names skipped tests only when there are some", () => {
  const all = combine([readCargo(CARGO), readJUnit(JUNIT)]);
  assert.equal(summary(all), "6 passed, 2 failed, 3 skipped");
  assert.equal(summary({ ...all, skipped: 0 }), "6 passed, 2 failed");
});
