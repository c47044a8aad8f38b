import { describe, expect, it } from 'vitest';

import type { Thing, ThingProperties } from '../kit/types';
import { anchorOf, draw, isDisputed } from './drawn';
import { parseSignName, signName } from './signnames';

function thing(id: string, geometry: GeoJSON.Geometry | null, more: Partial<ThingProperties> = {}): Thing {
  return {
    type: 'Feature',
    id,
    geometry,
    properties: {
      layer: 'hazards', node_type: 'hazard', title: id, tile: 'z0/x0/y0', by: 'key:K', created: 1, changed: 1, ...more,
    },
  };
}

const point = (lon: number, lat: number): GeoJSON.Point => ({ type: 'Point', coordinates: [lon, lat] });
const square: GeoJSON.Polygon = { type: 'Polygon', coordinates: [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]] };

describe('draw', () => {
  it('puts each thing where it belongs', () => {
    const drawn = draw([
      thing('a', point(1, 2)),
      thing('b', point(1, 2), { node_type: 'gauge', sensors: { water_level: { value: 4.2, unit: 'm', time: 1 } }, props: { alarm_m: 4 } }),
      thing('c', point(1, 2), { props: { mag: 5.25 } }),
      thing('d', square),
      thing('e', null),
      thing('f', { type: 'LineString', coordinates: [[0, 0], [1, 1], [2, 2]] }, { node_type: 'road_closure' }),
      thing('g', point(1, 2), { node_type: 'sensor', sensors: { state: { value: 'on', time: 1 } } }),
    ]);
    const ids = (name: 'signs' | 'gauges' | 'quakes' | 'shapes'): string[] =>
      drawn[name].features.map(({ properties }) => properties.thing);
    expect(ids('signs')).toEqual(['a', 'd', 'f', 'g']);
    expect(ids('gauges')).toEqual(['b']);
    expect(ids('quakes')).toEqual(['c']);
    expect(ids('shapes')).toEqual(['d', 'f']);
    expect(drawn.gauges.features[0]?.properties).toMatchObject({ reading: '4.20 m', sign: 'plate-alarm' });
    expect(drawn.quakes.features[0]?.properties).toMatchObject({ mag: 5.25, label: '5.3' });
    expect(drawn.shapes.features[1]?.properties.closed).toBe(1);
  });

  it('says with the sign what is doubtful', () => {
    const drawn = draw(
      [
        thing('u', point(0, 0), { time_uncertain: true, props: { severity: 3 } }),
        thing('o', point(0, 0), { others: { 'property:severity': [{ value: 1, by: 'key:X', time: 1, event: 'e' }] } }),
        thing('d', point(0, 0), { authority: 'derived' }),
        thing('w', point(0, 0)),
      ],
      new Set(['w']),
    );
    expect(drawn.signs.features.map(({ properties }) => properties.sign)).toEqual([
      'sign/hazard/3/u', 'sign/hazard/0/o', 'sign/hazard/0/d', 'sign/hazard/0/w',
    ]);
  });

  it('prefers the position to the geometry for the sign', () => {
    const [feature] = draw([thing('a', square, { position: [9, 8] })]).signs.features;
    expect(feature?.geometry.coordinates).toEqual([9, 8]);
  });
});

describe('anchorOf', () => {
  const cases: [string, GeoJSON.Geometry, GeoJSON.Position | null][] = [
    ['the middle corner of a line', { type: 'LineString', coordinates: [[0, 0], [5, 5], [9, 9]] }, [5, 5]],
    ['the centroid of an area', square, [1, 1]],
    ['an area without area', { type: 'Polygon', coordinates: [[[3, 3], [4, 4], [3, 3], [3, 3]]] }, [3, 3]],
    ['the first of many', { type: 'MultiPoint', coordinates: [[7, 7], [8, 8]] }, [7, 7]],
    ['the first area', { type: 'MultiPolygon', coordinates: [square.coordinates] }, [1, 1]],
    ['inside a collection', { type: 'GeometryCollection', geometries: [point(4, 4)] }, [4, 4]],
    ['nothing', { type: 'GeometryCollection', geometries: [] }, null],
  ];
  for (const [name, geometry, expected] of cases) {
    it(name, () => {
      expect(anchorOf(geometry)).toEqual(expected);
    });
  }
});

describe('sign names', () => {
  it('come back as they were', () => {
    const marks = { uncertain: true, derived: false, disputed: true, done: true, waiting: false };
    expect(parseSignName(signName('need', 2, marks))).toEqual({ kind: 'need', severity: 2, marks });
    expect(parseSignName('plate')).toBeNull();
  });
});

it('isDisputed sees others and claims', () => {
  const claim = { register: 'r', value: 1, by: 'key:X', time: 1, event: 'e' };
  expect(isDisputed(thing('a', null))).toBe(false);
  expect(isDisputed(thing('a', null, { others: {}, claims: [] }))).toBe(false);
  expect(isDisputed(thing('a', null, { claims: [claim] }))).toBe(true);
});
