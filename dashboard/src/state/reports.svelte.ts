/** Making reports and handing them over. */

import { KitError, postEvents } from '../kit/client';
import type { Thing } from '../kit/types';
import { openDatabase, type Database, type WaitingReport } from '../local/database';
import { randomSecret, signingSecret } from '../local/key';
import { discard, enqueue, refusal, settle, waiting } from '../local/outbox';
import type { Picture } from '../local/picture';
import { loadName, saveName } from '../local/settings';
import type { Position } from '../trace/tile';
import { clock } from './clock.svelte';
import { PhotosState } from './photos.svelte';

export const REPORT_KINDS = ['hazard', 'need', 'resource', 'note'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

export interface Report {
  kind: ReportKind;
  title: string;
  text: string;
  severity: number | null;
  position: Position;
}

export type Submitted = 'sent' | 'kept' | { refused: string };

const RETRY_MS = 10_000;
const BATCH = 50;

export class ReportsState {
  queue = $state.raw<readonly WaitingReport[]>([]);
  /** Public key of this browser (base64url), once it is known. */
  ownKey = $state<string | null>(null);
  /** False where the browser refuses to store anything. */
  keeps = $state(true);
  /** Why the last attempt to hand over came to nothing. */
  trouble = $state<string | null>(null);
  name = $state(loadName());
  /** A report that was refused keeps its photos back too. */
  readonly photos = new PhotosState((id) => this.queue.some((entry) => entry.id === id));
  readonly waitingCount = $derived(this.queue.filter(({ refused }) => refused === undefined).length);
  readonly refused = $derived(this.queue.filter(({ refused }) => refused !== undefined));

  #database: Promise<Database | null>;
  #secret: Promise<Uint8Array>;
  #sending: Promise<void> | null = null;
  #notBefore = 0;

  constructor() {
    this.#database = openDatabase().catch(() => {
      this.keeps = false;
      return null;
    });
    this.#secret = this.#loadSecret();
    void this.#reload();
    setInterval(() => {
      if (this.waitingCount > 0) void this.flush();
    }, RETRY_MS);
  }

  /** Fetches the signing code and the key, so that they are here when the radio is gone. */
  async prepare(): Promise<void> {
    const { publicKey } = await import('../trace/signing');
    this.ownKey = publicKey(await this.#secret);
  }

  setName(name: string): void {
    this.name = name;
    saveName(name.trim());
  }

  /** Signs a report, stores it here, then offers it to the kit. */
  async submit(space: string, homeZoom: number, report: Report, picture: Picture | null): Promise<Submitted> {
    const { signReport } = await import('../trace/signing');
    const secret = await this.#secret;
    const event = signReport(secret, {
      ...report,
      space,
      homeZoom,
      name: this.name.trim(),
      timestamp: clock.now(),
    });
    const entry: WaitingReport = {
      id: event.event_id,
      event,
      title: report.title,
      queued: Date.now(),
    };
    const database = await this.#database;
    try {
      if (database) await enqueue(database, entry);
    } catch {
      this.keeps = false; // the quota: it stays in memory, and the person is told
    }
    this.queue = [...this.queue, entry];
    this.#notBefore = 0;
    if (picture) await this.photos.add(event, secret, picture, report.title);
    await this.flush();
    void this.photos.flush(true);
    const left = this.queue.find(({ id }) => id === entry.id);
    if (!left) return 'sent';
    return left.refused === undefined ? 'kept' : { refused: left.refused };
  }

  /** Offers what waits to the kit; several calls at once are one. `now`: though the kit asked to wait. */
  flush(now = false): Promise<void> {
    if (now) this.#notBefore = 0;
    this.#sending ??= this.#handOver().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async dismiss(id: string): Promise<void> {
    const database = await this.#database;
    if (database) await discard(database, id);
    await this.photos.dismissOf(id);
    this.queue = this.queue.filter((entry) => entry.id !== id);
  }

  async #handOver(): Promise<void> {
    if (Date.now() < this.#notBefore) return;
    await this.#reload(); // another tab may have handed them over
    for (;;) {
      const batch = this.queue.filter(({ refused }) => refused === undefined).slice(0, BATCH);
      if (batch.length === 0) break;
      try {
        const verdicts = await postEvents(batch.map(({ event }) => event));
        if (verdicts.length === 0) throw new KitError(0, 'the kit gave no verdict');
        const database = await this.#database;
        if (database) await settle(database, batch, verdicts);
        this.#settleInMemory(batch, verdicts);
        this.trouble = null;
      } catch (error) {
        this.trouble = error instanceof Error ? error.message : String(error);
        if (error instanceof KitError && error.retryAfter) {
          this.#notBefore = Date.now() + error.retryAfter * 1000;
        }
        break;
      }
    }
  }

  #settleInMemory(batch: readonly WaitingReport[], verdicts: Awaited<ReturnType<typeof postEvents>>): void {
    const done = new Set<string>();
    const refused = new Map<string, string>();
    for (const verdict of verdicts) {
      const id = batch[verdict.index]?.id;
      if (id === undefined) continue;
      if (verdict.status === 'refused') refused.set(id, refusal(verdict));
      else done.add(id);
    }
    this.queue = this.queue
      .filter(({ id }) => !done.has(id))
      .map((entry) => {
        const why = refused.get(entry.id);
        return why === undefined ? entry : { ...entry, refused: why };
      });
  }

  async #reload(): Promise<void> {
    const database = await this.#database;
    if (!database || !this.keeps) return;
    this.queue = await waiting(database);
  }

  async #loadSecret(): Promise<Uint8Array> {
    const database = await this.#database;
    if (!database) return randomSecret();
    try {
      return await signingSecret(database, randomSecret, Date.now());
    } catch {
      this.keeps = false;
      return randomSecret();
    }
  }
}

/** Reports that wait, as things to draw until the kit draws them itself. */
export function waitingThings(queue: readonly WaitingReport[], space: string): Thing[] {
  return queue
    .filter(({ event, refused }) => event.space_id === space && refused === undefined)
    .map(({ id, event }) => {
      const { position } = event['transform'] as { position: [number, number] };
      return {
        type: 'Feature',
        id,
        geometry: { type: 'Point', coordinates: position },
        properties: {
          layer: event.layer_id,
          node_type: String(event['node_type']),
          title: String((event['properties'] as Record<string, unknown>)['title']),
          props: event['properties'] as Record<string, unknown>,
          tile: event.tile,
          by: `key:${event.signature.key}`,
          actor: event.actor_id,
          created: event.timestamp,
          changed: event.timestamp,
        },
      };
    });
}
