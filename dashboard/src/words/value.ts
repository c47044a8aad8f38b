/** Property and sensor values as text. Values come from strangers and may be any JSON. */

import { LOCALE, messages } from '../messages';

const LONGEST = 400;

/** A value for people; objects and arrays as JSON, shortened. Metres are read to the centimetre. */
export function valueText(value: unknown, unit?: string): string {
  const text = unit === 'm' && typeof value === 'number' ? value.toFixed(2) : plainText(value);
  return unit ? `${text} ${unit}` : text;
}

function plainText(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return numberText(value);
    case 'boolean':
      return value ? messages.values.yes : messages.values.no;
    case 'string':
      return shorten(value);
    default:
      return value === null || value === undefined
        ? messages.values.none
        : shorten(JSON.stringify(value));
  }
}

/** Up to three decimals; large numbers with separators, but nothing that could be a year or an id. */
export function numberText(value: number): string {
  return value.toLocaleString(LOCALE, {
    maximumFractionDigits: 3,
    useGrouping: Math.abs(value) >= 10_000,
  });
}

/** `water_level` and `waterLevel` as "Water level". */
export function nameText(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_\s-]+/g, ' ')
    .trim();
  if (!words) return name;
  const lower = words === words.toUpperCase() ? words : words.charAt(0) + words.slice(1).toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

const UNITS: Record<string, string> = {
  m: 'm', cm: 'cm', mm: 'mm', km: 'km', m2: 'm²', m3: 'm³', kg: 'kg', t: 't', l: 'l', kw: 'kW', min: 'min', h: 'h',
  c: '°C', percent: '%', l_s: 'l/s', m3_s: 'm³/s', m_s: 'm/s', km_h: 'km/h', l_min: 'l/min',
};

/** Longest first: `flow_l_s` is in litres a second. */
const SUFFIXES = Object.keys(UNITS).sort((a, b) => b.length - a.length);

/** A property's name and the unit at its end: `depth_m`, `flow_l_s`. */
export function splitUnit(name: string): { name: string; unit: string | undefined } {
  const suffix = SUFFIXES.find((unit) => name.endsWith(`_${unit}`) && name.length > unit.length + 1);
  if (suffix === undefined) return { name, unit: undefined };
  return { name: name.slice(0, -suffix.length - 1), unit: UNITS[suffix] };
}

/** Latitude, longitude: the order people read out, though files have it the other way round. */
export function placeText(position: readonly number[]): string {
  const [lon, lat] = position;
  if (lon === undefined || lat === undefined) return messages.values.none;
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
