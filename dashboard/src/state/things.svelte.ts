/** The things of a space as the kit last drew them. Nothing is computed here: the kit folds. */

import type { Thing } from '../kit/types';

/** Frames may come by the thousand after a break; what hangs on the things is told at most this often. */
const SETTLE_MS = 60;

export class ThingStore {
  #things = new Map<string, Thing>();
  #aliases = new Map<string, string>();
  #version = $state(0);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** All things, in the kit's order. */
  readonly all: readonly Thing[] = $derived.by(() => {
    void this.#version;
    return [...this.#things.values()];
  });

  get size(): number {
    void this.#version;
    return this.#things.size;
  }

  /** A thing by its id, or by that of another that was merged into it. */
  get(id: string): Thing | undefined {
    void this.#version;
    return this.#things.get(id) ?? this.#things.get(this.#aliases.get(id) ?? '');
  }

  replace(things: readonly Thing[]): void {
    this.#things.clear();
    this.#aliases.clear();
    for (const thing of things) this.#put(thing);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#version += 1;
  }

  /** What an event changed. */
  apply(changed: readonly Thing[], removed: readonly string[]): void {
    for (const id of removed) {
      this.#forget(id);
      this.#things.delete(id);
    }
    for (const thing of changed) this.#put(thing);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#version += 1;
    }, SETTLE_MS);
  }

  /** It stands for those no longer that it stood for: they may stand for themselves again. */
  #forget(id: string): void {
    for (const alias of this.#things.get(id)?.properties.aliases ?? []) {
      if (this.#aliases.get(alias) === id) this.#aliases.delete(alias);
    }
  }

  #put(thing: Thing): void {
    this.#forget(thing.id);
    this.#things.set(thing.id, thing);
    for (const alias of thing.properties.aliases ?? []) this.#aliases.set(alias, thing.id);
  }
}
