import { describe as group, expect, it } from 'vitest';

import type { LoggedEvent } from '../kit/types';
import { describe, isMadeOfPicture, registerText, registerValueText } from './describe';
import { mediaOf, percent, sizeText, typeText } from './media';
import { parsePlace } from './place';
import { claimed, differing, reportNumbers, retold } from './reports';
import { absolute, ago, moment, when } from './time';
import { nameText, placeText, splitUnit, valueText } from './value';
import { who, whoText } from './who';

const NOW = 1_781_300_000;
const KEY = 'gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q';

group('ago', () => {
  const cases: [seconds: number, words: string][] = [
    [0, 'just now'], [59, 'just now'], [-100, 'just now'], [-3600, 'in the future'], [60, '1 min ago'],
    [3599, '59 min ago'], [3600, '1 h ago'], [47 * 3600, '47 h ago'], [48 * 3600, '2 days ago'],
    [90 * 86_400, '3 months ago'], [800 * 86_400, '2 years ago'],
  ];
  for (const [seconds, words] of cases) {
    it(`${seconds} s: ${words}`, () => {
      expect(ago(NOW - seconds, NOW)).toBe(words);
    });
  }
});

group('moments', () => {
  it('leaves out what is of today or this year', () => {
    expect(moment(NOW, NOW)).toMatch(/^\d\d:\d\d$/);
    expect(moment(NOW - 3 * 86_400, NOW)).toMatch(/^\d+ \w+,? \d\d:\d\d$/);
    expect(moment(NOW - 900 * 86_400, NOW)).toMatch(/20\d\d/);
  });

  it('says how long ago while that is short', () => {
    expect(when(NOW - 3600, NOW)).toBe('1 h ago');
    expect(when(NOW - 3 * 86_400, NOW)).toBe(moment(NOW - 3 * 86_400, NOW));
  });

  it('survives every time an event may bear, and worse', () => {
    for (const time of [0, 253_402_300_799, 1e15, -1e15, NaN]) {
      expect(typeof absolute(time)).toBe('string');
      expect(typeof moment(time, NOW)).toBe('string');
      expect(typeof ago(time, NOW)).toBe('string');
    }
  });
});

group('values', () => {
  it('reads any JSON', () => {
    expect(valueText(1.4, 'm')).toBe('1.40 m');
    expect(valueText(1.23456)).toBe('1.235');
    expect(valueText(12345)).toBe('12,345');
    expect(valueText(2018)).toBe('2018');
    expect(valueText(true)).toBe('yes');
    expect(valueText(null)).toBe('none');
    expect(valueText({ a: [1] })).toBe('{"a":[1]}');
    expect(valueText('x'.repeat(1000)).length).toBe(401);
    expect(valueText('<b>')).toBe('<b>');
  });

  it('reads names', () => {
    expect(nameText('water_level')).toBe('Water level');
    expect(nameText('magType')).toBe('Mag type');
    expect(nameText('NGO')).toBe('NGO');
    expect(nameText('_')).toBe('_');
  });

  it('takes the unit off a name', () => {
    expect(splitUnit('depth_m')).toEqual({ name: 'depth', unit: 'm' });
    expect(splitUnit('flow_l_s')).toEqual({ name: 'flow', unit: 'l/s' });
    expect(splitUnit('speed_m_s')).toEqual({ name: 'speed', unit: 'm/s' });
    expect(splitUnit('crew')).toEqual({ name: 'crew', unit: undefined });
    expect(splitUnit('_m')).toEqual({ name: '_m', unit: undefined });
  });

  it('puts latitude first', () => {
    expect(placeText([9.5, 47.1])).toBe('47.10000, 9.50000');
    expect(placeText([])).toBe('none');
  });
});

group('a typed place', () => {
  const cases: [string, [number, number] | null][] = [
    ['47.14, 9.52', [9.52, 47.14]], ['47.14 9.52', [9.52, 47.14]], [' -47.1;-9 ', [-9, -47.1]], ['47.14° N, 9.52° E', [9.52, 47.14]],
    ['', null], ['47', null], ['91, 9', null], ['47, 181', null], ['47,14, 9,52', null], ['x 47 9', null], ['NaN NaN', null],
  ];
  for (const [text, position] of cases) {
    it(text || 'nothing', () => {
      expect(parsePlace(text)).toEqual(position);
    });
  }
});

group('who', () => {
  it('knows keys, claims and the unsigned', () => {
    expect(who(`key:${KEY}`, 'user:anna', true, null)).toMatchObject({ name: 'anna', claimed: true, unsigned: false });
    expect(who(`key:${KEY}`, `key:${KEY}`, false, null).name).toMatch(/^key [a-z2-7]{4}-[a-z2-7]{4}$/);
    expect(who(`key:${KEY}`, 'user:anna', true, KEY).name).toBe('You (this browser)');
    expect(whoText(who('actor:user:bo', 'user:bo', true, null))).toBe('bo (not signed)');
    expect(whoText(who(`key:${KEY}`, 'user:anna', false, null))).toBe('anna');
  });
});

