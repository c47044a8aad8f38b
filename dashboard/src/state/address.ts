/** The part of the page's address that says what is shown: `#space=S&map=zoom/lat/lon&thing=ID`. */

export interface View {
  zoom: number;
  lat: number;
  lon: number;
}

export interface Address {
  space: string | null;
  view: View | null;
  thing: string | null;
}

/** Reads `?space=` (links on posters) and the hash, which wins. What is malformed is left out. */
export function parseAddress(search: string, hash: string): Address {
  const fromHash = new URLSearchParams(hash.replace(/^#/, ''));
  const fromSearch = new URLSearchParams(search);
  const read = (name: string): string | null => fromHash.get(name) ?? fromSearch.get(name);
  return { space: read('space'), view: parseView(read('map')), thing: read('thing') };
}

export function formatAddress({ space, view, thing }: Address): string {
  const parts: string[] = [];
  if (space !== null) parts.push(`space=${encodeURIComponent(space)}`);
  if (view) parts.push(`map=${view.zoom.toFixed(2)}/${view.lat.toFixed(5)}/${view.lon.toFixed(5)}`);
  if (thing !== null) parts.push(`thing=${encodeURIComponent(thing)}`);
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}

function parseView(text: string | null): View | null {
  const parts = text?.split('/') ?? [];
  if (parts.length !== 3 || parts.some((part) => part.trim() === '')) return null;
  const [zoom = NaN, lat = NaN, lon = NaN] = parts.map(Number);
  const inRange = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
  return inRange ? { zoom, lat, lon } : null;
}
