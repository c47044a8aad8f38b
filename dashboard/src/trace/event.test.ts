import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';

import { canonical } from './canonical';
import { type Clock, clockOf, type Draft, idOf, sign, signedBytes, type SignedEvent, verify } from './event';
import { publicKey } from './signing';
import { vectors } from './vectors';

type Event = Record<string, unknown>;

const parse = (text: unknown): Event => JSON.parse(text as string) as Event;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('good events of the vectors', () => {
  for (const vector of vectors('event', /^(?!bad-)/)) {
    const expected = vector['expect'] as Record<string, string>;
    const event = parse(vector['input']);

    it(`${vector.name}: canonical form`, () => {
      expect(canonical(event)).toBe(expected['canonical']);
    });

    if (event['signature'] === undefined) {
      it(`${vector.name}: is unsigned`, () => {
        expect(verify(event)).toBe('unsigned');
      });
      continue;
    }

    it(`${vector.name}: id, signed bytes, verdict`, () => {
      expect(idOf(event)).toBe(expected['event_id']);
      expect(hex(sha256(signedBytes(event)))).toBe(expected['signed_sha256']);
      expect(verify(event)).toBe('ok');
    });

    const draft = vector['draft'] === undefined ? null : (parse(vector['draft']) as Draft);
    // What a writer may leave out for `fieldkit event sign` to fill in, this library is always given.
    if (draft && 'actor_id' in draft && 'tile' in draft && draft.previous_events.length === 0) {
      it(`${vector.name}: signing the draft`, () => {
        const secret = Uint8Array.from(Buffer.from(vector['seed'] as string, 'hex'));
        expect(canonical(sign(draft, secret))).toBe(expected['canonical']);
      });
    }
  }
});

describe('events whose identity is wrong', () => {
  for (const vector of vectors('event', /^bad-(id-(added|altered|removed|not-derived|other)|key)/)) {
    it(vector.name, () => {
      expect(verify(parse(vector['input']))).toBe((vector['expect'] as { rule: string }).rule);
    });
  }
});

describe('signatures of the vectors (ZIP-215)', () => {
  for (const vector of vectors('signature')) {
    const expected = vector['expect'] as { valid?: boolean; rule?: string };
    it(`${vector.name}: ${vector.comment}`, () => {
      expect(verify(parse(vector['input']))).toBe(expected.valid ? 'ok' : expected.rule);
    });
  }
});

describe('the clock of the vectors', () => {
  for (const vector of vectors('clock', /^next-/)) {
    it(vector.name, () => {
      const { clock } = vector['expect'] as { clock: Clock };
      expect(clockOf(vector['timestamp'] as number, vector['parents'] as Clock[])).toEqual(clock);
    });
  }
});

describe('signing', () => {
  const secret = new Uint8Array(32).fill(7);
  const draft: Draft = {
    timestamp: 1_781_300_000,
    space_id: 's',
    layer_id: 'l',
    actor_id: `key:${publicKey(secret)}`,
    operation: 'create_node',
    scope: { realm: 'public', authority: 'source', boundary: 'interior', policy: 'public' },
    preserves_invariants: [],
    previous_events: [],
    tile: 'z0/x0/y0',
  };

  it('makes what verifies, and any change breaks it', () => {
    const event = sign(draft, secret);
    expect(verify(event)).toBe('ok');
    const changes: Partial<SignedEvent>[] = [
      { timestamp: 1 }, { tile: 'z1/x0/y0' }, { event_id: `evt-${'a'.repeat(32)}` }, { clock: [1_781_300_000, 1] },
    ];
    for (const change of changes) expect(verify({ ...event, ...change })).toBe('id');
    expect(verify({ ...event, signature: { ...event.signature, value: 'A'.repeat(86) } })).not.toBe('ok');
  });

  it('refuses what is larger than an event may be', () => {
    expect(() => sign({ ...draft, text: 'x'.repeat(17_000) }, secret)).toThrow(RangeError);
  });
});
