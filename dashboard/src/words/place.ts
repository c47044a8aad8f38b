import type { Position } from '../trace/tile';

/** A place typed as decimal degrees, latitude first, as the page shows them: "47.14, 9.52"; else null. */
export function parsePlace(text: string): Position | null {
  const match = /^\s*(-?\d{1,2}(?:\.\d+)?)°?\s*N?\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)°?\s*E?\s*$/i.exec(text);
  if (!match) return null;
  const [lat, lon] = [Number(match[1]), Number(match[2])];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lon, lat] : null;
}
