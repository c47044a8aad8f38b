/** The kit over HTTP. No state here, and nothing of the page. */

import type { NodeHistory, Spaces, State, Status, Verdict } from './types';

/** A refusal or failure that the kit put in words (RFC 9457), or that it could not be reached. */
export class KitError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    message: string,
    /** Seconds the kit asks to wait (429, 503), where it does. */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = 'KitError';
  }
}

const API = '/api/v1';
/** A reply that takes longer is none: WiFi at its edge keeps connections open without moving a byte. */
const TIMEOUT_MS = 20_000;
const PROBE_TIMEOUT_MS = 6_000;

export function getSpaces(signal?: AbortSignal): Promise<Spaces> {
  return getJson<Spaces>(`${API}/spaces`, signal);
}

export function getStatus(): Promise<Status> {
  return getJson<Status>(`${API}/status`);
}

/** What part of a state is asked for; everything without. */
export interface Part {
  /** The things that changed last, so many, the latest first. */
  latest: number;
  layer?: string;
  bbox?: readonly [west: number, south: number, east: number, north: number];
  /** In the title, type, layer or a property. */
  text?: string;
}

/** State of a space, now or (`at`) as it was at that second. */
export function getState(space: string, at: number | null, part: Part | null = null, signal?: AbortSignal): Promise<State> {
  const query = new URLSearchParams();
  if (at !== null) query.set('at', String(at));
  for (const [name, value] of Object.entries(part ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  const search = query.toString();
  return getJson<State>(`${API}/spaces/${encodeURIComponent(space)}/state${search && `?${search}`}`, signal);
}

/** The layer of a tile whose clusters gather things of all layers of the space. */
export const GROUPS = '.groups';

/** Address of a space's vector tiles, now or as they were at a second; groups count no things of layers left out. */
export function tilesUrl(space: string, at: number | null, without: readonly string[]): string {
  const query = new URLSearchParams({ groups: 'space' });
  if (at !== null) query.set('at', String(at));
  if (without.length > 0) query.set('without', [...without].sort().join(','));
  return `${location.origin}${API}/spaces/${encodeURIComponent(space)}/tiles/{z}/{x}/{y}?${query}`;
}

export function getNode(
  space: string,
  id: string,
  at: number | null,
  signal?: AbortSignal,
): Promise<NodeHistory> {
  const query = at === null ? '' : `?at=${at}`;
  const path = `${API}/spaces/${encodeURIComponent(space)}/nodes/${encodeURIComponent(id)}`;
  return getJson<NodeHistory>(path + query, signal);
}

/**
 * Hands events over. `taken` and `known` mean that they are on the kit's disk. Resolves with a
 * verdict for each event, also when all were refused; rejects with KitError when no verdict came.
 */
export async function postEvents(events: readonly unknown[]): Promise<Verdict[]> {
  const reply = await request(`${API}/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  const verdicts = isRecord(reply.body) ? reply.body['verdicts'] : undefined;
  if (Array.isArray(verdicts)) return verdicts as Verdict[];
  throw problem(reply);
}

/** Any JSON of the kit's own origin. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const reply = await request(path, { headers: { Accept: 'application/json' } }, signal);
  if (!reply.response.ok) throw problem(reply);
  if (reply.body === null) throw new KitError(0, 'the answer is not JSON');
  return reply.body as T;
}

/** Resolves when the kit answers at all, within a few seconds; rejects with KitError when not. */
export async function probe(): Promise<void> {
  await request('/healthz', {}, undefined, PROBE_TIMEOUT_MS);
}

export interface Reply {
  response: Response;
  /** The parsed body; null where it is not JSON. */
  body: unknown;
}

export async function request(
  path: string,
  init: RequestInit,
  signal?: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<Reply> {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener('abort', abort);
  try {
    const response = await fetch(path, { ...init, cache: 'no-store', signal: controller.signal });
    // The body is read under the same clock: a link at its edge delivers a head and then nothing.
    const text = await response.text();
    return { response, body: parse(text) };
  } catch (error) {
    if (signal?.aborted) throw error; // the caller no longer wants it: not the kit's failure
    throw new KitError(0, error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function problem({ response, body }: Reply): KitError {
  const told = isRecord(body) ? (body['detail'] ?? body['title']) : undefined;
  const message = typeof told === 'string' ? told : `${response.status} ${response.statusText}`;
  const wait = Number(response.headers.get('Retry-After'));
  return new KitError(response.status, message, wait > 0 ? wait : undefined);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
