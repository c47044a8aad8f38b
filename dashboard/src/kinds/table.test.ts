import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import type { Thing, ThingProperties } from '../kit/types';
import { isDone, KINDS, kindOf, magnitudeOf, severityOf, warningLevelOf } from './kinds';
import { mainReading } from './levels';

/** The kit's table of kinds, by which its tiles say what a thing is: the two must be one. */
const TESTDATA = new URL('../../../kit/projector/mvt/testdata/', import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, TESTDATA), 'utf8')) as T;
}

interface Case extends Pick<ThingProperties, 'layer' | 'node_type' | 'props' | 'sensors'> {
  kind: string;
  severity?: number | null;
  level?: number | null;
  mag?: number;
  reading?: number | null;
  alarm?: string;
  done?: boolean;
}

describe('the kit and the page', () => {
  it('have one table of kinds', () => {
    const ours = KINDS.map(({ id, match }) => ({ id, match: match?.source }));
    expect(read<{ id: string; match: string }[]>('kinds.json')).toEqual(ours);
  });

  const cases = read<Case[]>('cases.json');
  it('have cases', () => {
    expect(cases.length).toBeGreaterThan(20);
  });

  for (const [i, { kind, severity, level, mag, reading, alarm, done, ...properties }] of cases.entries()) {
    it(`agree on case ${i}, ${kind}`, () => {
      expect(kindOf(properties).id).toBe(kind);
      expect(severityOf(properties.props)).toBe(severity ?? null);
      expect(warningLevelOf(properties.props)).toBe(level ?? null);
      expect(magnitudeOf(properties.props)).toBe(mag ?? null);
      expect(isDone(properties.props)).toBe(done ?? false);
      const main = mainReading({ properties: { title: '', tile: '', by: '', created: 0, changed: 0, ...properties } } as Thing);
      expect(main?.value ?? null).toBe(reading ?? null);
      if (alarm) expect(main?.level).toBe(alarm);
    });
  }
});
