/** The whole style: packs below, things above. A pure function of what there is and of the colours. */

import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';

import { genericLayers } from './basemap/generic';
import { boundaryLayers, groundLayers } from './basemap/ground';
import { labelLayers } from './basemap/labels';
import type { Palette } from './basemap/palette';
import { roadLayers } from './basemap/roads';
import { worldLabels, worldLayers } from './basemap/world';
import type { Pack } from './packs';
import { GROUP_MAX_ZOOM, GROUP_RADIUS_PX, SOURCES, type SourceId, thingLayers } from './thinglayers';

export function buildStyle(packs: readonly Pack[], p: Palette): StyleSpecification {
  return {
    version: 8,
    sources: {
      ...Object.fromEntries(packs.map((pack) => [pack.id, packSource(pack)])),
      ...Object.fromEntries(SOURCES.map((id) => [id, thingSource(id)])),
    },
    layers: [
      { id: 'background', type: 'background', paint: { 'background-color': background(packs, p) } },
      ...packs.flatMap((pack) => packLayers(pack, p)),
      ...packs.flatMap((pack) => packLabels(pack, p)),
      ...thingLayers(p),
    ],
  };
}

/** Ids of the layers that a pack draws: those a person switches with it. */
export function layersOfPack(pack: Pack): string[] {
  // Which layers there are does not depend on the colours.
  const colourless = new Proxy({}, { get: () => '#000' }) as Palette;
  return [...packLayers(pack, colourless), ...packLabels(pack, colourless)].map(({ id }) => id);
}

/** Without a world below it, what a street map leaves blank is land. */
function background(packs: readonly Pack[], p: Palette): string {
  return packs.some((pack) => pack.kind === 'world') ? p.sea : p.land;
}

function packLayers(pack: Pack, p: Palette): LayerSpecification[] {
  switch (pack.kind) {
    case 'world':
      return worldLayers(pack.id, p);
    case 'streets':
      return [...groundLayers(pack.id, p), ...roadLayers(pack.id, p), ...boundaryLayers(pack.id, p)];
    case 'generic':
      return genericLayers(pack.id, pack.vectorLayers, p);
    case 'raster':
      return [{ id: `${pack.id}:raster`, type: 'raster', source: pack.id }];
  }
}

function packLabels(pack: Pack, p: Palette): LayerSpecification[] {
  if (pack.kind === 'world') return worldLabels(pack.id, p);
  return pack.kind === 'streets' ? labelLayers(pack.id, p) : [];
}

function packSource(pack: Pack): SourceSpecification {
  const common = {
    tiles: pack.tiles.map((path) => location.origin + path),
    minzoom: pack.minzoom,
    maxzoom: pack.maxzoom,
    ...(pack.bounds ? { bounds: pack.bounds } : {}),
  };
  return pack.kind === 'raster'
    ? { type: 'raster', tileSize: 256, ...common }
    : { type: 'vector', ...common };
}

function thingSource(id: SourceId): SourceSpecification {
  const data: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
  if (id !== 'signs') return { type: 'geojson', data };
  return {
    type: 'geojson',
    data,
    cluster: true,
    clusterRadius: GROUP_RADIUS_PX,
    clusterMaxZoom: GROUP_MAX_ZOOM,
    clusterProperties: { hazards: ['+', ['get', 'hazard']] },
  };
}
