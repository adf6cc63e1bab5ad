/**
 * Builds the argument block of a function of the door: fixed fields, then pieces whose lengths are among them.
 *
 * @module
 */

const utf8 = new TextEncoder();

export class Args {
  readonly #pieces: Uint8Array[] = [];

  static text(text: string): Uint8Array {
    return utf8.encode(text);
  }

  u32(value: number): this {
    const piece = new Uint8Array(4);
    new DataView(piece.buffer).setUint32(0, value, true);
    return this.raw(piece);
  }

  f64(value: number): this {
    const piece = new Uint8Array(8);
    new DataView(piece.buffer).setFloat64(0, value, true);
    return this.raw(piece);
  }

  raw(bytes: Uint8Array): this {
    this.#pieces.push(bytes);
    return this;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const block = new Uint8Array(this.#pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      block.set(piece, at);
      at += piece.length;
    }
    return block;
  }
}
