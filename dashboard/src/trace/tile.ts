/** Web-mercator XYZ tiles, as an event names them: `z14/x8624/y5740`. kit/SPEC.md, section 2. */

/** Longitude and latitude in degrees (WGS 84). */
export type Position = [lon: number, lat: number];

export interface Tile {
  z: number;
  x: number;
  y: number;
}

/** The tile of zoom z in which a position lies; latitudes beyond the map's edge go to its last row. */
export function tileAt([lon, lat]: Position, z: number): Tile {
  const n = 2 ** z;
  const radians = (lat * Math.PI) / 180;
  const x = Math.floor(((lon + 180) / 360) * n);
  const y = Math.floor(((1 - Math.asinh(Math.tan(radians)) / Math.PI) / 2) * n);
  return { z, x: clamp(x, n), y: clamp(y, n) };
}

export function tileName({ z, x, y }: Tile): string {
  return `z${z}/x${x}/y${y}`;
}

/** A position as an event may bear it: at most 7 decimals (about a centimetre). */
export function roundPosition([lon, lat]: Position): Position {
  const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
  return [round7(wrapped), round7(Math.max(-90, Math.min(90, lat)))];
}

function round7(degrees: number): number {
  return Number(degrees.toFixed(7)) + 0; // + 0 turns −0 into 0
}

function clamp(index: number, n: number): number {
  // A NaN (latitude ±90) comes from an infinite northing; it belongs to the edge rows as well.
  if (Number.isNaN(index)) return 0;
  return Math.max(0, Math.min(n - 1, index));
}
