/** The key this browser signs with: made once, kept, a pseudonym that can be thrown away. */

import type { Database } from './database';

/** The stored secret, or one made from `random` (32 bytes) and stored before it is used. */
export async function signingSecret(
  database: Database,
  random: () => Uint8Array,
  now: number,
): Promise<Uint8Array> {
  // One transaction, so that two tabs that start together end with one key.
  const transaction = database.transaction('keys', 'readwrite');
  const stored = await transaction.store.get('signing');
  if (stored) {
    await transaction.done;
    return stored.secret;
  }
  const secret = random();
  await transaction.store.put({ id: 'signing', secret, created: now });
  await transaction.done;
  return secret;
}

export function randomSecret(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}
