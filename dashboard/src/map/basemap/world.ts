/** Natural Earth: the layers `land`, `boundary` and `country_label` of the pack `world`. */

import type { LayerSpecification } from 'maplibre-gl';

import { MEDIUM } from './fonts';
import type { Palette } from './palette';

export function worldLayers(source: string, p: Palette): LayerSpecification[] {
  return [
    {
      id: `${source}:land`,
      type: 'fill',
      source,
      'source-layer': 'land',
      paint: { 'fill-color': p.land },
    },
    {
      id: `${source}:coast`,
      type: 'line',
      source,
      'source-layer': 'land',
      maxzoom: 9,
      paint: { 'line-color': p.waterEdge, 'line-width': 0.7, 'line-opacity': 0.7 },
    },
    {
      id: `${source}:boundary`,
      type: 'line',
      source,
      'source-layer': 'boundary',
      // Coarse lines: beyond this a street map's own boundary says it better.
      maxzoom: 9,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': p.boundary,
        'line-width': ['interpolate', ['linear'], ['zoom'], 0, 0.4, 6, 1.2],
        'line-opacity': ['interpolate', ['linear'], ['zoom'], 0, 0.5, 5, 0.8, 9, 0.5],
      },
    },
  ];
}

export function worldLabels(source: string, p: Palette): LayerSpecification[] {
  return [
    {
      id: `${source}:country`,
      type: 'symbol',
      source,
      'source-layer': 'country_label',
      maxzoom: 8,
      layout: {
        'text-field': ['coalesce', ['get', 'name:latin'], ['get', 'name']],
        'text-font': MEDIUM,
        'text-size': ['interpolate', ['linear'], ['zoom'], 1, 9.5, 4, 12, 7, 15],
        'text-letter-spacing': 0.06,
        'text-max-width': 7,
        'text-padding': 6,
      },
      paint: {
        'text-color': p.labelQuiet,
        'text-halo-color': p.halo,
        'text-halo-width': 1.3,
      },
    },
  ];
}
