import { describe, expect, it } from 'vitest';

import { allKinds, isDone, type KindId, kindOf, magnitudeOf, severityOf } from './kinds';
import { isMark, levelOf, marksOf } from './levels';

describe('kindOf', () => {
  const cases: [node_type: string, layer: string, kind: KindId][] = [
    ['hazard', 'x', 'hazard'],
    ['flooded_area', 'x', 'flood'],
    ['area', 'areas', 'flood'],
    ['warning', 'warnings', 'warning'],
    ['road', 'roads', 'road'],
    ['unit', 'units', 'unit'],
    ['fire', 'hazards', 'fire'],
    ['road_closure', 'hazards', 'closure'],
    ['need', 'x', 'need'],
    ['resource', 'x', 'resource'],
    ['note', 'x', 'note'],
    ['shelter', 'x', 'shelter'],
    ['gauge', 'x', 'gauge'],
    ['person', 'x', 'person'],
    ['sensor', 'x', 'sensor'],
    ['earthquake', 'x', 'quake'],
    ['', 'hazards', 'hazard'],
    ['', 'gauges', 'gauge'],
    ['', 'needs', 'need'],
    ['bench', 'furniture', 'other'],
    ['Hazard', '', 'hazard'],
  ];
  for (const [node_type, layer, expected] of cases) {
    it(`${node_type || '–'} in ${layer || '–'} is ${expected}`, () => {
      expect(kindOf({ node_type, layer }).id).toBe(expected);
    });
  }

  it('takes the property kind first', () => {
    expect(kindOf({ layer: 'resources', node_type: 'resource', props: { kind: 'shelter' } }).id).toBe('shelter');
    expect(kindOf({ layer: 'resources', node_type: 'resource', props: { kind: 'sandbags, pumps' } }).id).toBe('resource');
    expect(kindOf({ layer: 'resources', node_type: 'resource', props: { kind: 'fire station' } }).id).toBe('unit');
    expect(kindOf({ layer: 'hazards', props: { kind: 7 } }).id).toBe('hazard');
  });

  it('closes and opens roads by their state', () => {
    expect(kindOf({ layer: 'roads', props: { state: 'Closed' } }).id).toBe('closure');
    expect(kindOf({ layer: 'roads', props: { state: 'open' } }).id).toBe('road');
    expect(kindOf({ layer: 'x', node_type: 'road_closure', props: { state: 'open' } }).id).toBe('road');
    expect(kindOf({ layer: 'hazards', props: { state: 'closed' } }).id).toBe('hazard');
  });

  it('knows an earthquake by its magnitude and a gauge by its sensor', () => {
    expect(kindOf({ layer: 'x', props: { mag: 4.5 } }).id).toBe('quake');
    expect(kindOf({ layer: 'x', props: { mag: '4.5' } }).id).toBe('other');
    expect(kindOf({ layer: 'x', sensors: { water_level: {} } }).id).toBe('gauge');
    expect(kindOf({ layer: 'x', sensors: { temperature: {} } }).id).toBe('sensor');
  });
});

describe('signs', () => {
  it('differ by outline or symbol, each from each', () => {
    const looks = allKinds().map(({ outline, symbol }) => `${outline}/${symbol}`);
    expect(new Set(looks).size).toBe(allKinds().length);
  });

  it('have a symbol that stands out: white on the colour is 4.5:1 or better', () => {
    for (const { id, colour } of allKinds()) {
      expect(1.05 / (luminance(colour) + 0.05), id).toBeGreaterThanOrEqual(4.5);
    }
  });
});

/** Relative luminance, WCAG 2. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe('severityOf', () => {
  const cases: [unknown, number | null][] = [
    [1, 1], [4, 4], [5, 4], [99, 4], [2.4, 2], [0, null], [-3, null], [NaN, null], ['severe', 3], ['Extreme', 4],
    ['bad', null], [null, null], [{}, null], [undefined, null],
  ];
  for (const [value, expected] of cases) {
    it(JSON.stringify(value) ?? 'undefined', () => {
      expect(severityOf({ severity: value })).toBe(expected);
    });
  }
});

describe('isDone', () => {
  it('goes by the state', () => {
    expect(['gone', 'Met', 'under control', 'open', 'closed', ''].map((state) => isDone({ state }))).toEqual(
      [true, true, true, false, false, false],
    );
    expect(isDone({ state: 3 })).toBe(false);
  });
});

describe('magnitudeOf', () => {
  it('takes numbers alone', () => {
    expect(magnitudeOf({ mag: 0 })).toBe(0);
    expect(magnitudeOf({ magnitude: 6.1 })).toBe(6.1);
    expect(magnitudeOf({ mag: '6' })).toBeNull();
    expect(magnitudeOf(undefined)).toBeNull();
  });
});

describe('marks of a gauge', () => {
  const marks = marksOf({ warning_m: 3, alarm_m: 4, warnings: 9, alarmed: 1, alarm_text: 'no' });

  it('are found with their unit', () => {
    expect(marks).toEqual({ warning: 3, alarm: 4 });
    expect(marksOf({})).toEqual({ warning: null, alarm: null });
    expect(['warning_m', 'alarm', 'alarmed'].map(isMark)).toEqual([true, true, false]);
  });

  it('tell the level', () => {
    expect([2.99, 3, 3.99, 4].map((value) => levelOf(value, marks))).toEqual(['normal', 'warning', 'warning', 'alarm']);
    expect(levelOf(100, { warning: null, alarm: null })).toBe('normal');
  });
});
