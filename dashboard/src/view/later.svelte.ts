/** Fetches the panels' chunk, and goes on trying where the radio is gone just then. */

import type * as Panels from './panels';

class Later {
  panels = $state.raw<typeof Panels | null>(null);
}

export const later = new Later();

const RETRY_MS = 2_000;
let loading: Promise<void> | null = null;

export function loadLater(): Promise<void> {
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  while (later.panels === null) {
    try {
      later.panels = await import('./panels');
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
