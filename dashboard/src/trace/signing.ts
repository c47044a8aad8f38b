/** What the page needs of cryptography, in one chunk that is fetched after the first view. */

import { ed25519 } from '@noble/curves/ed25519.js';

import { base64url } from './encoding';
import { sign, type SignedEvent, verify } from './event';
import { reportDraft, type ReportInput } from './report';

export { verify };

export function publicKey(secret: Uint8Array): string {
  return base64url(ed25519.getPublicKey(secret));
}

/** Throws RangeError where the words are too many for one event. */
export function signReport(secret: Uint8Array, input: ReportInput): SignedEvent {
  return sign(reportDraft(input, publicKey(secret)), secret);
}
