/** The map, once it is there; panels that fly somewhere ask here. */

import type { MapView } from '../map/mapview';
import type { Pack } from '../map/packs';
import type { Position } from '../trace/tile';

class MapHandle {
  current = $state.raw<MapView | null>(null);
  failed = $state(false);
  /** Middle of the uncovered map, as it moves. */
  centre = $state.raw<Position | null>(null);
  /** Height of the sheet on a phone, in pixels: what it covers of the map. */
  sheetHeight = $state(0);
  /** The map packs of the kit, the lowest first. */
  packs = $state.raw<readonly Pack[]>([]);
}

export const mapHandle = new MapHandle();
