import { describe, expect, it } from 'vitest';

import { backoffMs } from '../kit/backoff';
import { parseFrame } from '../kit/stream';
import type { KitSpace } from '../kit/types';
import { formatAddress, parseAddress } from './address';
import { chooseSpace } from './choose';

describe('the address', () => {
  it('comes back as it was', () => {
    const address = { space: 'rhine flood.é', view: { zoom: 12.5, lat: 47.14, lon: 9.52 }, thing: 'sensor:a&b' };
    expect(parseAddress('', formatAddress(address))).toEqual(address);
    expect(formatAddress({ space: null, view: null, thing: null })).toBe('');
  });

  it('takes the space of a poster, and the hash before it', () => {
    expect(parseAddress('?space=a', '').space).toBe('a');
    expect(parseAddress('?space=a', '#space=b').space).toBe('b');
  });

  for (const bad of ['1/2', '1/2/3/4', 'a/b/c', '1/91/0', '1/0/181', '-1/0/0', '//', 'NaN/0/0', '1e3/0/0']) {
    it(`leaves out the view ${bad}`, () => {
      expect(parseAddress('', `#map=${bad}`).view).toBeNull();
    });
  }
});

describe('chooseSpace', () => {
  const space = (id: string, last: number, exercise = false): KitSpace => ({
    id, title: id, exercise, home_zoom: 14, events: 1, nodes: 1, moments: [1, last], cursor: '1',
  });
  const all = [space('old', 5), space('new', 9), space('drill', 3, true), space('late-drill', 4, true)];

  it('takes the wanted, else the latest exercise, else the latest', () => {
    expect(chooseSpace(all, 'old')?.id).toBe('old');
    expect(chooseSpace(all, 'gone')?.id).toBe('late-drill');
    expect(chooseSpace(all.slice(0, 2), null)?.id).toBe('new');
    expect(chooseSpace([], 'x')).toBeNull();
  });
});

describe('backoffMs', () => {
  it('grows from half a second to fifteen and is spread', () => {
    expect(backoffMs(0, 0.5)).toBe(500);
    expect(backoffMs(3, 0.5)).toBe(4000);
    expect(backoffMs(500, 0.5)).toBe(15_000);
    expect(backoffMs(0, 0)).toBe(375);
    expect(backoffMs(0, 0.999)).toBeLessThanOrEqual(625);
  });
});

describe('parseFrame', () => {
  it('takes what it knows and nothing else', () => {
    expect(parseFrame('{"type":"ready","cursor":"1"}')).toEqual({ type: 'ready', cursor: '1' });
    for (const bad of ['', '{', 'null', '[]', '{"type":"later"}', '"ready"', new Blob()]) {
      expect(parseFrame(bad)).toBeNull();
    }
  });
});
