/** Roads of an OpenMapTiles street map: casings first, then fills, so that crossings join. */

import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';

import { classIn } from './ground';
import type { Palette } from './palette';

interface Road {
  id: string;
  classes: string[];
  minzoom: number;
  fill: keyof Palette;
  casing: keyof Palette;
  /** Width in pixels at zooms 8, 12, 15 and 18. */
  widths: [number, number, number, number];
}

/** Lowest first. */
const ROADS: Road[] = [
  { id: 'service', classes: ['service', 'minor_construction', 'raceway'], minzoom: 13.5, fill: 'minor', casing: 'casing', widths: [0, 0.5, 2.6, 12] },
  { id: 'minor', classes: ['minor', 'busway'], minzoom: 12, fill: 'minor', casing: 'casing', widths: [0.3, 1, 5, 20] },
  { id: 'tertiary', classes: ['tertiary'], minzoom: 10.5, fill: 'minor', casing: 'casing', widths: [0.5, 1.9, 7, 24] },
  { id: 'secondary', classes: ['secondary'], minzoom: 8.5, fill: 'secondary', casing: 'casingMajor', widths: [0.8, 2.6, 8.5, 28] },
  { id: 'primary', classes: ['primary', 'trunk'], minzoom: 7, fill: 'primary', casing: 'casingMajor', widths: [1.1, 3.2, 10, 32] },
  { id: 'motorway', classes: ['motorway'], minzoom: 5, fill: 'motorway', casing: 'casingMajor', widths: [1.5, 4, 12, 36] },
];

export function roadLayers(source: string, p: Palette): LayerSpecification[] {
  return [
    pathLayer(source, p, 'track', 13, [4, 1.5]),
    pathLayer(source, p, 'path', 13.5, [2, 1.5]),
    ...ROADS.map((road) => casing(source, road, p)),
    ...ROADS.map((road) => fill(source, road, p)),
    ...railLayers(source, p),
  ];
}

function casing(source: string, road: Road, p: Palette): LayerSpecification {
  return {
    id: `${source}:${road.id}-casing`,
    type: 'line',
    source,
    'source-layer': 'transportation',
    minzoom: Math.max(road.minzoom, 9),
    filter: classIn(road.classes),
    layout: { 'line-join': 'round', 'line-cap': 'butt' },
    paint: {
      'line-color': p[road.casing],
      // A bridge has a stronger edge, a tunnel hardly any: what is passable in a flood.
      'line-width': width(road, ['match', ['get', 'brunnel'], 'bridge', 3, 1.6]),
      'line-opacity': ['match', ['get', 'brunnel'], 'tunnel', 0.5, 1],
    },
  };
}

function fill(source: string, road: Road, p: Palette): LayerSpecification {
  return {
    id: `${source}:${road.id}`,
    type: 'line',
    source,
    'source-layer': 'transportation',
    minzoom: road.minzoom,
    filter: classIn(road.classes),
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: {
      'line-color': p[road.fill],
      'line-width': width(road, 0),
      'line-opacity': ['match', ['get', 'brunnel'], 'tunnel', 0.45, 1],
    },
  };
}

/** The road's width, with `extra` pixels for a casing. */
function width(road: Road, extra: ExpressionSpecification | number): ExpressionSpecification {
  const [z8, z12, z15, z18] = road.widths;
  return [
    'interpolate', ['exponential', 1.5], ['zoom'],
    8, ['+', z8, extra],
    12, ['+', z12, extra],
    15, ['+', z15, extra],
    18, ['+', z18, extra],
  ];
}

function pathLayer(
  source: string,
  p: Palette,
  name: string,
  minzoom: number,
  dashes: number[],
): LayerSpecification {
  return {
    id: `${source}:${name}`,
    type: 'line',
    source,
    'source-layer': 'transportation',
    minzoom,
    filter: classIn([name]),
    layout: { 'line-join': 'round' },
    paint: {
      'line-color': p.path,
      'line-width': ['interpolate', ['linear'], ['zoom'], 13, 0.8, 17, 2.2],
      'line-dasharray': dashes,
    },
  };
}

function railLayers(source: string, p: Palette): LayerSpecification[] {
  return [
    {
      id: `${source}:rail`,
      type: 'line',
      source,
      'source-layer': 'transportation',
      minzoom: 9,
      filter: classIn(['rail', 'transit']),
      paint: {
        'line-color': p.rail,
        'line-width': ['interpolate', ['linear'], ['zoom'], 9, 0.8, 14, 1.8, 18, 3],
      },
    },
    {
      id: `${source}:rail-ties`,
      type: 'line',
      source,
      'source-layer': 'transportation',
      minzoom: 12,
      filter: classIn(['rail', 'transit']),
      paint: {
        'line-color': p.rail,
        'line-width': ['interpolate', ['linear'], ['zoom'], 12, 3, 18, 9],
        'line-dasharray': [0.25, 2.4],
      },
    },
  ];
}
