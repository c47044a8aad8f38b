/** What the kit knows of the files of the thing that is looked at, asked again as long as that may change. */

import { getMedia } from '../kit/media';
import type { MediaState } from '../kit/types';

const SOON_MS = 2_500;
const LATER_MS = 10_000;
/** What is here may still be withdrawn. */
const SELDOM_MS = 30_000;
/** After so many questions it is not worth hurrying any more. */
const HURRIED = 20;

export class MediaWatch {
  states = $state.raw<ReadonlyMap<string, MediaState>>(new Map());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | null = null;

  watch(hashes: readonly string[]): void {
    this.stop();
    if (hashes.length > 0) void this.#ask([...new Set(hashes)].slice(0, 64), 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
  }

  async #ask(hashes: string[], asked: number): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    let next = asked < HURRIED ? SOON_MS : LATER_MS;
    try {
      if (document.visibilityState === 'visible') {
        const told = await getMedia(hashes, request.signal);
        if (this.#request !== request) return;
        this.states = new Map(told.map((state) => [state.hash, state]));
        if (told.every(({ state }) => state === 'here')) next = SELDOM_MS;
      }
    } catch {
      if (this.#request !== request) return; // what was known stays in sight; the connection has its own words
    }
    this.#timer = setTimeout(() => void this.#ask(hashes, asked + 1), next);
  }
}
