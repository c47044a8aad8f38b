/** What the page needs of cryptography, in one chunk that is fetched after the first view. */

import { ed25519 } from '@noble/curves/ed25519.js';

import { sha256 } from '@noble/hashes/sha2.js';

import { base64url } from './encoding';
import { sign, type SignedEvent, verify } from './event';
import { photoDraft, reportDraft, type ReportInput } from './report';

export { verify };

export function publicKey(secret: Uint8Array): string {
  return base64url(ed25519.getPublicKey(secret));
}

/** Throws RangeError where the words are too many for one event. */
export function signReport(secret: Uint8Array, input: ReportInput): SignedEvent {
  return sign(reportDraft(input, publicKey(secret)), secret);
}

/** Names a photo of a report by the hash of its bytes, and signs that. */
export function signPhoto(secret: Uint8Array, report: SignedEvent, bytes: Uint8Array, type: string): { event: SignedEvent; hash: string } {
  const hash = `sha256:${[...sha256(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return { event: sign(photoDraft(report, { hash, type, size: bytes.length }), secret, [report.clock]), hash };
}
