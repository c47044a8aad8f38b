/** Looking at an earlier moment. The kit computes it (`at=`); here is only which one, and what came back. */

import { getState, KitError } from '../kit/client';
import { HELD_LATEST } from './kit.svelte';
import { ThingStore } from './things.svelte';

/** A finger on the slider passes many moments; only where it rests is asked for. */
const DEBOUNCE_MS = 120;
const PLAY_STEP_MS = 450;

export class PastState {
  /** Index into the moments, or null: now. */
  index = $state<number | null>(null);
  /** The second that `things` shows. */
  shown = $state<number | null>(null);
  loading = $state(false);
  failure = $state<string | null>(null);
  playing = $state(false);
  readonly things = new ThingStore();
  /** Other things of that moment that somebody has looked at, of a space with very many. */
  readonly looked = new ThingStore();
  /** Whether a space has too many things to load them all. */
  tiled: (space: string) => boolean = () => false;

  #moments: readonly number[] = [];
  #space: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | null = null;

  /** The second asked for, or null for now. */
  get at(): number | null {
    return this.index === null ? null : (this.#moments[this.index] ?? null);
  }

  /** Goes to one of `moments` of a space; an index past the last means now. */
  go(space: string, moments: readonly number[], index: number): void {
    this.#space = space;
    this.#moments = moments;
    clearTimeout(this.#timer);
    if (index >= moments.length) {
      this.backToNow();
      return;
    }
    this.index = Math.max(0, index);
    this.#timer = setTimeout(() => void this.#load(), DEBOUNCE_MS);
  }

  backToNow(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
    this.index = null;
    this.shown = null;
    this.loading = false;
    this.failure = null;
    this.playing = false;
    this.things.replace([]);
    this.looked.replace([]);
  }

  /** Plays from here, or from the first moment when now is shown. */
  async play(space: string, moments: readonly number[]): Promise<void> {
    if (this.playing || moments.length === 0) return;
    this.#space = space;
    this.#moments = moments;
    this.playing = true;
    let next = this.index ?? 0;
    while (this.isPlaying() && next < moments.length) {
      this.index = next;
      const started = Date.now();
      await this.#load();
      if (this.failure !== null) break;
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, PLAY_STEP_MS - (Date.now() - started))),
      );
      // The person may have moved the slider meanwhile: go on from there.
      next = (this.index ?? moments.length) + 1;
    }
    if (this.isPlaying() && next >= moments.length) this.backToNow();
    this.playing = false;
  }

  pause(): void {
    this.playing = false;
  }

  private isPlaying(): boolean {
    return this.playing;
  }

  async #load(): Promise<void> {
    const { at } = this;
    if (at === null || this.#space === null) return;
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.loading = true;
    try {
      // Of a space with very many things: the latest here, and the others as tiles, for which the kit has then folded.
      const part = this.tiled(this.#space) ? { latest: HELD_LATEST } : null;
      const state = await getState(this.#space, at, part, request.signal);
      if (this.#request !== request) return; // a later wish has overtaken this one
      this.things.replace(state.features);
      this.looked.replace([]);
      this.shown = at;
      this.failure = null;
    } catch (error) {
      if (this.#request !== request) return;
      this.failure = error instanceof KitError ? error.message : String(error);
    }
    this.loading = false;
  }
}
