import { sha256 } from '@noble/hashes/sha2.js';

import { base32, fromBase64url } from './encoding';

/**
 * A key as people can compare it, by eye or by voice: eight base32 digits (40 bits) of the SHA-256
 * of its 32 bytes, in two groups, as `k7qf-2mxa`. Base32 has no 0, 1, 8 or 9, so nothing in it is
 * mistaken for a letter. It names a key; it does not prove one.
 */
export function fingerprint(key: string): string {
  const bytes = fromBase64url(key) ?? new TextEncoder().encode(key);
  const digits = base32(sha256(bytes).subarray(0, 5));
  return `${digits.slice(0, 4)}-${digits.slice(4)}`;
}
