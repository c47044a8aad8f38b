/** The page's state as one whole: what each part is, and how they hang together. */

import type { Thing } from '../kit/types';
import { anchorOf } from '../map/drawn';
import { messages } from '../messages';
import { parseAddress } from './address';
import { clock } from './clock.svelte';
import { KitState } from './kit.svelte';
import { PastState } from './past.svelte';
import { ReportsState } from './reports.svelte';
import { UiState } from './ui.svelte';

const address = parseAddress(location.search, location.hash);

export const kit = new KitState(address.space);
export const past = new PastState();
export const reports = new ReportsState();
export const { photos } = reports;
export const ui = new UiState();
export const startAddress = address;

/** The things of the moment that is shown. */
export function shownThings(): readonly Thing[] {
  return past.shown === null ? kit.live.all : past.things.all;
}

/** A thing of the moment that is shown. */
export function shownThing(id: string): Thing | undefined {
  return past.shown === null ? kit.live.get(id) : past.things.get(id);
}

/** The second from which "5 min ago" is counted: that of the moment that is shown. */
export function shownNow(): number {
  return past.shown ?? clock.tick;
}

/** Where a thing stands on the map, or null. */
export function placeOf(thing: Thing): GeoJSON.Position | null {
  return thing.properties.position ?? (thing.geometry ? anchorOf(thing.geometry) : null);
}

/** Leaves the earlier moment and shows another space. */
export function chooseSpace(id: string): void {
  past.backToNow();
  ui.close();
  kit.choose(id);
}

/** Starts everything that lives as long as the page. */
export function startPage(): void {
  kit.onLive = () => {
    void reports.flush().then(() => photos.flush());
  };
  kit.start();
  window.addEventListener('online', () => {
    kit.check();
  });
  window.addEventListener('popstate', () => {
    ui.closed();
  });
  // New moments for the slider and counts; never while somebody looks at an earlier one.
  setInterval(() => {
    if (past.index === null && kit.connection === 'live' && document.visibilityState === 'visible') {
      void kit.refreshSpaces().catch(() => undefined);
    }
  }, 60_000);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') kit.check();
  });
  // Later than the first view, sooner than the map: without it a report could not be signed offline.
  void kit.answered.then(() => reports.prepare()).catch(() => undefined);
}

/** Tells how a report fared. */
export function tellSubmitted(result: Awaited<ReturnType<typeof reports.submit>>): void {
  const words = messages.report;
  if (result === 'sent') ui.toast(words.sent, 'good');
  else if (result === 'kept') ui.toast(reports.keeps ? words.kept : words.notKept, 'plain');
  else ui.toast(words.refused(result.refused), 'bad');
}
