import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, it } from 'vitest';

import { verify } from '../trace/event';
import { publicKey, signPhoto, signReport } from '../trace/signing';
import { openDatabase, type WaitingReport } from './database';
import { randomSecret, signingSecret } from './key';
import { discard, enqueue, refusal, settle, waiting } from './outbox';
import { dropPhoto, keepPhoto, keptPhotos, openPhotos, type WaitingPhoto } from './photos';

const secret = new Uint8Array(32).fill(3);

function report(title: string, queued: number): WaitingReport {
  const event = signReport(secret, {
    kind: 'hazard', title, text: '', severity: 2, position: [9.52, 47.14], space: 's', homeZoom: 14, name: '', timestamp: 1_781_300_000,
  });
  return { id: event.event_id, event, title, queued };
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('the key', () => {
  it('is made once', async () => {
    const database = await openDatabase();
    const first = await signingSecret(database, randomSecret, 1);
    const second = await signingSecret(database, randomSecret, 2);
    expect(second).toEqual(first);
    expect(first).toHaveLength(32);
    database.close();
    const again = await openDatabase();
    expect(await signingSecret(again, randomSecret, 3)).toEqual(first);
  });

  it('is one for two tabs that start together', async () => {
    const [a, b] = await Promise.all([openDatabase(), openDatabase()]);
    const keys = await Promise.all([signingSecret(a, randomSecret, 1), signingSecret(b, randomSecret, 1)]);
    expect(keys[0]).toEqual(keys[1]);
  });
});

describe('the outbox', () => {
  it('keeps what is not taken, oldest first', async () => {
    const database = await openDatabase();
    const all = [report('b', 2), report('a', 1), report('c', 3)];
    for (const entry of all) await enqueue(database, entry);
    const queue = await waiting(database);
    expect(queue.map(({ title }) => title)).toEqual(['a', 'b', 'c']);
    expect(queue.every(({ event }) => verify(event) === 'ok')).toBe(true);

    await settle(database, queue, [
      { index: 0, status: 'taken' },
      { index: 1, status: 'refused', rule: 'tile', field: 'tile', message: 'not in its tile' },
      { index: 7, status: 'taken' },
    ]);
    const left = await waiting(database);
    expect(left.map(({ title, refused }) => [title, refused])).toEqual([['b', 'not in its tile (tile, tile)'], ['c', undefined]]);

    await settle(database, left, [{ index: 1, status: 'known' }]);
    await discard(database, left[0]?.id ?? '');
    expect(await waiting(database)).toEqual([]);
  });

  it('holds a report once', async () => {
    const database = await openDatabase();
    await enqueue(database, report('a', 1));
    await enqueue(database, report('a', 2));
    expect(await waiting(database)).toHaveLength(1);
  });

  it('has words for any refusal', () => {
    expect(refusal({ index: 0, status: 'refused' })).toBe('refused');
    expect(refusal({ index: 0, status: 'refused', rule: 'size' })).toBe('size');
    expect(refusal({ index: 0, status: 'refused', message: 'too large' })).toBe('too large');
  });
});

describe('photos', () => {
  it('are named by their bytes, and kept with them', async () => {
    const { event: create } = report('a', 1);
    const bytes = new TextEncoder().encode('abc');
    const { event, hash } = signPhoto(secret, create, bytes, 'image/jpeg');
    // FIPS 180-4, appendix B.1
    expect(hash).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(event).toMatchObject({
      operation: 'set_media', node_id: create.event_id, previous_events: [create.event_id], tile: create.tile, layer_id: create.layer_id,
      actor_id: create.actor_id, clock: [create.clock[0], 1], media: { hash, type: 'image/jpeg', size: 3 },
    });
    expect(verify(event)).toBe('ok');

    const database = await openPhotos();
    const photo: WaitingPhoto = { id: event.event_id, event, hash, type: 'image/jpeg', bytes, title: 'a', queued: 2 };
    await keepPhoto(database, photo);
    await keepPhoto(database, { ...photo, id: 'older', queued: 1 });
    database.close();
    const again = await openPhotos();
    expect((await keptPhotos(again)).map(({ id }) => id)).toEqual(['older', event.event_id]);
    await dropPhoto(again, 'older');
    expect(await keptPhotos(again)).toEqual([photo]);
  });
});

describe('a report as an event', () => {
  const input = {
    kind: 'need', title: ' Water ', text: '  ', severity: null, position: [9.52150009999, 47.141] as [number, number],
    space: 's', homeZoom: 14, name: 'An\u0007na', timestamp: 1_781_300_000,
  } as const;

  it('bears what the kit asks for', () => {
    const event = signReport(secret, { ...input, position: [...input.position] });
    expect(event).toMatchObject({
      actor_id: 'user:Anna',
      clock: [1_781_300_000, 0],
      layer_id: 'needs',
      node_type: 'need',
      operation: 'create_node',
      previous_events: [],
      properties: { title: 'Water' },
      scope: { realm: 'public', authority: 'source', boundary: 'interior', policy: 'public' },
      tile: 'z14/x8625/y5753',
      transform: { position: [9.5215001, 47.141] },
    });
    expect(event.preserves_invariants).toHaveLength(5);
    expect(event['node_id']).toBeUndefined();
    expect(verify(event)).toBe('ok');
  });

  it('speaks for its key where no name is given', () => {
    const event = signReport(secret, { ...input, position: [...input.position], name: '' });
    expect(event.actor_id).toBe(`key:${publicKey(secret)}`);
  });

  it('signs whatever is typed, half an emoji too', () => {
    const event = signReport(secret, { ...input, position: [...input.position], title: 'a\ud83d', text: '\udc00', name: '\ud800' });
    expect(verify(event)).toBe('ok');
  });

  it('refuses what no event can hold', () => {
    const text = 'ü'.repeat(9000);
    expect(() => signReport(secret, { ...input, position: [...input.position], text })).toThrow(RangeError);
  });
});
