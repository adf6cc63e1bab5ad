/** Reads what test runners report. @module */

export interface Results {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The names of the failed tests. */
  readonly failures: readonly string[];
}

export function combine(all: readonly Results[]): Results {
  const sum = (pick: (results: Results) => number) => all.reduce((total, results) => total + pick(results), 0);
  return {
    passed: sum((results) => results.passed),
    failed: sum((results) => results.failed),
    skipped: sum((results) => results.skipped),
    failures: all.flatMap((results) => results.failures),
  };
}

/** The closing line that CI reads. */
export function summary({ passed, failed, skipped }: Results): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * A runner can fail without naming a test (a module that does not compile, an uncaught error, a crash), and it can succeed
 * without having run any. Both count as one failure, so that no broken run looks green.
 */
export function judge(results: Results, exitCode: number, runner: string): Results {
  const nothing = results.passed + results.failed === 0;
  if (results.failed > 0 || (exitCode === 0 && !nothing)) return results;
  const reason = nothing && exitCode === 0 ? "ran no test" : `ended with exit code ${exitCode} outside of any test`;
  return { ...results, failed: 1, failures: [`${runner} ${reason}`] };
}

/**
 * Adds up the result lines of `cargo test`, one for each test binary. A test that finds that it cannot run here says so (`native/skipped.rs`): the harness
 * counts it as passed, this does not.
 */
export function readCargo(output: string): Results {
  let failed = 0;
  const told = [...output.matchAll(/^skipped: \S+: ./gm)].length;
  let passed = -told, skipped = told;
  const failures: string[] = [];
  for (const line of output.split("\n")) {
    const result = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/.exec(line);
    if (result) {
      passed += Number(result[1]);
      failed += Number(result[2]);
      skipped += Number(result[3]);
    }
    const failure = /^test (.+) \.\.\. FAILED$/.exec(line);
    if (failure?.[1] !== undefined) failures.push(failure[1]);
  }
  return { passed, failed, skipped, failures };
}

/** Counts the tests of Deno's JUnit report. Steps stand beside their test there and are counted with it. */
export function readJUnit(xml: string): Results {
  let passed = 0, skipped = 0;
  const failures: string[] = [];
  for (const suite of xml.split(/<testsuite\s/).slice(1)) {
    const cases = [...suite.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
    const names = new Set(cases.map(([, name]) => name));
    for (const [, name = "", body = ""] of cases) {
      if (isStep(name, names)) continue;
      if (/<(failure|error)\b/.test(body)) failures.push(unescape(name));
      else if (/<skipped\b/.test(body)) skipped++;
      else passed++;
    }
  }
  return { passed, failed: failures.length, skipped, failures };
}

/** A step is called `TEST > STEP`; a test may have ` > ` in its own name, but then no test is called like its beginning. */
function isStep(name: string, names: ReadonlySet<string | undefined>): boolean {
  const separator = " &gt; ";
  for (let at = name.indexOf(separator); at >= 0; at = name.indexOf(separator, at + 1)) {
    if (names.has(name.slice(0, at))) return true;
  }
  return false;
}

function unescape(text: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => entities[name] ?? whole);
}
