/** The kit's WebSocket: one connection at a time, opened again with back-off from the last cursor. */

import { backoffMs } from './backoff';
import type { StreamFrame } from './types';

export interface StreamListener {
  /**
   * Before a connection is opened: resolves with the space and the cursor to go on from, rejects while
   * the kit is away.
   */
  prepare(): Promise<{ space: string; cursor: string }>;
  frame(frame: StreamFrame): void;
  /** Rejects when the kit does not answer. */
  probe(): Promise<void>;
  /** The connection broke, or could not be made; the next attempt follows by itself. */
  lost(): void;
}

const OPEN_TIMEOUT_MS = 10_000;
/** Script does not see WebSocket pings, and a radio that fades away closes nothing: so ask by HTTP. */
const PROBE_EVERY_MS = 15_000;

export class Stream {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #prober: ReturnType<typeof setInterval> | undefined;
  #lastFrame = 0;
  #attempt = 0;
  #closed = false;

  constructor(private readonly listener: StreamListener) {}

  open(): void {
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#prober);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Tries at once instead of waiting: the phone is back on a network, or the person asks. */
  retryNow(): void {
    if (this.#closed || this.#socket || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt = 0;
    void this.#connect();
  }

  /** Finds out whether an open connection still leads anywhere, and drops it when it does not. */
  async check(): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    try {
      await this.listener.probe();
    } catch {
      // close() alone would wait minutes for the other side's farewell.
      if (this.#socket === socket) this.#dropped(socket);
    }
  }

  async #connect(): Promise<void> {
    this.#timer = undefined;
    let from: { space: string; cursor: string };
    try {
      from = await this.listener.prepare();
    } catch {
      this.#again();
      return;
    }
    if (this.#closed) return;
    const socket = new WebSocket(streamUrl(from.space, from.cursor));
    this.#socket = socket;
    const giveUp = setTimeout(() => {
      this.#dropped(socket);
    }, OPEN_TIMEOUT_MS);
    clearInterval(this.#prober);
    this.#prober = setInterval(() => {
      if (Date.now() - this.#lastFrame >= PROBE_EVERY_MS) void this.check();
    }, PROBE_EVERY_MS);
    socket.onopen = () => {
      clearTimeout(giveUp);
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      const frame = parseFrame(message.data);
      if (frame === null || this.#socket !== socket) return;
      this.#lastFrame = Date.now();
      if (frame.type === 'ready') this.#attempt = 0;
      this.listener.frame(frame);
    };
    socket.onclose = () => {
      clearTimeout(giveUp);
      this.#dropped(socket);
    };
  }

  #dropped(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearInterval(this.#prober);
    socket.onmessage = null;
    socket.close();
    this.#again();
  }

  #again(): void {
    if (this.#closed) return;
    this.listener.lost();
    this.#timer = setTimeout(() => void this.#connect(), backoffMs(this.#attempt, Math.random()));
    this.#attempt += 1;
  }
}

function streamUrl(space: string, cursor: string): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const query = new URLSearchParams({ space, cursor, features: '1' });
  return `${scheme}://${location.host}/api/v1/stream?${query}`;
}

/** A frame of a known type, or null: later kits may send kinds that this page does not know. */
export function parseFrame(data: unknown): StreamFrame | null {
  if (typeof data !== 'string') return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return null;
  const { type } = value;
  return type === 'hello' || type === 'event' || type === 'ready' ? (value as StreamFrame) : null;
}
