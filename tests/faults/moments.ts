/** Random moments at which processes are killed, the same ones again with the same seed. @module */

import { Random } from "../simulation/random.ts";

export const SEED = Number(Deno.env.get("ULTRA_FAULTS_SEED") ?? Date.now() % 1_000_000);

export class Moments {
  readonly #random: Random;

  /** @param number of the scene: those that run beside each other have moments of their own */
  constructor(number = 0) {
    this.#random = new Random(SEED + number);
  }

  /** What is tested is the time. */
  async pass(mostMs: number): Promise<void> {
    const ms = this.#random.time(0, mostMs);
    await new Promise((over) => setTimeout(over, ms));
  }
}

/** Names the seed where something fails. */
export async function seeded<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Error(`${what}; ULTRA_FAULTS_SEED=${SEED} repeats the moments`, { cause: error });
  }
}