group('history in words', () => {
  const event = (operation: string, payload: object): LoggedEvent => ({
    event_id: 'e', timestamp: 1, actor_id: 'a', layer_id: 'hazards', operation, ...payload,
  });
  const cases: [LoggedEvent, string[]][] = [
    [event('create_node', { node_type: 'hazard', properties: { title: 'Road', severity: 3 } }),
      ['Reported as Hazard: “Road”', 'Severity: Severe (3 of 4)']],
    [event('create_node', {}), ['Reported as Hazard']],
    [event('update_transform', { transform: { position: [9.5, 47.1], rotation: [1] } }), ['Moved to 47.10000, 9.50000', 'Turned']],
    [event('set_properties', { properties: { state: 'gone', old: null, depth_m: 0.4 } }),
      ['State: gone', 'Old removed', 'Depth: 0.40 m']],
    [event('set_geometry', { geometry: { type: 'Polygon' } }), ['Drawn as an area']],
    [event('set_geometry', { geometry: null }), ['Shape removed']],
    [event('set_media', { media: {} }), ['Photo attached']],
    [event('set_media', { slot: 'plan', media: null }), ['Plan removed']],
    [event('sensor_reading', { sensor: 'water_level', value: 1.42, unit: 'm' }), ['Water level: 1.42 m']],
    [event('link_nodes', { link_type: 'same_road' }), ['Linked as same_road']],
    [event('unlink_nodes', { links: ['a', 'b'] }), ['2 links removed']],
    [event('delete_node', {}), ['Deleted']],
    [event('merge', {}), ['Said to be the same as another report']],
    [event('macro.grid', {}), ['“macro.grid” (this page does not know what it means)']],
  ];
  for (const [given, lines] of cases) {
    it(lines.join(' / '), () => {
      expect(describe(given)).toEqual(lines);
    });
  }

  it('does not stumble over payloads of the wrong type', () => {
    for (const payload of [null, 1, 'x', [], [null], { position: 'x' }]) {
      const all = { transform: payload, properties: payload, geometry: payload, links: payload, sensor: payload };
      for (const operation of ['create_node', 'update_transform', 'set_properties', 'set_geometry', 'unlink_nodes', 'sensor_reading']) {
        expect(Array.isArray(describe(event(operation, all)))).toBe(true);
      }
    }
  });

  it('names registers', () => {
    expect(registerText('property:water_level')).toBe('Water level');
    expect(registerText('position')).toBe('Place');
    expect(registerText('link:evt-x')).toBe('Link');
    expect(registerValueText('position', [9.5, 47.1])).toBe('47.10000, 9.50000');
    expect(registerValueText('property:severity', 2)).toBe('Moderate (2 of 4)');
    expect(registerValueText('property:x', null)).toBe('no value');
    expect(registerText('sensor:water_level')).toBe('Water level');
    expect(registerValueText('sensor:water_level', 3, 'm')).toBe('3.00 m');
    expect(registerValueText('media:photo', { hash: 'sha256:00', type: 'image/jpeg', size: 9 })).toBe('JPEG picture · 9 B');
    expect(`${registerText('merged')}: ${registerValueText('merged', { into_node: 'x' })}`).toBe(
      'The same as another report: yes',
    );
  });
});

group('reportNumbers', () => {
  const entry = (operation: string, node: string) => ({
    node, event: { event_id: `${operation} ${node}`, timestamp: NOW, actor_id: 'x', operation },
  });

  it('counts reports by when they were made', () => {
    const entries = [entry('merge', 'c'), entry('create_node', 'b'), entry('set_properties', 'b'), entry('create_node', 'a')];
    expect([...reportNumbers(true, entries)]).toEqual([['b', 1], ['a', 2], ['c', 3]]);
    expect(reportNumbers(false, entries).size).toBe(0);
  });
});

group('what reports differ in', () => {
  const said = { value: 'x', by: 'key:K', time: NOW, event: 'e' };
  const properties = {
    layer: 'hazards', title: 'Bridge', tile: 'z14/x8625/y5753', by: 'key:K', created: NOW, changed: NOW,
    others: { 'property:title': [{ ...said, node: 'b' }], 'property:depth': [{ ...said, node: 'b' }], 'property:text': [said, { ...said, node: 'b' }] },
    claims: [{ register: 'property:title', ...said }, { register: 'property:title', ...said, node: 'c' }],
  };

  it('is not how another report puts it', () => {
    expect(differing(properties).map(([register, values]) => [register, values.length])).toEqual([['property:depth', 1], ['property:text', 1]]);
    expect(claimed(properties).map(({ node }) => node)).toEqual([undefined]);
    expect(retold(properties).map(({ register, node }) => [register, node])).toEqual([
      ['property:title', 'b'], ['property:title', 'c'], ['property:text', 'b'],
    ]);
  });
});

group('files', () => {
  it('have a size and a kind that people know', () => {
    expect([0, 999, 1024, 220_000, 1_400_000].map(sizeText)).toEqual(['0 B', '999 B', '1 KiB', '215 KiB', '1.3 MiB']);
    expect(['image/jpeg', 'application/pdf', 'audio/ogg', 'video/mp4', 'odd'].map(typeText)).toEqual(['JPEG picture', 'PDF', 'Sound', 'Video', '']);
    expect([percent(0, 0), percent(1, 3), percent(3, 3), percent(9, 3)]).toEqual([0, 33, 99, 99]);
    expect(registerValueText('media:photo', { hash: 'sha256:00', type: 'image/png', size: 2048 })).toBe('PNG picture · 2 KiB');
    expect([null, 7, {}, { hash: 1, type: 'a/b', size: 1 }].map(mediaOf)).toEqual([null, null, null, null]);
  });

  it('made of a picture are no entries of a history', () => {
    const made = { event_id: 'e', timestamp: 0, actor_id: 'a', operation: 'set_media', scope: { authority: 'derived' }, slot: 'preview:0123456789abcdef' };
    expect(isMadeOfPicture(made)).toBe(true);
    for (const other of [{ slot: 'photo' }, { scope: { authority: 'source' } }, { operation: 'set_properties' }, { slot: 'preview:0123' }]) {
      expect(isMadeOfPicture({ ...made, ...other })).toBe(false);
    }
  });
});
