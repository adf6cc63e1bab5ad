/**
 * A sender machine numbers its grants by itself; the engine has those of all transfers that run at the same time.
 *
 * @module
 */

import type { GrantId } from "../protocol/words.ts";

/** No grant has this id. */
const NONE: GrantId = 0;

export class GrantIds {
  readonly #fresh: () => GrantId;
  readonly #engine = new Map<GrantId, GrantId>();
  readonly #machine = new Map<GrantId, GrantId>();

  /** @param fresh an id that no open grant of the engine has */
  constructor(fresh: () => GrantId) {
    this.#fresh = fresh;
  }

  /** The engine's id for a grant of the machine that begins. */
  give(grant: GrantId): GrantId {
    const id = this.#fresh();
    this.#engine.set(grant, id);
    this.#machine.set(id, grant);
    return id;
  }

  /** One that is read already is {@linkcode NONE}. */
  engineOf(grant: GrantId): GrantId {
    return this.#engine.get(grant) ?? NONE;
  }

  /** A grant is read, and its id free; the machine's id for it, unless it is void. */
  read(id: GrantId): GrantId | undefined {
    const grant = this.#machine.get(id);
    this.#machine.delete(id);
    if (grant !== undefined) this.#engine.delete(grant);
    return grant;
  }

  /** All of them are void. */
  clear(): void {
    this.#engine.clear();
    this.#machine.clear();
  }
}
