/** Media over HTTP: what is known of files, and uploads that go on where they stopped (kit/API.md, "Media"). */

import { getJson, KitError, problem, request } from './client';
import type { MediaState } from './types';

/** So much is sent at once: little is lost with a connection, and the bar moves. */
const PIECE_BYTES = 256 * 1024;
const PIECE_TIMEOUT_MS = 60_000;
/** How often an upload may be told to go on elsewhere before it gives up for now. */
const MAX_TURNS = 5;

/** What the kit knows of files, in the order asked for; at most 64. */
export async function getMedia(hashes: readonly string[], signal?: AbortSignal): Promise<MediaState[]> {
  const query = new URLSearchParams(hashes.map((hash) => ['hash', hash]));
  return (await getJson<{ media: MediaState[] }>(`/api/v1/media?${query}`, signal)).media;
}

/** The address of a file's bytes. */
export function objectUrl(hash: string): string {
  return `/objects/sha256/${hash.replace(/^sha256:/, '')}`;
}

/**
 * Brings a file's bytes to the kit, from where it stands; an event must have named them. Resolves when all are on the
 * kit's disk; rejects with KitError.
 */
export async function upload(hash: string, bytes: Uint8Array, onProgress: (sent: number) => void): Promise<void> {
  const [state] = await getMedia([hash]);
  if (state?.state === 'here') return;
  if (state?.state === 'withdrawn') throw new KitError(410, state.reason ?? '');
  let offset = state?.offset ?? 0;
  for (let turns = 0; turns < MAX_TURNS; ) {
    onProgress(offset);
    const reply = await request(
      objectUrl(hash),
      {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/partial-upload', 'Upload-Offset': String(offset) },
        body: bytes.slice(offset, offset + PIECE_BYTES),
      },
      undefined,
      PIECE_TIMEOUT_MS,
    );
    const { response } = reply;
    if (response.headers.get('Upload-Complete') === '?1') return;
    const next = Number(response.headers.get('Upload-Offset') ?? NaN);
    const elsewhere = response.status === 409 && !response.headers.has('Retry-After');
    if ((!response.ok && !elsewhere) || !Number.isInteger(next)) throw problem(reply);
    if (next <= offset) turns += 1;
    offset = next;
  }
  throw new KitError(0, 'the upload does not get on');
}
