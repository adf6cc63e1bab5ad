/**
 * What only the two sides may know. Wrapped, so that no log line, error, JSON event or debugger view can show it by accident.
 *
 * @module
 */

const REDACTED = "[redacted]";

/** A token or a session key. Only {@linkcode Secret.reveal} gives the bytes away; every other view of it is `[redacted]`. */
export class Secret {
  readonly #bytes: Uint8Array;

  /** @param bytes copied, so that a reused receive buffer cannot change the secret */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.slice();
  }

  /** The bytes themselves: for deriving keys and for the state file, nothing else. They must not be changed. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What `console.log`, `Deno.inspect` and LogTape show. */
  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
