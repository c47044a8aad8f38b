/** Photos of reports: kept on this phone until the kit has their bytes. The event goes first; it never waits for its photo. */

import { KitError, postEvents } from '../kit/client';
import { upload } from '../kit/media';
import { refusal } from '../local/outbox';
import { dropPhoto, keepPhoto, keptPhotos, openPhotos, type PhotoDatabase, type WaitingPhoto } from '../local/photos';
import type { Picture } from '../local/picture';
import type { SignedEvent } from '../trace/event';

const RETRY_MS = 10_000;
/** Answers that will be the same next time. */
const FINAL = new Set([410, 413, 415, 422]);

export class PhotosState {
  queue = $state.raw<readonly WaitingPhoto[]>([]);
  /** Bytes that the kit has of each, by id; absent as long as nobody has asked. */
  sent = $state<Record<string, number>>({});
  /** False where the browser refuses to store photos: they wait in memory. */
  keeps = $state(true);
  readonly waitingCount = $derived(this.queue.filter(({ refused }) => refused === undefined).length);
  readonly refusedCount = $derived(this.queue.length - this.waitingCount);

  #database: Promise<PhotoDatabase | null>;
  #sending: Promise<void> | null = null;
  #notBefore = 0;

  /** `isAhead` tells whether an event is still to be handed over: a photo does not go before its report. */
  constructor(private readonly isAhead: (event: string) => boolean) {
    this.#database = openPhotos().catch(() => {
      this.keeps = false;
      return null;
    });
    void this.#reload();
    setInterval(() => {
      if (this.waitingCount > 0) void this.flush();
    }, RETRY_MS);
  }

  /** Keeps a photo of a report. The event that names it is signed here. */
  async add(report: SignedEvent, secret: Uint8Array, picture: Picture, title: string): Promise<void> {
    const { signPhoto } = await import('../trace/signing');
    const { event, hash } = signPhoto(secret, report, picture.bytes, picture.type);
    const photo: WaitingPhoto = { id: event.event_id, event, hash, type: picture.type, bytes: picture.bytes, title, queued: Date.now() };
    const database = await this.#database;
    try {
      if (database) await keepPhoto(database, photo);
    } catch {
      this.keeps = false;
    }
    this.queue = [...this.queue, photo];
  }

  /** Brings what waits to the kit; several calls at once are one. */
  flush(now = false): Promise<void> {
    if (now) this.#notBefore = 0;
    this.#sending ??= this.#bring().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  /** Forgets a photo. */
  async dismiss(id: string): Promise<void> {
    const database = await this.#database;
    if (database) await dropPhoto(database, id);
    this.queue = this.queue.filter((photo) => photo.id !== id);
  }

  /** Forgets the photos of a report that is not to be sent. */
  async dismissOf(report: string): Promise<void> {
    for (const { id, event } of this.queue) if (event['node_id'] === report) await this.dismiss(id);
  }

  async #bring(): Promise<void> {
    if (Date.now() < this.#notBefore) return;
    await this.#reload(); // another tab may have brought them
    for (const photo of this.queue) {
      if (photo.refused !== undefined || this.isAhead(String(photo.event['node_id']))) continue;
      try {
        // Once more does no harm, and another kit than the one before may not have it.
        const [verdict] = await postEvents([photo.event]);
        if (verdict?.status === 'refused') {
          await this.#refuse(photo, refusal(verdict));
          continue;
        }
        await upload(photo.hash, photo.bytes, (sent) => {
          this.sent[photo.id] = sent;
        });
        await this.dismiss(photo.id);
      } catch (error) {
        if (error instanceof KitError && FINAL.has(error.status)) {
          await this.#refuse(photo, error.message);
          continue;
        }
        if (error instanceof KitError && error.retryAfter) this.#notBefore = Date.now() + error.retryAfter * 1000;
        return;
      }
    }
  }

  async #refuse(photo: WaitingPhoto, why: string): Promise<void> {
    const refused = { ...photo, refused: why };
    this.queue = this.queue.map((entry) => (entry.id === photo.id ? refused : entry));
    const database = await this.#database;
    if (database && this.keeps) await keepPhoto(database, refused);
  }

  async #reload(): Promise<void> {
    const database = await this.#database;
    if (database && this.keeps) this.queue = await keptPhotos(database);
  }
}
