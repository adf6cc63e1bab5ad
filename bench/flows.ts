/** How two flows shared a path: what each one moved while both ran. @module */

/** How much a flow had moved at a time. */
export interface Sample {
  readonly seconds: number;
  readonly bytes: number;
}

export interface Shared {
  /** While both ran. */
  readonly seconds: number;
  readonly bytes: readonly [number, number];
}

/** From when both had moved something until one of them ended; undefined when there was no such time. */
export function shared(first: readonly Sample[], second: readonly Sample[]): Shared | undefined {
  const [from, to] = [Math.max(begin(first), begin(second)), Math.min(end(first), end(second))];
  if (!(to > from)) return undefined;
  const moved = (flow: readonly Sample[]) => bytesAt(flow, to) - bytesAt(flow, from);
  return { seconds: to - from, bytes: [moved(first), moved(second)] };
}

/** The time of the first sample with bytes; the samples are in order. */
function begin(flow: readonly Sample[]): number {
  return flow.find(({ bytes }) => bytes > 0)?.seconds ?? Infinity;
}

function end(flow: readonly Sample[]): number {
  return flow.at(-1)?.seconds ?? -Infinity;
}

/** Evenly between two samples. */
function bytesAt(flow: readonly Sample[], seconds: number): number {
  const index = flow.findIndex((sample) => sample.seconds >= seconds);
  const [before, after] = [flow[index - 1], flow[index]];
  if (after === undefined) return flow.at(-1)?.bytes ?? 0;
  if (before === undefined) return after.bytes;
  const part = (seconds - before.seconds) / (after.seconds - before.seconds);
  return before.bytes + part * (after.bytes - before.bytes);
}
