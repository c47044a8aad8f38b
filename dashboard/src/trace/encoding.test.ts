import { describe, expect, it } from 'vitest';

import { base32, base64url, fromBase64url } from './encoding';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('base32', () => {
  // RFC 4648, section 10, in lower case and without padding.
  const cases: [string, string][] = [
    ['', ''], ['f', 'my'], ['fo', 'mzxq'], ['foo', 'mzxw6'], ['foob', 'mzxw6yq'], ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ];
  for (const [text, encoded] of cases) {
    it(text || 'nothing', () => {
      expect(base32(bytes(text))).toBe(encoded);
    });
  }
});

describe('base64url', () => {
  it('is what Node makes of any length', () => {
    for (let length = 0; length < 70; length++) {
      const value = Uint8Array.from({ length }, (_, i) => (i * 89 + length * 7) & 0xff);
      const encoded = Buffer.from(value).toString('base64url');
      expect(base64url(value)).toBe(encoded);
      expect(fromBase64url(encoded)).toEqual(value);
    }
  });

  for (const text of ['A', 'AB', 'AAB', 'AA==', 'A+AA', 'A/AA', 'AA AA', 'é']) {
    it(`refuses ${text}`, () => {
      // "AB" and "AAB" have bits left over that are not zero: another text for the same bytes.
      expect(fromBase64url(text)).toBeNull();
    });
  }
});
