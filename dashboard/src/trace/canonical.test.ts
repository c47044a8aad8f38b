import { describe, expect, it } from 'vitest';

import { canonical, CanonicalError } from './canonical';
import { vectors } from './vectors';

const ANY = { depth: 2000, number: Number.MAX_VALUE };

describe('vectors', () => {
  for (const vector of vectors('canonical', /^(?!bad-)/)) {
    it(vector.name, () => {
      const { canonical: expected } = vector['expect'] as { canonical: string };
      expect(canonical(JSON.parse(vector['input'] as string), ANY)).toBe(expected);
    });
  }
});

describe('RFC 8785', () => {
  it('prints the example of section 3.2.2', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonical(JSON.parse(text), ANY)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts the names of section 3.2.3 by UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = Object.keys(JSON.parse(canonical(value)) as object);
    // "1" is an index to JavaScript and comes first of itself; the text is what counts.
    expect(canonical(value).indexOf('Carriage Return')).toBeLessThan(canonical(value).indexOf('One'));
    expect(order).toHaveLength(7);
    expect(canonical(value).replace(/[^A-Z]*([A-Z])[a-zA-Z :]*/g, '$1')).toMatch(/^C.*O.*C.*L.*E.*E.*H/);
  });
});

describe('refusals', () => {
  const cases: [string, unknown, string][] = [
    ['a number beyond 2^53 − 1', 2 ** 53, 'number'],
    ['not a number', NaN, 'number'],
    ['infinity', [Infinity], 'number'],
    ['a lone surrogate', { a: '\ud800' }, 'utf8'],
    ['a lone surrogate as a name', { '\udc00': 1 }, 'utf8'],
    ['undefined', { a: undefined }, 'type'],
    ['a date', new Date(0), 'type'],
    ['a function', () => 1, 'type'],
  ];
  for (const [name, value, rule] of cases) {
    it(name, () => {
      expect(() => canonical(value)).toThrow(CanonicalError);
      try {
        canonical(value);
      } catch (error) {
        expect((error as CanonicalError).rule).toBe(rule);
      }
    });
  }

  it('takes sixteen levels and refuses seventeen', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(canonical(nested(16))).toBe('['.repeat(16) + '1' + ']'.repeat(16));
    expect(() => canonical(nested(17))).toThrow(/deeper/);
  });

  it('prints minus zero as zero', () => {
    expect(canonical([-0])).toBe('[0]');
  });
});
