/**
 * What this browser keeps, in IndexedDB `fieldkit`: the key it signs with and the reports that no
 * kit has taken yet. Every write is one small transaction, for on plain HTTP the page can neither ask
 * the browser to keep its storage nor learn how much there is.
 */

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import type { SignedEvent } from '../trace/event';

export interface KeyRecord {
  id: 'signing';
  /** 32 bytes of ed25519 secret. */
  secret: Uint8Array;
  created: number;
}

export interface WaitingReport {
  /** Event id, also the record's key: a report is never queued twice. */
  id: string;
  event: SignedEvent;
  title: string;
  /** The browser's clock, milliseconds: the order of the queue. */
  queued: number;
  /** The kit's refusal, in its words. Such a report stays until the person has seen it. */
  refused?: string;
}

export interface Schema extends DBSchema {
  keys: { key: string; value: KeyRecord };
  outbox: { key: string; value: WaitingReport; indexes: { queued: number } };
}

export type Database = IDBPDatabase<Schema>;

export const DATABASE_NAME = 'fieldkit';

export function openDatabase(): Promise<Database> {
  return openDB<Schema>(DATABASE_NAME, 1, {
    upgrade(database) {
      database.createObjectStore('keys', { keyPath: 'id' });
      const outbox = database.createObjectStore('outbox', { keyPath: 'id' });
      outbox.createIndex('queued', 'queued');
    },
  });
}
