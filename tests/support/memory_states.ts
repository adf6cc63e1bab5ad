/** The folder for state of a simulated computer. @module */

import type { StateStore } from "../../src/meet/state_store.ts";

export class MemoryStates implements StateStore {
  readonly files = new Map<string, string>();
  /** A folder that cannot be written. */
  isReadOnly = false;

  take(name: string): Promise<string | undefined> {
    return Promise.resolve(this.files.get(name));
  }

  keep(name: string, text: string): Promise<boolean> {
    if (!this.isReadOnly) this.files.set(name, text);
    return Promise.resolve(!this.isReadOnly);
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }
}
