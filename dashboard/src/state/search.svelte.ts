/** Searching a space of which not all things are held: the kit looks. */

import { getState } from '../kit/client';
import type { Thing } from '../kit/types';

/** A finger types faster than a kit should have to look. */
const DEBOUNCE_MS = 250;
export const MOST_FOUND = 200;

export class Search {
  found = $state.raw<readonly Thing[] | null>(null);
  failure = $state<string | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | null = null;

  look(space: string, text: string, at: number | null): void {
    this.stop();
    this.#timer = setTimeout(() => void this.#look(space, text, at), DEBOUNCE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
  }

  async #look(space: string, text: string, at: number | null): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    try {
      const { features } = await getState(space, at, { latest: MOST_FOUND, text }, request.signal);
      if (this.#request !== request) return;
      this.found = features;
      this.failure = null;
    } catch (error) {
      if (this.#request !== request) return;
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }
}
