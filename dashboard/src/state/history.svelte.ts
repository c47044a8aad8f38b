/** The history of one thing: fetched when it is looked at, and again when it changes. */

import { getNode, KitError } from '../kit/client';
import type { HistoryEntry, Thing } from '../kit/types';
import type { Verdict } from '../trace/event';

/** Checking a signature takes a slow phone some ten milliseconds; the newest are the ones that are read. */
const CHECKED_ENTRIES = 40;

export class HistoryState {
  entries = $state.raw<readonly HistoryEntry[]>([]);
  /** The thing itself, as it was when it was asked for. */
  feature = $state.raw<Thing | null>(null);
  /** The thing was taken off the map. */
  deleted = $state(false);
  verdicts = $state.raw<ReadonlyMap<string, Verdict>>(new Map());
  loading = $state(true);
  failure = $state<string | null>(null);
  #request: AbortController | null = null;

  async load(space: string, id: string, at: number | null): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.loading = true;
    try {
      const history = await getNode(space, id, at, request.signal);
      if (this.#request !== request) return;
      this.entries = history.events;
      this.feature = history.feature;
      this.deleted = history.deleted ?? false;
      this.failure = null;
      this.loading = false;
      await this.#check(history.events, request);
    } catch (error) {
      if (this.#request !== request) return;
      this.loading = false;
      if (error instanceof KitError && error.status === 404) {
        this.entries = [];
        this.deleted = false;
        this.failure = null;
      } else {
        this.failure = error instanceof Error ? error.message : String(error);
      }
    }
  }

  stop(): void {
    this.#request?.abort();
    this.#request = null;
  }

  async #check(entries: readonly HistoryEntry[], request: AbortController): Promise<void> {
    const { verify } = await import('../trace/signing');
    const verdicts = new Map<string, Verdict>();
    for (const { event } of entries.slice(-CHECKED_ENTRIES)) {
      const known = this.verdicts.get(event.event_id);
      verdicts.set(event.event_id, known ?? verify(event));
      // Between two signatures the finger must be heard.
      if (!known) await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.#request !== request) return;
    }
    this.verdicts = verdicts;
  }
}
