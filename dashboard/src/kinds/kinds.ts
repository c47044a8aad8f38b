/**
 * The kinds of things people see, as data: how one is recognised, its sign and its colours. A kind's
 * sign differs from the others by outline and symbol, never by colour alone.
 */

import { outlines, symbols, type OutlineId, type SymbolId } from './signs';

export type KindId =
  | 'hazard'
  | 'fire'
  | 'flood'
  | 'warning'
  | 'need'
  | 'resource'
  | 'medical'
  | 'place'
  | 'shelter'
  | 'unit'
  | 'person'
  | 'note'
  | 'gauge'
  | 'sensor'
  | 'closure'
  | 'road'
  | 'quake'
  | 'other';

export interface Kind {
  id: KindId;
  /** Matched against the property `kind`, then the node type, then the layer's name. */
  match: RegExp | null;
  outline: OutlineId;
  symbol: SymbolId;
  /** Fill of the sign; its symbol is white, at 4.5:1 or better. */
  colour: string;
  /** Which sign lies on top where they meet: greater wins. */
  rank: number;
}

/** Order matters: the first that matches is it. */
export const KINDS: readonly Kind[] = [
  { id: 'closure', match: /clos(ed|ure)|blocked|road_?block|barrier/, outline: 'octagon', symbol: 'bar', colour: '#b3151f', rank: 8 },
  { id: 'gauge', match: /gauge|water_?level|pegel/, outline: 'drop', symbol: 'waves', colour: '#0b6b83', rank: 6 },
  { id: 'quake', match: /quake|seismic/, outline: 'circle', symbol: 'tremor', colour: '#b3451b', rank: 1 },
  { id: 'warning', match: /^(flood_?)?(warning|alert)s?$/, outline: 'triangle', symbol: 'waves', colour: '#8f5500', rank: 6 },
  { id: 'flood', match: /flood|inundat|^areas?$/, outline: 'square', symbol: 'waves', colour: '#1a62b3', rank: 6 },
  { id: 'fire', match: /^(wild)?fires?$|smoke/, outline: 'triangle', symbol: 'flame', colour: '#b8330b', rank: 9 },
  { id: 'hazard', match: /hazard|danger|slide|threat/, outline: 'triangle', symbol: 'exclamation', colour: '#c2410c', rank: 9 },
  { id: 'need', match: /^needs?$|request|wanted|help/, outline: 'diamond', symbol: 'hand', colour: '#a21463', rank: 7 },
  { id: 'shelter', match: /shelter|evacuation|refuge/, outline: 'house', symbol: 'bed', colour: '#1d4fb8', rank: 5 },
  { id: 'medical', match: /hospital|pharmac|medical|doctor|clinic|first_?aid/, outline: 'square', symbol: 'cross', colour: '#a3174b', rank: 5 },
  { id: 'unit', match: /^units?$|team|crew|responder|patrol|fire.?station|police|heliport/, outline: 'hexagon', symbol: 'people', colour: '#5b2bb0', rank: 5 },
  { id: 'place', match: /^halls?$|school|building|camp/, outline: 'house', symbol: 'door', colour: '#46556a', rank: 3 },
  { id: 'resource', match: /resource|supply|supplies|depot|stock|sandbag|pump/, outline: 'square', symbol: 'box', colour: '#15692f', rank: 4 },
  { id: 'person', match: /person|people|missing|injured/, outline: 'capsule', symbol: 'person', colour: '#6327b8', rank: 7 },
  { id: 'road', match: /^roads?$|bridge|street/, outline: 'circle', symbol: 'check', colour: '#2f6b46', rank: 1 },
  { id: 'sensor', match: /sensor|station|weather|meter/, outline: 'hexagon', symbol: 'signal', colour: '#1f5f73', rank: 3 },
  { id: 'note', match: /note|comment|message|info/, outline: 'bubble', symbol: 'lines', colour: '#46556a', rank: 2 },
];

const OTHER: Kind = {
  id: 'other', match: null, outline: 'circle', symbol: 'dot', colour: '#46556a', rank: 0,
};

const ALL: readonly Kind[] = [...KINDS, OTHER];
const BY_ID = new Map(ALL.map((kind) => [kind.id, kind]));

export function kind(id: KindId): Kind {
  return BY_ID.get(id) ?? OTHER;
}

export function allKinds(): readonly Kind[] {
  return ALL;
}

/** What a kind is told from. */
export interface Described {
  layer: string;
  node_type?: string | undefined;
  props?: Record<string, unknown> | undefined;
  sensors?: Record<string, unknown> | undefined;
}

/** The kind of a thing: by what it says it is, else its node type, else its layer, else what it holds. */
export function kindOf(thing: Described): Kind {
  const { props = {} } = thing;
  if (isNumber(props['mag']) || isNumber(props['magnitude'])) return kind('quake');
  for (const name of [props['kind'], thing.node_type, thing.layer]) {
    const lower = typeof name === 'string' ? name.toLowerCase() : '';
    const found = lower && KINDS.find((candidate) => candidate.match?.test(lower));
    if (found) return passable(found, stateOf(props));
  }
  const sensors = Object.keys(thing.sensors ?? {});
  if (sensors.some((name) => /level|stage|pegel/i.test(name))) return kind('gauge');
  return sensors.length > 0 ? kind('sensor') : OTHER;
}

/** A road that is closed is a closure, and a closure that is open again is a road. */
function passable(found: Kind, state: string | null): Kind {
  if (found.id === 'road' && state !== null && /clos|block|impass/.test(state)) return kind('closure');
  if (found.id === 'closure' && state === 'open') return kind('road');
  return found;
}

/** The property `state` in lower case, as "met" or "under way"; null without one. */
export function stateOf(props: Record<string, unknown> | undefined): string | null {
  const value = props?.['state'];
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : null;
}

/** Whether a thing is over and done with: it stays on the map, but steps back. */
export function isDone(props: Record<string, unknown> | undefined): boolean {
  const state = stateOf(props);
  return state !== null && /^(gone|met|done|over|resolved|cleared|cancelled|under control|fulfilled)$/.test(state);
}

/** Magnitude of an earthquake, if the thing has one. */
export function magnitudeOf(props: Record<string, unknown> | undefined): number | null {
  const value = props?.['mag'] ?? props?.['magnitude'];
  return isNumber(value) ? value : null;
}

/** Severity 1 (minor) to 4 (extreme), the scale of the Common Alerting Protocol; null without one. */
export function severityOf(props: Record<string, unknown> | undefined): number | null {
  const value = props?.['severity'];
  if (isNumber(value) && value >= 1) return Math.min(4, Math.round(value));
  if (typeof value === 'string') {
    const index = ['minor', 'moderate', 'severe', 'extreme'].indexOf(value.toLowerCase());
    return index < 0 ? null : index + 1;
  }
  return null;
}

export function outlineOf(id: KindId): string {
  return outlines[kind(id).outline];
}

export function symbolOf(id: KindId): string {
  return symbols[kind(id).symbol];
}

/** How much a warning matters: its `level`, 1 (slight) to 5 (very great); null without one. */
export function warningLevelOf(props: Record<string, unknown> | undefined): number | null {
  const value = props?.['level'];
  return isNumber(value) && value >= 1 ? Math.min(5, Math.round(value)) : null;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
