import { readFileSync } from 'node:fs';

import { VectorTile } from '@mapbox/vector-tile';
import {
  createPropertyExpression, featureFilter, latest, type StylePropertySpecification, validateStyleMin,
} from '@maplibre/maplibre-gl-style-spec';
import type { LayerSpecification } from 'maplibre-gl';
import { PbfReader } from 'pbf';
import { describe, expect, it } from 'vitest';

import { GROUPS } from '../kit/client';
import type { Thing } from '../kit/types';
import { DARK, LIGHT } from './basemap/palette';
import { draw } from './drawn';
import { buildStyle } from './style';
import { thingLayers } from './thinglayers';
import { LIVE_SOURCE, tileLayers } from './tilelayers';

/** A tile that the kit made of these things: kit/projector/mvt holds it to its bytes. */
const TESTDATA = new URL('../../../kit/projector/mvt/testdata/', import.meta.url);
const things = JSON.parse(readFileSync(new URL('things.json', TESTDATA), 'utf8')) as Thing[];

interface Feature {
  layer: string;
  id: number;
  type: 0 | 1 | 2 | 3;
  properties: Record<string, unknown>;
}

function read(name: string): Feature[] {
  const { layers } = new VectorTile(new PbfReader(readFileSync(new URL(name, TESTDATA))));
  return Object.entries(layers).flatMap(([layer, content]) =>
    Array.from({ length: content.length }, (_, i) => {
      const { id = 0, type, properties } = content.feature(i);
      return { layer, id, type, properties };
    }),
  );
}

const SPEC = latest as unknown as Record<string, Record<string, StylePropertySpecification>>;
const TYPES = { Point: 1, LineString: 2, MultiLineString: 2, Polygon: 3, MultiPolygon: 3 } as Record<string, 1 | 2 | 3>;
const ZOOMS = [3, 10, 13, 16];

/** What a layer shows of a feature at some zooms, or null where it leaves it out. */
function shows(layer: LayerSpecification, { type, properties }: Pick<Feature, 'type' | 'properties'>): unknown {
  const feature = { type, properties, geometry: [] };
  const filter = 'filter' in layer ? layer.filter : undefined;
  return ZOOMS.map((zoom) => {
    if (filter !== undefined && !featureFilter(filter as never, `${layer.id}.filter`).filter({ zoom }, feature)) return null;
    const shown: Record<string, unknown> = {};
    for (const group of ['paint', 'layout'] as const) {
      for (const [name, value] of Object.entries(layer[group] ?? {})) {
        if (['text-font', 'text-offset', 'line-dasharray'].includes(name)) {
          shown[name] = JSON.stringify(value); // lists, not expressions
          continue;
        }
        const spec = SPEC[`${group}_${layer.type}`]?.[name];
        if (!spec) throw new Error(`${layer.id} has a property ${name}`);
        const expression = createPropertyExpression(value, `${layer.id}.${name}`, spec);
        if (expression.result === 'error') throw new Error(`${layer.id} ${name}: ${JSON.stringify(expression.value)}`);
        shown[name] = String(JSON.stringify(expression.value.evaluate({ zoom }, feature)));
      }
    }
    return shown;
  });
}

