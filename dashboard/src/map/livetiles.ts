/** The kit's vector tiles of a space on the map: their source, their layers, and keeping them current. */

import type { Map as MapLibre, VectorTileSource } from 'maplibre-gl';

import type { Palette } from './basemap/palette';
import { LIVE_MAX_ZOOM, LIVE_SOURCE, tileLayerId, tileLayers } from './tilelayers';

/** While events come in without end, tiles are asked for anew this often; the kit says of most that they still hold. */
const REFRESH_MS = 1_000;
/** What comes in a burst comes with one request. */
const GATHER_MS = 150;

export class LiveTiles {
  readonly #map: MapLibre;
  #url: string | null = null;
  /** Layers of the space that are drawn, and whether they are shown. */
  readonly #layers = new Map<string, boolean>();
  #refreshed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(map: MapLibre) {
    this.#map = map;
  }

  /** Draws the tiles of an address; null takes them away. */
  show(url: string | null): void {
    if (url === this.#url) return;
    const source = this.#map.getSource<VectorTileSource>(LIVE_SOURCE);
    if (url === null) {
      for (const name of this.#layers.keys()) {
        for (const id of this.#ids(name)) this.#map.removeLayer(id);
      }
      this.#layers.clear();
      if (source) this.#map.removeSource(LIVE_SOURCE);
    } else if (source) {
      source.setTiles([url]);
      // MapLibre forgets a new address where layers of the source change in the same frame.
      this.refresh();
    } else {
      this.#map.addSource(LIVE_SOURCE, { type: 'vector', tiles: [url], minzoom: 0, maxzoom: LIVE_MAX_ZOOM });
    }
    this.#url = url;
  }

  /** Layers of the space, each with whether it is shown. Those that were drawn before stay. */
  cover(layers: ReadonlyMap<string, boolean>, palette: Palette): void {
    if (this.#url === null) return;
    for (const [name, shown] of layers) {
      const before = this.#layers.get(name);
      if (before === shown) continue;
      const visibility = shown ? 'visible' : 'none';
      if (before === undefined) {
        for (const { base, layer } of tileLayers(palette, name)) {
          this.#map.addLayer({ ...layer, layout: { ...layer.layout, visibility } } as typeof layer, base);
        }
      } else {
        for (const id of this.#ids(name)) this.#map.setLayoutProperty(id, 'visibility', visibility);
      }
      this.#layers.set(name, shown);
    }
  }

  /** Something has changed: asks for the tiles in sight anew, soon. */
  refresh(): void {
    if (this.#url === null || this.#timer !== undefined) return;
    const wait = Math.max(GATHER_MS, this.#refreshed + REFRESH_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#refreshed = performance.now();
      if (this.#map.getSource(LIVE_SOURCE)) this.#map.refreshTiles(LIVE_SOURCE);
    }, wait);
  }

  recolour(palette: Palette): void {
    for (const name of this.#layers.keys()) {
      for (const { layer } of tileLayers(palette, name)) {
        for (const [property, value] of Object.entries(layer.paint ?? {})) {
          this.#map.setPaintProperty(layer.id, property as never, value as never);
        }
      }
    }
  }

  /** Those of these layers of `thinglayers.ts` that the tiles have. */
  touchable(bases: readonly string[]): string[] {
    const ids = [...this.#layers.keys()].flatMap((name) => bases.map((base) => tileLayerId(base, name)));
    return ids.filter((id) => this.#map.getLayer(id));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #ids(name: string): string[] {
    // Which layers there are does not depend on the colours.
    const colourless = new Proxy({}, { get: () => '#000' }) as Palette;
    return tileLayers(colourless, name).map(({ layer }) => layer.id);
  }
}
