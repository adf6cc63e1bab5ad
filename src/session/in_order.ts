/** Hands events on in the order in which they came, although some of them have to wait for something first. @module */

export class InOrder<Event extends NonNullable<unknown>> {
  readonly #before: (event: Event) => Promise<void> | undefined;
  readonly #handle: (event: Event) => void;
  /** What came while an event waits. */
  #behind: Event[] | undefined;

  /** @param before what has to be over before an event is handed on; `undefined`: nothing. It never fails */
  constructor(before: (event: Event) => Promise<void> | undefined, handle: (event: Event) => void) {
    this.#before = before;
    this.#handle = handle;
  }

  push(event: Event): void {
    if (this.#behind !== undefined) return void this.#behind.push(event);
    const before = this.#before(event);
    if (before === undefined) return this.#handle(event);
    this.#behind = [];
    void before.then(() => this.#goOn(event));
  }

  #goOn(event: Event): void {
    this.#handle(event);
    for (let next = this.#behind?.shift(); next !== undefined; next = this.#behind?.shift()) {
      const waiting = next;
      const before = this.#before(waiting);
      if (before !== undefined) return void before.then(() => this.#goOn(waiting));
      this.#handle(waiting);
    }
    this.#behind = undefined;
  }
}