describe('tiles', () => {
  const deep = read('deep.mvt');

  it('hold each thing, with ids that JavaScript holds exactly', () => {
    const ids = new Set(deep.map(({ properties }) => properties['id']));
    expect([...ids].sort()).toEqual(things.map(({ id }) => id).sort());
    for (const { id } of deep) expect(Number.isSafeInteger(id) && id > 0).toBe(true);
    expect(new Set(deep.map(({ layer, id }) => `${layer} ${id}`)).size).toBe(deep.length);
    expect(new Set(deep.map(({ layer }) => layer))).toEqual(new Set(things.map(({ properties }) => properties.layer)));
  });

  it('have typed properties', () => {
    const find = (id: string): Feature | undefined => deep.find(({ properties }) => properties['id'] === id);
    expect(find('evt-hazard-3')?.properties).toEqual({ id: 'evt-hazard-3', title: 'hazard 3', kind: 'hazard', node_type: 'hazard', severity: 3, state: 'open' });
    expect(find('evt-uncertain')?.properties).toMatchObject({ uncertain: true, kind: 'fire' });
    expect(find('evt-gauge-alarm')?.properties).toMatchObject({ reading: 4.2, unit: 'm', alarm: 'alarm' });
    expect(find('evt-claimed')?.properties).toMatchObject({ disputed: true, policy: 'private' });
  });

  it('say of groups how many they are, and where they fall apart', () => {
    const far = read('far.mvt');
    const counts = far.map(({ properties }) => (properties['cluster'] === true ? Number(properties['count']) : 1));
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(things.length);
    const hazards = far.find(({ layer }) => layer === 'hazards');
    expect(hazards?.properties).toMatchObject({ cluster: true, count: 6, hazards: 5, severity: 3, zoom: 13 });
    // Earthquakes gather apart.
    const together = read('together.mvt').map(({ layer, properties }) => [layer, properties['count'], properties['hazards'], properties['kind']]);
    expect(together).toEqual([['quakes', 2, 0, 'quake'], [GROUPS, things.length - 2, 6, undefined]]);
  });
});

describe('the layers of tiles', () => {
  it('are valid in both colours', () => {
    for (const palette of [LIGHT, DARK]) {
      const style = buildStyle([], palette);
      style.sources[LIVE_SOURCE] = { type: 'vector', tiles: ['http://a/{z}/{x}/{y}'] };
      for (const name of ['hazards', GROUPS]) style.layers.push(...tileLayers(palette, name).map(({ layer }) => layer));
      expect(validateStyleMin(style)).toEqual([]);
    }
  });

  // What a person sees does not depend on how many things a space has.
  const drawn = draw(things);
  for (const base of thingLayers(LIGHT)) {
    if (!('source' in base) || base.source === 'focus' || base.id === 'group') continue;
    it(`show the same as ${base.id}`, () => {
      const wanted = new Map<string, unknown>();
      for (const { geometry, properties } of drawn[base.source as keyof typeof drawn].features) {
        const shown = shows(base, { type: TYPES[geometry.type] ?? 1, properties: { ...properties } });
        if (JSON.stringify(shown) !== JSON.stringify(ZOOMS.map(() => null))) wanted.set(properties.thing, shown);
      }
      const got = new Map<string, unknown>();
      for (const feature of read('deep.mvt')) {
        const tiled = tileLayers(LIGHT, feature.layer).find((one) => one.base === base.id);
        if (!tiled) throw new Error(`nothing stands for ${base.id}`);
        const shown = shows(tiled.layer, feature);
        if (JSON.stringify(shown) === JSON.stringify(ZOOMS.map(() => null))) continue;
        const id = String(feature.properties['id']);
        expect(got.has(id)).toBe(false);
        got.set(id, shown);
      }
      expect(got).toEqual(wanted);
      expect(wanted.size).toBeGreaterThan(0);
    });
  }

  it('tell a group of earthquakes from one', () => {
    const tiled = tileLayers(LIGHT, 'quakes').find(({ base }) => base === 'quake-label');
    if (!tiled) throw new Error('there is no label');
    const said = JSON.stringify(shows(tiled.layer, { type: 1, properties: { kind: 'quake', cluster: true, mag: 6.4, count: 28 } }));
    expect(said).toContain('6.4\\\\n+27');
  });

  it('show groups as MapLibre makes them', () => {
    const base = thingLayers(LIGHT).find(({ id }) => id === 'group');
    const [tiled] = tileLayers(LIGHT, GROUPS);
    if (!base || !tiled) throw new Error('there are no groups');
    const counts: [count: number, abbreviated: string][] = [[2, '2'], [999, '999'], [1234, '1.2k'], [9960, '10k'], [12_600, '13k']];
    for (const [count, point_count_abbreviated] of counts) {
      for (const hazards of [0, 3]) {
        const wanted = shows(base, { type: 1, properties: { cluster: true, point_count: count, point_count_abbreviated, hazards } });
        expect(shows(tiled.layer, { type: 1, properties: { cluster: true, count, hazards } })).toEqual(wanted);
      }
    }
  });
});
