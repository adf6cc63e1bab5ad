import assert from "node:assert/strict";
import { type EndingSignal, endingSignals, type SignalSource, watchSignals } from "../../src/base/signals.ts";

class FakeSignals implements SignalSource {
  readonly handlers = new Map<EndingSignal, () => void>();

  add(signal: EndingSignal, handler: () => void): void {
    this.handlers.set(signal, handler);
  }

  remove(signal: EndingSignal, handler: () => void): void {
    assert.equal(this.handlers.get(signal), handler);
    this.handlers.delete(signal);
  }

  raise(signal: EndingSignal): void {
    this.handlers.get(signal)?.();
  }
}

Deno.test("the first signal of any kind ends the run in good order and is remembered", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const source = new FakeSignals();
    using watch = watchSignals([], source);
    assert.equal(watch.signal, undefined);
    source.raise(signal);
    assert.equal(watch.signal, signal);
    assert.equal(watch.ended.reason, signal);
    assert.equal(watch.insisted.aborted, false);
    source.raise("SIGTERM");
    assert.equal(watch.signal, signal);
    assert.equal(watch.insisted.aborted, false);
  }
});

Deno.test("Ctrl-C and Ctrl-Break end a run on Windows, which has no SIGTERM and no SIGHUP", () => {
  assert.deepEqual(endingSignals("windows"), ["SIGINT", "SIGBREAK"]);
  assert.deepEqual(endingSignals("linux"), ["SIGINT", "SIGTERM", "SIGHUP"]);
});

Deno.test("a second SIGINT insists", () => {
  const source = new FakeSignals();
  using watch = watchSignals([], source);
  source.raise("SIGINT");
  source.raise("SIGINT");
  assert.ok(watch.insisted.aborted);
});

Deno.test("T22: what was ignored at the start has no effect", () => {
  const source = new FakeSignals();
  using watch = watchSignals(["SIGHUP", "SIGINT"], source);
  for (const signal of ["SIGHUP", "SIGINT", "SIGINT"] as const) source.raise(signal);
  assert.equal(watch.signal, undefined);
  assert.equal(watch.ended.aborted || watch.insisted.aborted, false);
  source.raise("SIGTERM");
  assert.equal(watch.signal, "SIGTERM");
});

Deno.test("nothing is watched any more after disposal", () => {
  const source = new FakeSignals();
  {
    using _watch = watchSignals([], source);
    assert.equal(source.handlers.size, 3);
  }
  assert.equal(source.handlers.size, 0);
});

Deno.test({
  name: "a signal of the system arrives",
  ignore: Deno.build.os === "windows",
  async fn() {
    using watch = watchSignals();
    const ended = new Promise((resolve) => watch.ended.addEventListener("abort", resolve));
    // A signal listener alone does not keep a process alive.
    const alive = setInterval(() => {}, 1000);
    Deno.kill(Deno.pid, "SIGHUP");
    await ended;
    clearInterval(alive);
    assert.equal(watch.signal, "SIGHUP");
  },
});
