/**
 * Signals that end a run in good order: the first one asks, a second SIGINT insists.
 *
 * @module
 */

/** What the shell, the system or a closing terminal sends; SIGBREAK is Ctrl-Break of Windows. */
export type EndingSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGBREAK";

/** Where signals come from; tests have their own. */
export interface SignalSource {
  add(signal: EndingSignal, handler: () => void): void;
  remove(signal: EndingSignal, handler: () => void): void;
}

/** Watches from its making until it is disposed. It does not keep the process alive. */
export interface SignalWatch extends Disposable {
  /** Aborted by the first signal; its reason is the signal's name. */
  readonly ended: AbortSignal;
  /** Aborted by a second SIGINT: the user does not want to wait for an orderly end. */
  readonly insisted: AbortSignal;
  /** The first signal, once there was one. */
  readonly signal: EndingSignal | undefined;
}

/** What a write beyond `ulimit -f` raises. Handled, the write fails like any other; otherwise the process dies of it. */
const FILE_TOO_LARGE = "SIGXFSZ";

/** Those that the system has. Windows has no SIGTERM and no SIGHUP: a console that is closed ends its programs as a kill does. */
export function endingSignals(system: string = Deno.build.os): readonly EndingSignal[] {
  return system === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

/** The process's own. */
export const systemSignals: SignalSource = {
  add(signal, handler) {
    Deno.addSignalListener(signal, handler);
  },
  remove(signal, handler) {
    Deno.removeSignalListener(signal, handler);
  },
};

/** Makes writes beyond `ulimit -f` fail in place of ending the process, from now on. */
export function surviveFileLimit(): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener(FILE_TOO_LARGE, () => {});
}

/** `ignored`: what was ignored when the process started (`nohup`, a job of a script) stays without effect. */
export function watchSignals(
  ignored: readonly EndingSignal[] = [],
  source: SignalSource = systemSignals,
): SignalWatch {
  const ended = new AbortController();
  const insisted = new AbortController();
  let first: EndingSignal | undefined;
  const handlers = endingSignals().map((signal) => {
    const handler = () => {
      // (Once Deno listens for any signal, these three end the process unless each has a handler.)
      if (ignored.includes(signal)) return;
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
