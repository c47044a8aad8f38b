/**
 * How things lie on the map where they come as vector tiles (kit/API.md): the layers of `thinglayers.ts`, once for each
 * layer of the space, with what they read replaced by expressions over a tile's properties. So both look the same.
 */

import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from 'maplibre-gl';

import { allKinds } from '../kinds/kinds';
import { GROUPS } from '../kit/client';
import type { Palette } from './basemap/palette';
import { type SourceId, thingLayers } from './thinglayers';

export const LIVE_SOURCE = 'live';
/** The deepest zoom of the kit's tiles; what lies deeper is drawn from those. */
export const LIVE_MAX_ZOOM = 15;

type Drawn = Exclude<SourceId, 'focus'>;
type Expression = ExpressionSpecification;

const get = (name: string): Expression => ['get', name];
const KIND: Expression = ['coalesce', get('kind'), 'other'];
const SEVERITY: Expression = ['coalesce', get('severity'), 0];
const DONE: Expression = ['has', 'done'];
const CLUSTER: Expression = ['has', 'cluster'];
const mark = (name: string, letter: string): Expression => ['case', ['has', name], letter, ''];

/** `match` over all kinds. */
function byKind(value: (kind: ReturnType<typeof allKinds>[number]) => string | number, otherwise: string | number): Expression {
  return ['match', KIND, ...allKinds().flatMap((kind) => [kind.id, value(kind)]), otherwise] as unknown as Expression;
}

/** What signName makes of a thing. */
const SIGN: Expression = [
  'concat', 'sign/', KIND, '/', ['to-string', SEVERITY], '/',
  mark('uncertain', 'u'), mark('derived', 'd'), mark('disputed', 'o'), mark('done', 'g'),
];

const COUNT = get('count');
const ABBREVIATED: Expression = [
  'case',
  ['>=', COUNT, 10_000], ['concat', ['to-string', ['round', ['/', COUNT, 1000]]], 'k'],
  ['>=', COUNT, 1000], ['concat', ['to-string', ['/', ['round', ['/', COUNT, 100]], 10]], 'k'],
  ['to-string', COUNT],
];

const METRES: Expression = ['==', get('unit'), 'm'];
/** As valueText writes it. */
const READING: Expression = [
  'concat',
  [
    'case', METRES,
    ['number-format', get('reading'), { 'min-fraction-digits': 2, 'max-fraction-digits': 2 }],
    ['number-format', get('reading'), { 'max-fraction-digits': 3 }],
  ],
  ['case', ['has', 'unit'], ['concat', ' ', get('unit')], ''],
];

const WEIGHT: Expression = [
  'case',
  ['any', DONE, ['==', KIND, 'road']], 0,
  ['==', KIND, 'warning'], ['coalesce', get('level'), 3],
  ['==', KIND, 'closure'], 5,
  3,
];

const isShape: Expression = ['==', get('part'), 'shape'];
const isQuake: Expression = ['==', KIND, 'quake'];
const isGauge: Expression = ['all', ['has', 'reading'], ['!', isQuake]];

/** Which features of a tile a source of `drawn.ts` would have. */
const CHOSEN: Record<Drawn, Expression> = {
  shapes: isShape,
  quakes: ['all', ['!', isShape], isQuake],
  gauges: ['all', ['!', isShape], isGauge],
  signs: ['all', ['!', isShape], ['!', isQuake], ['!', ['has', 'reading']]],
};

/** What the layers read, by source, as JSON of the expression. */
const READ: Record<Drawn, [from: Expression, to: Expression][]> = {
  shapes: [
    [get('colour'), byKind(({ colour }) => colour, '#46556a')],
    [get('closed'), ['case', ['==', KIND, 'closure'], 1, 0]],
    [get('weight'), WEIGHT],
  ],
  // The strongest of several, and how many more there are.
  quakes: [[
    get('label'),
    [
      'concat',
      ['number-format', get('mag'), { 'min-fraction-digits': 1, 'max-fraction-digits': 1 }],
      ['case', CLUSTER, ['concat', '\n+', ['to-string', ['-', COUNT, 1]]], ''],
    ],
  ]],
  gauges: [
    [get('sign'), ['match', get('alarm'), 'alarm', 'plate-alarm', 'warning', 'plate-warning', 'plate']],
    [get('label'), get('title')],
    [get('rank'), ['match', get('alarm'), 'alarm', 2, 'warning', 1, 0]],
    [get('reading'), READING],
  ],
  signs: [
    [get('sign'), SIGN],
    [get('label'), get('title')],
    [get('rank'), ['case', DONE, 0, ['+', ['*', 10, byKind(({ rank }) => rank, 0)], SEVERITY]]],
    [['has', 'point_count'], CLUSTER],
    [get('point_count_abbreviated'), ABBREVIATED],
  ],
};

function translate(value: unknown, by: ReadonlyMap<string, Expression>): unknown {
  const found = Array.isArray(value) ? by.get(JSON.stringify(value)) : undefined;
  if (found) return found;
  if (Array.isArray(value)) return value.map((part: unknown) => translate(part, by));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, translate(part, by)]));
  }
  return value;
}

export interface TileLayer {
  /** The layer of `thinglayers.ts` that it stands for, and lies right below. */
  base: string;
  layer: LayerSpecification;
}

export function tileLayerId(base: string, spaceLayer: string): string {
  return `${base}@${spaceLayer}`;
}

/** The layers that draw one layer of the space, or the groups. */
export function tileLayers(p: Palette, spaceLayer: string): TileLayer[] {
  return thingLayers(p).flatMap((base) => {
    if (!('source' in base) || !(base.source in READ)) return [];
    if ((base.id === 'group') !== (spaceLayer === GROUPS)) return [];
    const source = base.source as Drawn;
    const by = new Map(READ[source].map(([from, to]) => [JSON.stringify(from), to]));
    const { filter, ...rest } = translate(base, by) as typeof base & { filter?: FilterSpecification };
    const layer = {
      ...rest,
      id: tileLayerId(base.id, spaceLayer),
      source: LIVE_SOURCE,
      'source-layer': spaceLayer,
      filter: filter === undefined ? CHOSEN[source] : ['all', CHOSEN[source], filter],
    } as LayerSpecification;
    return [{ base: base.id, layer }];
  });
}
