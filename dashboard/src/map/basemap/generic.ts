/** A vector pack of a schema the page does not know: its lines and areas, plainly. */

import type { LayerSpecification } from 'maplibre-gl';

import type { Palette } from './palette';

export function genericLayers(
  source: string,
  vectorLayers: readonly string[],
  p: Palette,
): LayerSpecification[] {
  return vectorLayers.flatMap((layer): LayerSpecification[] => [
    {
      id: `${source}:${layer}-area`,
      type: 'fill',
      source,
      'source-layer': layer,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': p.residential, 'fill-opacity': 0.5 },
    },
    {
      id: `${source}:${layer}-line`,
      type: 'line',
      source,
      'source-layer': layer,
      paint: { 'line-color': p.labelQuiet, 'line-width': 1, 'line-opacity': 0.7 },
    },
  ]);
}
