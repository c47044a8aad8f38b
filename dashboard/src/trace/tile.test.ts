import { describe, expect, it } from 'vitest';

import { roundPosition, tileAt, tileName } from './tile';

describe('tileAt', () => {
  it('knows Vaduz, as the event vectors do', () => {
    expect(tileName(tileAt([9.5215, 47.141], 14))).toBe('z14/x8625/y5753');
  });

  it('keeps the corners of the map on it', () => {
    expect(tileAt([-180, 90], 3)).toEqual({ z: 3, x: 0, y: 0 });
    expect(tileAt([180, -90], 3)).toEqual({ z: 3, x: 7, y: 7 });
    expect(tileAt([0, 0], 0)).toEqual({ z: 0, x: 0, y: 0 });
    expect(tileAt([0, 0], 1)).toEqual({ z: 1, x: 1, y: 1 });
  });

  it('contains what it is the tile of', () => {
    const edge = (y: number, n: number): number =>
      (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / n))) * 180) / Math.PI;
    for (let i = 0; i < 500; i++) {
      const lon = ((i * 73.1) % 360) - 180;
      const lat = ((i * 37.7) % 168) - 84;
      const { z, x, y } = tileAt([lon, lat], 14);
      const n = 2 ** z;
      expect((x / n) * 360 - 180).toBeLessThanOrEqual(lon + 1e-9);
      expect(((x + 1) / n) * 360 - 180).toBeGreaterThan(lon - 1e-9);
      expect(edge(y, n)).toBeGreaterThanOrEqual(lat - 1e-9);
      expect(edge(y + 1, n)).toBeLessThan(lat + 1e-9);
    }
  });
});

describe('roundPosition', () => {
  it('keeps at most 7 decimals and stays on the globe', () => {
    expect(roundPosition([9.521512345678, 47.14100000004])).toEqual([9.5215123, 47.141]);
    expect(roundPosition([190, 95])).toEqual([-170, 90]);
    expect(roundPosition([-190, -95])).toEqual([170, -90]);
    expect(Object.is(roundPosition([-1e-9, -1e-9])[0], 0)).toBe(true);
  });

  it('prints without an exponent that would have more decimals', () => {
    for (let i = 0; i < 200; i++) {
      const [lon] = roundPosition([i * 1.23456789e-5, 0]);
      expect(Math.abs(lon * 1e7 - Math.round(lon * 1e7))).toBeLessThan(1e-6);
    }
  });
});
