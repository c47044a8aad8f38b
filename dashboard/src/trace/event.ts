/** The event envelope, its id and its signature. kit/SPEC.md, sections 2 to 4. */

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';

import { canonicalBytes } from './canonical';
import { base32, base64url, fromBase64url } from './encoding';

export interface Scope {
  realm: 'personal' | 'team' | 'public';
  authority: 'source' | 'derived';
  boundary: 'interior' | 'boundary' | 'exterior';
  policy: 'public' | 'private' | 'redacted';
}

export type Clock = [t: number, d: number];

/** What a writer says, before clock, id and signature are put to it. */
export interface Draft {
  timestamp: number;
  space_id: string;
  layer_id: string;
  actor_id: string;
  operation: string;
  scope: Scope;
  preserves_invariants: string[];
  previous_events: string[];
  tile: string;
  [payload: string]: unknown;
}

export interface SignedEvent extends Draft {
  event_id: string;
  clock: Clock;
  signature: { key: string; value: string };
}

export const INVARIANTS = [
  'adjacency',
  'exclusion',
  'consistency',
  'boundary_discipline',
  'authority_nontransfer',
] as const;

/** Most bytes of canonical form an event may have. */
export const MAX_EVENT_BYTES = 16_384;

/** A writer's clock (section 4): never before a parent, and after the last of those that share its t. */
export function clockOf(timestamp: number, parents: readonly Clock[]): Clock {
  const t = Math.max(timestamp, ...parents.map((parent) => parent[0]));
  const depths = parents.filter((parent) => parent[0] === t).map((parent) => parent[1]);
  return [t, depths.length === 0 ? 0 : 1 + Math.max(...depths)];
}

/**
 * Signs a draft with a 32-byte ed25519 secret. `parents` are the clocks of its `previous_events`.
 * Throws CanonicalError where the draft is not JSON, RangeError where it is too large for an event.
 */
export function sign(draft: Draft, secret: Uint8Array, parents: readonly Clock[] = []): SignedEvent {
  const key = base64url(ed25519.getPublicKey(secret));
  const unsigned = { ...draft, clock: clockOf(draft.timestamp, parents), signature: { key } };
  const withId = { ...unsigned, event_id: idOf(unsigned) };
  const value = base64url(ed25519.sign(canonicalBytes(withId), secret));
  const event: SignedEvent = { ...withId, signature: { key, value } };
  if (canonicalBytes(event).length > MAX_EVENT_BYTES) {
    throw new RangeError(`the event is larger than ${MAX_EVENT_BYTES} bytes`);
  }
  return event;
}

/** The id a signed event must bear: of the event without `event_id` and `signature.value`. */
export function idOf(event: Readonly<Record<string, unknown>>): string {
  const body = withoutSignatureValue(event);
  delete body['event_id'];
  return `evt-${base32(sha256(canonicalBytes(body)).subarray(0, 20))}`;
}

/** What the signature is over: the canonical event without `signature.value`. */
export function signedBytes(event: Readonly<Record<string, unknown>>): Uint8Array {
  return canonicalBytes(withoutSignatureValue(event));
}

export type Verdict = 'ok' | 'unsigned' | 'id' | 'key' | 'signature';

/**
 * Whether a signed event is what it says it is: id, key and signature (ZIP-215; SPEC.md, section 3).
 * Any other verdict but `ok` and `unsigned` means that it was changed after it was signed.
 */
export function verify(event: Readonly<Record<string, unknown>>): Verdict {
  const signature = event['signature'];
  if (signature === undefined) return 'unsigned';
  if (!isRecord(signature)) return 'signature';
  const key = bytesOfLength(signature['key'], 32);
  const value = bytesOfLength(signature['value'], 64);
  if (!key || !mayAuthor(key)) return 'key';
  if (!value) return 'signature';
  try {
    if (idOf(event) !== event['event_id']) return 'id';
    return ed25519.verify(value, signedBytes(event), key, { zip215: true }) ? 'ok' : 'signature';
  } catch {
    return 'signature'; // not canonicalisable, or a signature that is no point at all
  }
}

/** Keys of small order or not canonically encoded may not author. */
function mayAuthor(key: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(key, false).isSmallOrder();
  } catch {
    return false;
  }
}

function withoutSignatureValue(event: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const body = { ...event };
  if (isRecord(body['signature'])) {
    const signature = { ...body['signature'] };
    delete signature['value'];
    body['signature'] = signature;
  }
  return body;
}

function bytesOfLength(text: unknown, length: number): Uint8Array | null {
  const bytes = typeof text === 'string' ? fromBase64url(text) : null;
  return bytes?.length === length ? bytes : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
