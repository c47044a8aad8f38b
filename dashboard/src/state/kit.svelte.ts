/** The kit: its spaces, the one that is shown, its things, and whether news still comes in. */

import { getSpaces, getState, probe } from '../kit/client';
import { Stream } from '../kit/stream';
import type { KitSpace, Spaces, StreamFrame, Thing } from '../kit/types';
import { chooseSpace } from './choose';
import { clock } from './clock.svelte';
import { ThingStore } from './things.svelte';

export type Connection = 'connecting' | 'live' | 'lost';

class NoSpaceError extends Error {}

/** Of a space with more things the map draws the kit's tiles, and the page holds but the latest. */
export const TILED_FROM = 2_000;
/** How many things are held then. */
export const HELD_LATEST = 100;
/** How many that somebody looked at. */
export const HELD_LOOKED = 500;
/** What has just come is drawn by the page itself, until the tiles have it. */
const FRESH_MS = 3_000;
const MOST_FRESH = 60;

export class KitState {
  connection = $state<Connection>('connecting');
  /** When the kit was last heard, by its clock. */
  lastNews = $state<number | null>(null);
  name = $state('');
  spaces = $state.raw<readonly KitSpace[]>([]);
  spaceId = $state<string | null>(null);
  /** The kit has answered at least once. */
  met = $state(false);
  /** State of the space has been loaded at least once. */
  loaded = $state(false);
  /** The things of the space; of one with very many the latest. */
  readonly live = new ThingStore();
  /** The space has too many things to hold them all: the map draws the kit's tiles. */
  tiled = $state(false);
  /** Other things that somebody has looked at, of a space with very many. */
  readonly looked = new ThingStore();
  /** Things that came just now, of a space with very many. */
  fresh = $state.raw<readonly Thing[]>([]);
  /** Layers of which things have come since the space was asked for its layers. */
  newLayers = $state.raw<ReadonlySet<string>>(new Set());
  /** Counts what has changed in the kit's tiles. */
  changes = $state(0);
  readonly space = $derived(this.spaces.find(({ id }) => id === this.spaceId) ?? null);

  /** Resolves with the kit's first answer: what else is to be fetched waits for it on a narrow link. */
  readonly answered: Promise<void>;
  #answer: () => void = () => undefined;

  /** Called with things that an event has just changed, live. */
  onNews: ((things: readonly Thing[]) => void) | null = null;
  /** Called whenever the connection is (again) live. */
  onLive: (() => void) | null = null;

  #wanted: string | null;
  #kitKey: string | null = null;
  #cursor: string | null = null;
  #stream: Stream | null = null;
  #ready = false;
  /** The kit answers, but holds no space to follow. */
  #empty = false;

  constructor(wantedSpace: string | null) {
    this.#wanted = wantedSpace;
    this.answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  start(): void {
    this.#stream?.close();
    this.connection = 'connecting';
    this.#ready = false;
    this.#stream = new Stream(
      {
        prepare: () => this.#prepare(),
        frame: (frame) => {
          this.#frame(frame);
        },
        probe: async () => {
          await probe();
          this.#heard(clock.now());
        },
        lost: () => {
          this.connection = this.#empty ? 'live' : 'lost';
          this.#ready = false;
        },
      },
    );
    this.#stream.open();
  }

  /** Shows another space. */
  choose(id: string): void {
    if (id === this.spaceId) return;
    this.#wanted = id;
    this.spaceId = null;
    this.#cursor = null;
    this.loaded = false;
    this.#forget();
    this.start();
  }

  retryNow(): void {
    if (this.connection === 'lost') this.connection = 'connecting';
    this.#stream?.retryNow();
  }

  /** The phone woke up or changed its network: find out whether the connection still leads anywhere. */
  check(): void {
    void this.#stream?.check();
    this.#stream?.retryNow();
  }

  /** Asks for the spaces anew: counts and the moments of the slider. */
  async refreshSpaces(): Promise<void> {
    this.#take(await getSpaces());
  }

  /** Before each connection: which kit is this, which space, and is what we hold still its past? */
  async #prepare(): Promise<{ space: string; cursor: string }> {
    this.#empty = false;
    const answer = await getSpaces();
    const otherKit = this.#kitKey !== null && this.#kitKey !== answer.kit.key;
    this.#take(answer);
    const space = chooseSpace(answer.spaces, this.spaceId ?? this.#wanted);
    if (!space) {
      this.#empty = true;
      throw new NoSpaceError('this kit holds no space');
    }
    if (otherKit || space.id !== this.spaceId || isAhead(this.#cursor, space.cursor)) {
      this.#cursor = null;
    }
    this.spaceId = space.id;
    if (this.#cursor === null) {
      // After carrying the phone to the next camp, or on a kit with a new disk, the cursor means nothing.
      const tiled = space.nodes > TILED_FROM;
      const state = await getState(space.id, null, tiled ? { latest: HELD_LATEST } : null);
      if (this.spaceId !== space.id) throw new NoSpaceError('another space was chosen meanwhile');
      this.#forget();
      this.live.replace(state.features);
      this.tiled = tiled;
      this.#cursor = state.cursor;
      this.loaded = true;
    }
    return { space: space.id, cursor: this.#cursor };
  }

  #forget(): void {
    this.live.replace([]);
    this.looked.replace([]);
    this.fresh = [];
    this.newLayers = new Set();
    this.changes += 1;
    this.tiled = false;
  }

  #take(answer: Spaces): void {
    clock.set(answer.now);
    this.#heard(answer.now);
    this.#kitKey = answer.kit.key;
    this.name = answer.kit.name;
    this.spaces = answer.spaces;
    this.met = true;
    this.#answer();
  }

  #frame(frame: StreamFrame): void {
    this.#cursor = frame.cursor;
    switch (frame.type) {
      case 'hello':
        clock.set(frame.now);
        this.#heard(frame.now);
        break;
      case 'ready':
        this.#ready = true;
        this.connection = 'live';
        this.#heard(clock.now());
        this.onLive?.();
        break;
      case 'event':
        this.#heard(clock.now());
        if (frame.reset) {
          this.#cursor = null;
          this.start();
          return;
        }
        this.#changed(frame.features ?? [], frame.removed ?? []);
        if (this.#ready && frame.features?.length) this.onNews?.(frame.features);
    }
  }

  #changed(things: readonly Thing[], removed: readonly string[]): void {
    if (!this.tiled) {
      this.live.apply(things, removed);
      return;
    }
    this.live.apply(things, removed, HELD_LATEST);
    this.looked.follow(things, removed);
    this.changes += 1;
    const unknown = things.filter(({ properties: { layer } }) => !this.newLayers.has(layer));
    if (unknown.length > 0) this.newLayers = new Set([...this.newLayers, ...unknown.map(({ properties }) => properties.layer)]);
    if (!this.#ready || things.length + removed.length === 0) return;
    const ids = new Set([...things.map(({ id }) => id), ...removed]);
    this.fresh = [...this.fresh.filter(({ id }) => !ids.has(id)), ...things].slice(-MOST_FRESH);
    setTimeout(() => {
      this.fresh = this.fresh.filter((thing) => !things.includes(thing));
    }, FRESH_MS);
  }

  #heard(now: number): void {
    this.lastNews = now;
  }
}

/** Cursors are opaque but for this: while both are numbers, a kit's never goes back. */
function isAhead(ours: string | null, theirs: string): boolean {
  if (ours === null) return false;
  const [a, b] = [Number(ours), Number(theirs)];
  return Number.isFinite(a) && Number.isFinite(b) && a > b;
}
