import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { describe, expect, it, vi } from 'vitest';

import { DARK, LIGHT } from './basemap/palette';
import { ownOrigin, type Pack, packNames, packOf, plainText } from './packs';
import { buildStyle, layersOfPack } from './style';

vi.stubGlobal('location', { origin: 'http://fieldkit.internal' });

const layer = (...ids: string[]): { id: string }[] => ids.map((id) => ({ id }));
const PACKS: Pack[] = [
  packOf('world', { tiles: ['http://a/maps/world/{z}/{x}/{y}.pbf?v=1'], vector_layers: layer('land', 'boundary', 'country_label') }),
  packOf('streets', { tiles: ['/maps/s/{z}/{x}/{y}'], vector_layers: layer('transportation', 'water', 'place') }),
  packOf('odd', { tiles: ['/maps/o/{z}/{x}/{y}'], vector_layers: layer('things') }),
  packOf('photo', { tiles: ['/maps/p/{z}/{x}/{y}.png'], bounds: [1, 2, 3, 4], minzoom: 3, maxzoom: 9 }),
];

describe('the style', () => {
  for (const [name, palette] of [['light', LIGHT], ['dark', DARK]] as const) {
    it(`is valid in ${name}`, () => {
      expect(validateStyleMin(buildStyle(PACKS, palette))).toEqual([]);
    });
  }

  it('is valid without any map, and names no host and no glyph server', () => {
    const style = buildStyle([], LIGHT);
    expect(validateStyleMin(style)).toEqual([]);
    expect(style.glyphs).toBeUndefined();
    expect(style.sprite).toBeUndefined();
    expect(JSON.stringify(buildStyle(PACKS, LIGHT)).match(/https?:\/\/[^/"]+/g)?.every((host) => host === 'http://fieldkit.internal')).toBe(true);
  });

  it('has each layer once, and the same in both colours', () => {
    const ids = buildStyle(PACKS, LIGHT).layers.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(buildStyle(PACKS, DARK).layers.map(({ id }) => id)).toEqual(ids);
    for (const pack of PACKS) {
      expect(layersOfPack(pack).length).toBeGreaterThan(0);
      for (const id of layersOfPack(pack)) expect(ids).toContain(id);
    }
  });

  it('puts things above every map', () => {
    const ids = buildStyle(PACKS, LIGHT).layers.map(({ id }) => id);
    const lastOfMaps = Math.max(...PACKS.flatMap(layersOfPack).map((id) => ids.indexOf(id)));
    expect(ids.indexOf('shape-fill')).toBeGreaterThan(lastOfMaps);
  });
});

describe('packs', () => {
  it('tells what kind of map each is', () => {
    expect(PACKS.map(({ kind }) => kind)).toEqual(['world', 'streets', 'generic', 'raster']);
  });

  it('reads the list in any reasonable form', () => {
    expect(packNames(['a', { name: 'b' }, 3, {}, null])).toEqual(['a', 'b']);
    expect(packNames({ maps: [{ name: 'c' }] })).toEqual(['c']);
    expect(packNames(null)).toEqual([]);
  });

  it('never leaves its own origin', () => {
    expect(ownOrigin('https://evil.example/maps/a/{z}/{x}/{y}')).toBe('/maps/a/{z}/{x}/{y}');
    expect(ownOrigin('//evil.example/maps/a/{z}')).toBe('/maps/a/{z}');
    expect(ownOrigin('javascript:alert(1)')).toBe('/maps/javascript:alert(1)');
    expect(ownOrigin('/maps/a/{z}')).toBe('/maps/a/{z}');
    expect(ownOrigin('https://evil.example')).toBe('/maps/');
  });

  it('shows attribution as text', () => {
    expect(plainText('<a href="https://x">&copy; OSM</a> <script>alert(1)</script>')).toBe('© OSM alert(1)');
  });
});
