/** BLAKE3 by an implementation that shares nothing with the engine's (C compiled to WebAssembly). @module */

import { createBLAKE3 } from "hash-wasm";

/** A running hash: what `b3sum` would print for everything that `update` was given. */
export type Hasher = Awaited<ReturnType<typeof createBLAKE3>>;

export async function newHasher(): Promise<Hasher> {
  return (await createBLAKE3()).init();
}

/** The BLAKE3 hash of a file in hex. */
export async function hashFile(path: string): Promise<string> {
  const hasher = await newHasher();
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1024 * 1024);
  for (;;) {
    const read = await file.read(buffer);
    if (read === null) return hasher.digest("hex");
    hasher.update(buffer.subarray(0, read));
  }
}
