/**
 * Numbers with a bound that no test asserts, because a busy machine misses it: they are printed beside it, and repeated together at the end of
 * `deno task test:faults`.
 *
 * @module
 */

import { print } from "../../scripts/shell.ts";

/** Names the file that the lines are written to as well. */
const VARIABLE = "ULTRA_FAULTS_MEASURED";

/** How exactly a number is shown. */
const DIGITS = { s: 2, ms: 0, MiB: 1, "%": 1 } as const;

export interface Measurement {
  readonly value: number;
  readonly bound: number;
  readonly unit: keyof typeof DIGITS;
  /** What comes behind the number: `until the next block`. */
  readonly what: string;
}

/** Prints what was measured, in one line, which says where a number is above its bound. */
export function measured(subject: string, ...measurements: readonly Measurement[]): void {
  const line = lineOf(subject, measurements);
  print(line);
  const path = Deno.env.get(VARIABLE);
  if (path !== undefined) Deno.writeTextFileSync(path, `${line}\n`, { append: true });
}

export function lineOf(subject: string, measurements: readonly Measurement[]): string {
  const parts = measurements.map(({ value, bound, unit, what }) => {
    const shown = `${value.toFixed(DIGITS[unit])} ${unit} ${what}, bound ${bound} ${unit}`;
    return value <= bound ? shown : `${shown} (ABOVE THE BOUND)`;
  });
  return `${subject}: ${parts.join("; ")}`;
}

/** Collects the lines of the processes that are started with its `env`. */
export class MeasuredLines implements Disposable {
  readonly #path = Deno.makeTempFileSync({ prefix: "ultra-measured-" });

  get env(): Readonly<Record<string, string>> {
    return { [VARIABLE]: this.#path };
  }

  get lines(): readonly string[] {
    return Deno.readTextFileSync(this.#path).split("\n").filter((line) => line !== "");
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#path);
  }
}
