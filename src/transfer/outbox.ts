/** What a machine wants done, in order, until its owner asks. @module */

export class Outbox<Command> {
  #commands: Command[] = [];
  #next = 0;

  push(command: Command): void {
    this.#commands.push(command);
  }

  /** Forgets what is not to be done any more. */
  discard(isVoid: (command: Command) => boolean): void {
    this.#commands = this.#commands.slice(this.#next).filter((command) => !isVoid(command));
    this.#next = 0;
  }

  /** Takes the oldest command out; `undefined` when nothing is left. */
  poll(): Command | undefined {
    const command = this.#commands[this.#next];
    if (command === undefined) {
      this.#commands = [];
      this.#next = 0;
    } else {
      this.#next++;
    }
    return command;
  }
}
