import { afterEach, describe, expect, it, vi } from 'vitest';

import { KitError } from './client';
import { objectUrl, upload } from './media';

const HASH = `sha256:${'ab'.repeat(32)}`;
const BYTES = new Uint8Array(700 * 1024).map((_, i) => i % 251);

/** A kit that has so many bytes, and answers each PATCH as told. */
function kit(state: object, answers: ((offset: number, length: number) => Response)[]): { offset: number; length: number }[] {
  const seen: { offset: number; length: number }[] = [];
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    if (init.method !== 'PATCH') {
      expect(path).toBe(`/api/v1/media?hash=${encodeURIComponent(HASH)}`);
      return Promise.resolve(new Response(JSON.stringify({ media: [{ hash: HASH, ...state }] })));
    }
    expect(path).toBe(objectUrl(HASH));
    const offset = Number(new Headers(init.headers).get('Upload-Offset'));
    const { length } = init.body as Uint8Array;
    seen.push({ offset, length });
    const answer = answers.shift();
    if (!answer) throw new TypeError('the network is gone');
    return Promise.resolve(answer(offset, length));
  });
  return seen;
}

const more = (offset: number, length: number): Response =>
  new Response(null, { status: 204, headers: { 'Upload-Offset': String(offset + length), 'Upload-Complete': '?0' } });
const whole = (offset: number, length: number): Response =>
  new Response(null, { status: 201, headers: { 'Upload-Offset': String(offset + length), 'Upload-Complete': '?1' } });
const refuse = (status: number, headers: Record<string, string> = {}) => () =>
  new Response(JSON.stringify({ detail: 'no' }), { status, headers });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('an upload', () => {
  it('goes in pieces', async () => {
    const seen = kit({ state: 'absent' }, [more, more, whole]);
    const told: number[] = [];
    await upload(HASH, BYTES, (sent) => told.push(sent));
    const piece = 256 * 1024;
    expect(seen).toEqual([
      { offset: 0, length: piece }, { offset: piece, length: piece }, { offset: 2 * piece, length: BYTES.length - 2 * piece },
    ]);
    expect(told).toEqual([0, piece, 2 * piece]);
  });

  it('goes on from where the kit stands', async () => {
    const seen = kit({ state: 'incoming', offset: 600 * 1024 }, [refuse(409, { 'Upload-Offset': String(500 * 1024) }), whole]);
    await upload(HASH, BYTES, () => undefined);
    expect(seen.map(({ offset }) => offset)).toEqual([600 * 1024, 500 * 1024]);
  });

  it('sends nothing of what is there', async () => {
    expect(kit({ state: 'here' }, [])).toEqual([]);
    await upload(HASH, BYTES, () => undefined);
  });

  it('gives up on what goes round in circles', async () => {
    const seen = kit({ state: 'absent' }, Array<() => Response>(20).fill(refuse(409, { 'Upload-Offset': '0' })));
    await expect(upload(HASH, BYTES, () => undefined)).rejects.toThrow(KitError);
    expect(seen).toHaveLength(5);
  });

  it.each([
    ['withdrawn', { state: 'withdrawn', reason: 'a face' }, [], 410],
    ['refused', { state: 'absent' }, [refuse(415)], 415],
    ['busy', { state: 'absent' }, [refuse(409, { 'Upload-Offset': '7', 'Retry-After': '3' })], 409],
    ['full', { state: 'absent' }, [refuse(507)], 507],
    ['cut off', { state: 'absent' }, [], 0],
  ])('that is %s says so', async (_, state, answers, status) => {
    kit(state, answers);
    await expect(upload(HASH, BYTES, () => undefined)).rejects.toMatchObject({ status });
  });
});
