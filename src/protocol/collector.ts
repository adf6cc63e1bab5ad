/**
 * Records of a byte stream, put together from chunks that end anywhere.
 *
 * @module
 */

/** Gathers one record at a time; how long a record is may depend on its first bytes. */
export class Collector {
  #chunk: Uint8Array = new Uint8Array(0);
  #record: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #filled = 0;

  /**
   * Takes the next bytes of the stream.
   *
   * The chunk is borrowed, so that nothing beyond one record is ever buffered: it must be collected to its end before
   * the next one is pushed or its memory is used again.
   */
  push(chunk: Uint8Array): void {
    if (this.#chunk.length > 0) throw new Error("A chunk was pushed before the one before it was read to its end");
    this.#chunk = chunk;
  }

  /**
   * The first `length` bytes of the current record, or `undefined` while they are not there.
   *
   * May be called with growing lengths for the same record. Memory is taken for `length` bytes at once, so check it
   * first.
   */
  collect(length: number): Uint8Array<ArrayBuffer> | undefined {
    if (length > this.#record.length) {
      const grown = new Uint8Array(length);
      grown.set(this.#record.subarray(0, this.#filled));
      this.#record = grown;
    }
    const missing = length - this.#filled;
    if (missing > 0) {
      const part = this.#chunk.subarray(0, missing);
      this.#record.set(part, this.#filled);
      this.#filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    return this.#filled >= length ? this.#record.subarray(0, length) : undefined;
  }

  /** Ends the current record. Its bytes now belong to the caller; nothing writes to them again. */
  next(): void {
    this.#record = new Uint8Array(0);
    this.#filled = 0;
  }

  /** Whether a record has begun. */
  get begun(): boolean {
    return this.#filled > 0 || this.#chunk.length > 0;
  }
}
