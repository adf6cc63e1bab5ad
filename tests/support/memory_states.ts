/** The folder for state of a simulated computer. @module */

import type { Kept, RecordStore, StateStore } from "../../src/meet/state_store.ts";

export class MemoryStates implements StateStore {
  readonly files = new Map<string, string>();
  readonly records = new Map<string, Uint8Array>();
  /** A folder that cannot be written. */
  isReadOnly = false;

  take(name: string): Promise<string | undefined> {
    return Promise.resolve(this.files.get(name));
  }

  keep(name: string, text: string): Promise<Kept> {
    if (!this.isReadOnly) this.files.set(name, text);
    return Promise.resolve(this.isReadOnly ? "unwritable" : "kept");
  }

  record(name: string): RecordStore {
    const keep = (before: Uint8Array, bytes: Uint8Array) => {
      const all = new Uint8Array(before.length + bytes.length);
      all.set(before);
      all.set(bytes, before.length);
      if (!this.isReadOnly) this.records.set(name, all);
      return Promise.resolve(!this.isReadOnly);
    };
    const there = () => this.records.get(name) ?? new Uint8Array(0);
    return {
      load: (most) => Promise.resolve(there().subarray(0, most)),
      append: (bytes) => keep(there(), bytes),
      replace: (bytes) => keep(new Uint8Array(0), bytes),
    };
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }

  removeAlike(start: string): Promise<void> {
    for (const name of this.files.keys()) if (name.startsWith(start)) this.files.delete(name);
    return Promise.resolve();
  }
}
