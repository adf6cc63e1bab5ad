/**
 * Signals that end a run in good order: the first one asks, a second SIGINT insists.
 *
 * @module
 */

/** What the shell, the system or a closing terminal sends. */
export type EndingSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Where signals come from; tests have their own. */
export interface SignalSource {
  add(signal: EndingSignal, handler: () => void): void;
  remove(signal: EndingSignal, handler: () => void): void;
}

/** Watches from its making until it is disposed. */
export interface SignalWatch extends Disposable {
  /** Aborted by the first signal; its reason is the signal's name. */
  readonly ended: AbortSignal;
  /** Aborted by a second SIGINT, for somebody who does not want to wait for the good order. */
  readonly insisted: AbortSignal;
  /** The first signal, once there was one. */
  readonly signal: EndingSignal | undefined;
}

const SIGNALS: readonly EndingSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The process's own. */
export const systemSignals: SignalSource = {
  add(signal, handler) {
    // A listener would undo what `nohup` asked for.
    if (signal === "SIGHUP" && hangupIgnored()) return;
    try {
      Deno.addSignalListener(signal, handler);
    } catch (error) {
      // Windows has no SIGTERM to listen for, which is no reason not to run.
      if (Deno.build.os !== "windows") throw error;
    }
  },
  remove(signal, handler) {
    Deno.removeSignalListener(signal, handler);
  },
};

/** Whether the signals that a Linux process ignores, as `/proc/PID/status` has them, include SIGHUP. */
export function ignoresHangup(status: string): boolean {
  const mask = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(status)?.[1] ?? "0";
  // SIGHUP is signal 1, the lowest bit.
  return (parseInt(mask, 16) & 1) === 1;
}

export function watchSignals(source: SignalSource = systemSignals): SignalWatch {
  const ended = new AbortController();
  const insisted = new AbortController();
  let first: EndingSignal | undefined;
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      if (first === undefined) {
        first = signal;
        ended.abort(signal);
      } else if (signal === "SIGINT") {
        insisted.abort(signal);
      }
    };
    source.add(signal, handler);
    return { signal, handler };
  });
  return {
    ended: ended.signal,
    insisted: insisted.signal,
    get signal() {
      return first;
    },
    [Symbol.dispose]() {
      for (const { signal, handler } of handlers) source.remove(signal, handler);
    },
  };
}

function hangupIgnored(): boolean {
  try {
    return ignoresHangup(Deno.readTextFileSync("/proc/self/status"));
  } catch {
    // Other systems, or no permission to look.
    return false;
  }
}
