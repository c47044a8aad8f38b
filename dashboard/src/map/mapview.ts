/** The map itself. This module and all it imports are the lazy chunk; nothing else touches MapLibre. */

import 'maplibre-gl/dist/maplibre-gl.css';
import './fonts.css';

import {
  type GeoJSONSource,
  type LngLatBoundsLike,
  Map as MapLibre,
  type MapGeoJSONFeature,
  Marker,
  type PointLike,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

import { messages } from '../messages';
import type { View } from '../state/address';
import type { Position } from '../trace/tile';
import { DARK, LIGHT } from './basemap/palette';
import type { Drawn } from './drawn';
import { addImage } from './images';
import { LiveTiles } from './livetiles';
import type { Pack } from './packs';
import { buildStyle, layersOfPack } from './style';
import { GROUP_MAX_ZOOM, TOUCHABLE } from './thinglayers';

// A file of the kit's own origin, so that the page's policy can forbid workers from blobs.
setWorkerUrl(new URL(workerUrl, location.href).href);

/**
 * Brings the worker's file into the browser's cache. A worker that could not be fetched would be a dead map
 * until the page is loaded anew; so it is made when nothing needs fetching any more.
 */
export async function fetchWorker(): Promise<void> {
  const response = await fetch(workerUrl);
  if (!response.ok) throw new Error(`the map's worker: ${response.status}`);
  await response.arrayBuffer();
}

export type Bounds = [west: number, south: number, east: number, north: number];

/** Pixels of the map that panels cover. */
export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface MapListener {
  /** A tap: the things under the finger, uppermost first; none where the place is empty. Around is what the finger covers. */
  tapped(things: string[], at: Position, around: Bounds): void;
  /** A tap on a group of a layer that no zoom takes apart. */
  gathered(layer: string, within: Bounds): void;
  /** The view came to rest. */
  moved(view: View, centre: Position): void;
  moving(centre: Position): void;
}

export interface MapOptions {
  container: HTMLElement;
  packs: readonly Pack[];
  dark: boolean;
  view: View | null;
  bounds: Bounds | null;
  padding: Padding;
  reducedMotion: boolean;
  listener: MapListener;
}

/** Half the side of a finger, in pixels: what lies within it was meant. */
const FINGER_PX = 16;
/** Fitting leaves some air inside what the panels leave, and does not go closer than a street. */
const FIT = { maxZoom: 15, padding: 32 };
/** Redrawing many things takes long on a slow phone; never spend more than a quarter of the time on it. */
const REDRAW_SHARE = 4;

/** The kit's tiles of a space, and whether each of its layers is shown. */
export interface Tiled {
  url: string;
  layers: ReadonlyMap<string, boolean>;
}

export class MapView {
  readonly #map: MapLibre;
  readonly #packs: readonly Pack[];
  readonly #listener: MapListener;
  readonly #reducedMotion: boolean;
  readonly #live: LiveTiles;
  #pending: Drawn | null = null;
  #drawing = false;
  /** Map packs of which some tile could not be fetched. */
  readonly #incomplete = new Set<string>();
  #styled: Promise<void>;
  #dark: boolean;

  constructor(options: MapOptions) {
    const { container, view, bounds, padding } = options;
    this.#packs = options.packs;
    this.#listener = options.listener;
    this.#reducedMotion = options.reducedMotion;
    this.#dark = options.dark;
    this.#map = new MapLibre({
      container,
      style: buildStyle(this.#packs, options.dark ? DARK : LIGHT),
      ...(view ? { center: [view.lon, view.lat], zoom: view.zoom } : { center: [10, 25], zoom: 1 }),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      rollEnabled: false,
      maxPitch: 0,
      maxZoom: 19,
      fadeDuration: options.reducedMotion ? 0 : 150,
      localIdeographFontFamily: false,
      locale: { 'Map.Title': messages.map },
      validateStyle: import.meta.env.DEV,
    });
    this.#live = new LiveTiles(this.#map);
    // From here on the map's middle is that of what the panels leave of it.
    this.#map.setPadding(padding);
    if (!view && bounds) this.#map.fitBounds(roomy(bounds), { ...FIT, duration: 0 });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(new ScaleControl({ maxWidth: 110, unit: 'metric' }), 'bottom-right');
    this.#map.setMissingStyleImageResolver((name) => {
      addImage(this.#map, name);
      return Promise.resolve();
    });
    this.#styled = new Promise((resolve) => {
      this.#map.once('style.load', () => {
        resolve();
      });
    });
    this.#map.on('error', ({ error, ...event }) => {
      const source = 'sourceId' in event ? event.sourceId : undefined;
      // A tile that did not come is no fault of the page: the radio is gone. It is fetched when it is back.
      if (typeof source === 'string') this.#incomplete.add(source);
      else reportError(error);
    });
    this.#map.on('click', (event) => {
      const { lng, lat } = event.lngLat.wrap();
      void this.#tapped(event.point, [lng, lat]);
    });
    this.#map.on('mousemove', (event) => {
      this.#map.getCanvas().style.cursor = this.#hits(event.point, 3).length > 0 ? 'pointer' : '';
    });
    this.#map.on('move', () => {
      this.#listener.moving(this.centre());
    });
    this.#map.on('moveend', () => {
      const { lng, lat } = this.#map.getCenter().wrap();
      this.#listener.moved({ zoom: this.#map.getZoom(), lat, lon: lng }, this.centre());
    });
  }

  /** Resolves when the style stands; before, nothing can be drawn. */
  ready(): Promise<void> {
    return this.#styled;
  }

  /** Draws these things; of several calls in quick succession the last counts. */
  draw(drawn: Drawn): void {
    this.#pending = drawn;
    if (!this.#drawing) void this.#drawPending();
  }

  async #drawPending(): Promise<void> {
    this.#drawing = true;
    await this.#styled;
    while (this.#pending) {
      const drawn = this.#pending;
      this.#pending = null;
      const started = performance.now();
      for (const id of ['shapes', 'quakes', 'signs', 'gauges'] as const) this.#source(id)?.setData(drawn[id]);
      const spent = performance.now() - started;
      await new Promise((resolve) => setTimeout(resolve, Math.max(50, spent * REDRAW_SHARE)));
    }
    this.#drawing = false;
  }

  /** Draws a space from the kit's tiles, or no longer. */
  async showTiles(tiled: Tiled | null): Promise<void> {
    await this.#styled;
    this.#live.show(tiled?.url ?? null);
    if (tiled) this.#live.cover(tiled.layers, this.#dark ? DARK : LIGHT);
  }

  /** Something has changed in the kit's tiles. */
  refreshTiles(): void {
    this.#live.refresh();
  }

  /** Rings a thing and puts its sign on top, or nothing. */
  async focus(geometry: GeoJSON.Geometry | null, anchor: GeoJSON.Position | null, sign: string | null): Promise<void> {
    await this.#styled;
    const features: GeoJSON.Feature[] = [];
    if (geometry && geometry.type !== 'Point') features.push({ type: 'Feature', geometry, properties: {} });
    if (anchor) {
      const properties = sign === null ? {} : { sign };
      features.push({ type: 'Feature', geometry: { type: 'Point', coordinates: anchor }, properties });
    }
    this.#source('focus')?.setData({ type: 'FeatureCollection', features });
  }

  /** Draws the eye to what has just come. */
  pulse(anchor: GeoJSON.Position): void {
    const [lon, lat] = anchor;
    if (lon === undefined || lat === undefined) return;
    const element = document.createElement('div');
    element.className = 'pulse';
    element.setAttribute('aria-hidden', 'true');
    const marker = new Marker({ element }).setLngLat([lon, lat]).addTo(this.#map);
    setTimeout(() => marker.remove(), 4_000);
  }

  async recolour(dark: boolean): Promise<void> {
    await this.#styled;
    if (dark === this.#dark) return;
    this.#dark = dark;
    // Only paint differs between the two; replacing the style would throw the things away.
    for (const layer of buildStyle(this.#packs, dark ? DARK : LIGHT).layers) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.#map.setPaintProperty(layer.id, name as never, value as never);
      }
    }
    this.#live.recolour(dark ? DARK : LIGHT);
  }

  /** Switches packs off and on by their ids. */
  async showPacks(hidden: ReadonlySet<string>): Promise<void> {
    await this.#styled;
    for (const pack of this.#packs) {
      const visibility = hidden.has(pack.id) ? 'none' : 'visible';
      for (const id of layersOfPack(pack)) this.#map.setLayoutProperty(id, 'visibility', visibility);
    }
  }

  /** The kit answers again: fetches the tiles that did not come. */
  refetch(): void {
    for (const source of this.#incomplete) {
      if (this.#map.getSource(source)) this.#map.refreshTiles(source);
    }
    this.#incomplete.clear();
  }

  pad(padding: Padding): void {
    this.#map.easeTo({ padding, duration: this.#reducedMotion ? 0 : 250 });
  }

  flyTo(anchor: GeoJSON.Position, minZoom = 0): void {
    const [lon, lat] = anchor;
    if (lon === undefined || lat === undefined) return;
    const zoom = Math.max(this.#map.getZoom(), minZoom);
    this.#map.flyTo({ center: [lon, lat], zoom, ...this.#motion() });
  }

  fit(bounds: Bounds): void {
    this.#map.fitBounds(roomy(bounds), { ...FIT, ...this.#motion() });
  }

  zoomBy(steps: number): void {
    this.#map.easeTo({ zoom: Math.round(this.#map.getZoom() + steps), ...this.#motion() });
  }

  /** The middle of what panels leave of the map: where the cross stands. */
  centre(): Position {
    const { lng, lat } = this.#map.getCenter().wrap();
    return [lng, lat];
  }

  resize(): void {
    this.#map.resize();
  }

  remove(): void {
    this.#live.stop();
    this.#map.remove();
  }

  #motion(): { duration: number } | { speed: number } {
    return this.#reducedMotion ? { duration: 0 } : { speed: 1.8 };
  }

  #source(id: string): GeoJSONSource | undefined {
    return this.#map.getSource<GeoJSONSource>(id);
  }

  #hits({ x, y }: { x: number; y: number }, reach: number): MapGeoJSONFeature[] {
    if (!this.#map.getLayer('sign')) return []; // the style is not there yet
    const box: [PointLike, PointLike] = [[x - reach, y - reach], [x + reach, y + reach]];
    return this.#map.queryRenderedFeatures(box, { layers: [...TOUCHABLE, ...this.#live.touchable(TOUCHABLE)] });
  }

  async #tapped(point: { x: number; y: number }, at: Position): Promise<void> {
    // What is under the very point wins over what is only within the finger's reach.
    const exact = this.#hits(point, 1);
    const hits = exact.length > 0 ? exact : this.#hits(point, FINGER_PX);
    const [first] = hits;
    const group = first?.properties['cluster_id'] as unknown;
    if (typeof group === 'number' && first) {
      await this.#openGroup(group, first, at);
    } else if (first?.properties['cluster'] === true) {
      this.#openCluster(first);
    } else {
      this.#listener.tapped(thingIds(hits), at, this.#around(point));
    }
  }

  /** What a finger covers, and the signs that reach into it. */
  #around({ x, y }: { x: number; y: number }): Bounds {
    const reach = 2 * FINGER_PX;
    const southWest = this.#map.unproject([x - reach, y + reach]).wrap();
    const northEast = this.#map.unproject([x + reach, y - reach]).wrap();
    return [southWest.lng, southWest.lat, northEast.lng, northEast.lat];
  }

  /** A group of the kit's tiles: it says where it falls apart and what it covers. */
  #openCluster({ properties, sourceLayer }: MapGeoJSONFeature): void {
    const edge = (name: string): number => Number(properties[name]);
    const bounds: Bounds = [edge('west'), edge('south'), edge('east'), edge('north')];
    const zoom = properties['zoom'] as unknown;
    if (typeof zoom !== 'number' || zoom <= Math.floor(this.#map.getZoom())) {
      if (sourceLayer !== undefined) this.#listener.gathered(sourceLayer, bounds);
      return;
    }
    const center: [number, number] = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2];
    this.#map.easeTo({ center, zoom: zoom + 0.2, ...this.#motion() });
  }

  /** Zooms to where a group falls apart; one that never does is shown as a list. */
  async #openGroup(id: number, group: MapGeoJSONFeature, at: Position): Promise<void> {
    const source = this.#source('signs');
    if (!source) return;
    const zoom = await source.getClusterExpansionZoom(id);
    if (zoom <= GROUP_MAX_ZOOM && group.geometry.type === 'Point') {
      const [lon = 0, lat = 0] = group.geometry.coordinates;
      this.#map.easeTo({ center: [lon, lat], zoom: zoom + 0.4, ...this.#motion() });
      return;
    }
    const leaves = await source.getClusterLeaves(id, 200, 0);
    this.#listener.tapped(thingIds(leaves), at, [...at, ...at]);
  }
}

function thingIds(features: readonly GeoJSON.Feature[]): string[] {
  const ids = features.map(({ properties }): unknown => properties?.['thing'] ?? properties?.['id']);
  return [...new Set(ids.filter((id) => typeof id === 'string'))];
}

/** Bounds that are a point, or nearly, get some land around them. */
function roomy([west, south, east, north]: Bounds): LngLatBoundsLike {
  const margin = 0.004;
  const wide = east - west < margin ? margin : 0;
  const high = north - south < margin ? margin : 0;
  return [west - wide, Math.max(-85, south - high), east + wide, Math.min(85, north + high)];
}
