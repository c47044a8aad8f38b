/**
 * Photos on their way to a kit, in IndexedDB `fieldkit-photos`: a store of their own, so that what is large cannot keep the
 * key and the words of reports from being stored.
 */

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import type { SignedEvent } from '../trace/event';

export interface WaitingPhoto {
  /** Id of the event that names it, also the record's key. */
  id: string;
  event: SignedEvent;
  hash: string;
  type: string;
  bytes: Uint8Array;
  /** The report's. */
  title: string;
  /** The browser's clock, milliseconds: the order of the queue. */
  queued: number;
  /** Why the kit does not take it, in its words. Such a photo stays until the person has seen it. */
  refused?: string;
}

interface Schema extends DBSchema {
  photos: { key: string; value: WaitingPhoto; indexes: { queued: number } };
}

export type PhotoDatabase = IDBPDatabase<Schema>;

export function openPhotos(): Promise<PhotoDatabase> {
  return openDB<Schema>('fieldkit-photos', 1, {
    upgrade(database) {
      database.createObjectStore('photos', { keyPath: 'id' }).createIndex('queued', 'queued');
    },
  });
}

export async function keepPhoto(database: PhotoDatabase, photo: WaitingPhoto): Promise<void> {
  await database.put('photos', photo);
}

/** All of them, oldest first. */
export function keptPhotos(database: PhotoDatabase): Promise<WaitingPhoto[]> {
  return database.getAllFromIndex('photos', 'queued');
}

export async function dropPhoto(database: PhotoDatabase, id: string): Promise<void> {
  await database.delete('photos', id);
}
