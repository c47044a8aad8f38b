/** The page's state as one whole: what each part is, and how they hang together. */

import type { Thing } from '../kit/types';
import { anchorOf } from '../map/drawn';
import { messages } from '../messages';
import { parseAddress } from './address';
import { clock } from './clock.svelte';
import { getState } from '../kit/client';
import { HELD_LOOKED, KitState } from './kit.svelte';
import { PastState } from './past.svelte';
import { ReportsState } from './reports.svelte';
import { TroubleState } from './trouble.svelte';
import { UiState } from './ui.svelte';

const address = parseAddress(location.search, location.hash);

export const kit = new KitState(address.space);
export const past = new PastState();
export const reports = new ReportsState();
export const trouble = new TroubleState();
export const { photos } = reports;
export const ui = new UiState();
export const startAddress = address;

/** The things of the moment that is shown; of a space with very many the latest. */
export function shownThings(): readonly Thing[] {
  return past.shown === null ? kit.live.all : past.things.all;
}

/** A thing of the moment that is shown. */
export function shownThing(id: string): Thing | undefined {
  if (past.shown === null) return kit.live.get(id) ?? kit.looked.get(id);
  return past.things.get(id) ?? past.looked.get(id);
}

/** Holds things of the moment that is shown, which were fetched because somebody looks at them. */
export function hold(things: readonly Thing[]): void {
  (past.shown === null ? kit.looked : past.looked).hold(things, HELD_LOOKED);
}

/** How many things are listed of those in one place. */
const MOST_GATHERED = 200;

/** Fetches the things of a place, of a space of which not all are held. Rejects when the kit does not answer. */
export async function gather(bbox: readonly [number, number, number, number], layer?: string): Promise<readonly Thing[]> {
  if (kit.spaceId === null) return [];
  const part = { latest: MOST_GATHERED, bbox, ...(layer === undefined ? {} : { layer }) };
  const { features } = await getState(kit.spaceId, past.shown, part);
  hold(features);
  return features;
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

/** How often the kit is asked how it is: while something is wrong, and else. */
const TROUBLED_MS = 5_000;
const CALM_MS = 60_000;

/** Starts everything that lives as long as the page. */
export function startPage(): void {
  past.tiled = () => kit.tiled;
  kit.onLive = () => {
    void reports.flush().then(() => photos.flush());
    void trouble.look();
  };
  trouble.onMended = () => {
    void reports.flush(true);
  };
  let looked = Date.now();
  setInterval(() => {
    if (kit.connection !== 'live' || document.visibilityState !== 'visible') return;
    const wrong = trouble.condition !== 'ok' || (reports.waitingCount > 0 && reports.trouble !== null);
    if (Date.now() - looked < (wrong ? TROUBLED_MS : CALM_MS)) return;
    looked = Date.now();
    void trouble.look();
  }, TROUBLED_MS / 2);
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
  else if (result === 'kept') {
    const kept = kit.connection === 'live' ? words.keptTrouble : words.kept;
    ui.toast(reports.keeps ? kept : words.notKept, 'plain');
    if (kit.connection === 'live') void trouble.look();
  }
  else ui.toast(words.refused(result.refused), 'bad');
}
