/** What the kit sends: kit/API.md. Times are seconds since 1970 UTC. */

export interface KitSpace {
  id: string;
  title: string;
  exercise?: boolean;
  certified?: boolean;
  home_zoom: number;
  window?: { from?: number; to?: number };
  events: number;
  nodes: number;
  bbox?: [west: number, south: number, east: number, north: number];
  layers?: { id: string; nodes: number }[];
  moments?: number[];
  cursor: string;
}

export interface Spaces {
  now: number;
  kit: { name: string; key: string; version: string };
  spaces: KitSpace[];
}

/** Whether the kit takes reports, else why not. */
export type Condition = 'ok' | 'full' | 'read-only' | 'broken' | 'store';

/** GET /api/v1/status, as far as the page reads it. */
export interface Status {
  now: number;
  state: Condition;
  problems: string[];
}

export interface Reading {
  value: unknown;
  unit?: string;
  time: number;
}

export interface MediaFile {
  hash: string;
  type: string;
  size: number;
}

/** A file of a slot, with the smaller pictures that were made of it. */
export interface Media extends MediaFile {
  thumbnail?: MediaFile;
  preview?: MediaFile;
}

/** What the kit knows of a file. */
export interface MediaState {
  hash: string;
  state: 'here' | 'absent' | 'incoming' | 'withdrawn' | 'unknown';
  /** The kit keeps it and shows it to nobody. */
  private?: boolean;
  type?: string;
  size?: number;
  /** Bytes of an upload that are here. */
  offset?: number;
  reason?: string;
  thumbnail?: MediaFile;
  preview?: MediaFile;
  who?: { actor: string; key?: string; claimed?: boolean; kit?: string }[];
}

export interface Link {
  id: string;
  to_node: string;
  to_tile: string;
  type?: string;
  /** The alias whose link it is. */
  node?: string;
}

/** A value that stands beside the drawn one. */
export interface OtherValue {
  value: unknown;
  unit?: string;
  by: string;
  actor?: string;
  claimed?: boolean;
  derived?: boolean;
  time: number;
  time_uncertain?: boolean;
  event: string;
  /** The alias that it is said of. */
  node?: string;
}

/** What somebody who may not write a thing says of it. */
export interface Claim extends OtherValue {
  register: string;
}

export interface ThingProperties {
  layer: string;
  node_type?: string;
  title: string;
  props?: Record<string, unknown>;
  tile: string;
  position_from?: 'position' | 'geometry' | 'tile';
  by: string;
  actor?: string;
  claimed?: boolean;
  realm?: string;
  authority?: string;
  policy?: string;
  created: number;
  changed: number;
  time_uncertain?: boolean;
  sensors?: Record<string, Reading>;
  media?: Record<string, Media>;
  links?: Link[];
  others?: Record<string, OtherValue[]>;
  claims?: Claim[];
  /** The nodes that were folded into this one. */
  aliases?: string[];
  /** The alias that lends a register's value, by register. */
  from?: Record<string, string>;
  position?: [number, number] | [number, number, number];
}

/** A node of the space, or a sensor without one, as the kit draws it. */
export interface Thing {
  type: 'Feature';
  id: string;
  geometry: GeoJSON.Geometry | null;
  properties: ThingProperties;
}

export interface State {
  type: 'FeatureCollection';
  space: string;
  cursor: string;
  at?: number;
  digest?: string;
  features: Thing[];
}

/** An event as it lies in the log. */
export type LoggedEvent = Readonly<Record<string, unknown>> & {
  event_id: string;
  timestamp: number;
  actor_id: string;
  operation: string;
};

export interface WitnessLine {
  event_id?: string;
  rule?: string;
  field?: string;
  message?: string;
}

export interface HistoryEntry {
  event: LoggedEvent;
  /** The one of the thing's names that it is about. */
  node?: string;
  received?: number;
  missing?: string[];
  time_uncertain?: boolean;
  witness?: WitnessLine;
  /** Nothing binds the name in `actor_id` to the key. */
  claimed?: boolean;
  /** Its writer may not write here: what it says stands beside the thing as a claim. */
  claim?: boolean;
}

export interface NodeHistory {
  feature: Thing | null;
  deleted?: boolean;
  events: HistoryEntry[];
}

export interface Verdict {
  index: number;
  event_id?: string;
  status: 'taken' | 'known' | 'refused';
  cursor?: string;
  rule?: string;
  field?: string;
  file?: string;
  message?: string;
}

export type StreamFrame =
  | { type: 'hello'; now: number; cursor: string }
  | {
      type: 'event';
      cursor: string;
      event: LoggedEvent;
      features?: Thing[];
      removed?: string[];
      /** The space's rules have changed: the state is to be fetched anew. */
      reset?: boolean;
    }
  | { type: 'ready'; cursor: string };

/** An entry of GET /maps/. */
export interface MapPack {
  name: string;
  title?: string;
  format?: string;
  [more: string]: unknown;
}

/** TileJSON 3, as far as the page reads it. */
export interface TileJson {
  name?: string;
  tiles: string[];
  attribution?: string;
  bounds?: [number, number, number, number];
  minzoom?: number;
  maxzoom?: number;
  vector_layers?: { id: string }[];
  [more: string]: unknown;
}
