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

  /** What an event changed. Of more than `most` things those go that changed longest ago. */
  apply(changed: readonly Thing[], removed: readonly string[], most = Infinity): void {
    for (const id of removed) this.#drop(id);
    for (const thing of changed) this.#put(thing);
    // Seldom, so that a burst does not sort at each event.
    if (this.#things.size > 2 * most) {
      const newest = [...this.#things.values()].sort((a, b) => b.properties.changed - a.properties.changed);
      for (const { id } of newest.slice(most)) this.#drop(id);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#version += 1;
    }, SETTLE_MS);
  }

  #drop(id: string): void {
    this.#unname(id);
    this.#things.delete(id);
  }

  /** It stands for those no longer that it stood for: they may stand for themselves again. */
  #unname(id: string): void {
    for (const alias of this.#things.get(id)?.properties.aliases ?? []) {
      if (this.#aliases.get(alias) === id) this.#aliases.delete(alias);
    }
  }

  /** Of what an event changed, what is held here. */
  follow(changed: readonly Thing[], removed: readonly string[]): void {
    const held = changed.filter(({ id }) => this.#things.has(id));
    if (held.length > 0 || removed.some((id) => this.#things.has(id))) this.apply(held, removed);
  }

  /** Holds a thing from now on. */
  hold(things: readonly Thing[], most = Infinity): void {
    for (const thing of things) this.#put(thing);
    for (const id of this.#things.keys()) {
      if (this.#things.size <= most) break;
      this.#drop(id);
    }
    this.#version += 1;
  }

  #put(thing: Thing): void {
    this.#unname(thing.id);
    this.#things.set(thing.id, thing);
    for (const alias of thing.properties.aliases ?? []) this.#aliases.set(alias, thing.id);
  }
}
