/** Files of random bytes, which nothing can compress. @module */

const BLOCK = 1024 * 1024;
/** The most that one call gives, says the standard. */
const MOST_AT_ONCE = 65_536;

export async function writeRandom(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const block = new Uint8Array(Math.min(bytes, BLOCK));
  for (let left = bytes; left > 0; left -= block.length) {
    fillRandom(block);
    for (let rest = block.subarray(0, left); rest.length > 0;) rest = rest.subarray(await file.write(rest));
  }
}

/** With any number of random bytes. */
export function fillRandom(block: Uint8Array<ArrayBuffer>): void {
  for (let at = 0; at < block.length; at += MOST_AT_ONCE) {
    crypto.getRandomValues(block.subarray(at, at + MOST_AT_ONCE));
  }
}
