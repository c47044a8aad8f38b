/** Names on an OpenMapTiles street map: streets, waters, places, peaks, and what helps in a flood. */

import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';

import { BOLD, MEDIUM, REGULAR } from './fonts';
import type { Palette } from './palette';
import { classIn } from './ground';

const NAME: ExpressionSpecification = ['coalesce', ['get', 'name:latin'], ['get', 'name']];

/** Points of interest that responders look for; shops and bus stops would only be noise. */
const USEFUL = [
  'hospital', 'fire_station', 'police', 'school', 'town_hall', 'pharmacy', 'fuel', 'shelter', 'doctors', 'clinic',
  'railway', 'stadium', 'castle', 'place_of_worship', 'campsite', 'college',
];

export function labelLayers(source: string, p: Palette): LayerSpecification[] {
  return [...lineLabels(source, p), ...pointLabels(source, p), ...placeLabels(source, p)];
}

function lineLabels(source: string, p: Palette): LayerSpecification[] {
  const along = {
    'symbol-placement': 'line',
    'text-field': NAME,
    'text-rotation-alignment': 'map',
    'text-pitch-alignment': 'viewport',
  } as const;
  return [
    {
      id: `${source}:waterway-name`,
      type: 'symbol',
      source,
      'source-layer': 'waterway',
      minzoom: 9,
      filter: ['has', 'name:latin'],
      layout: {
        ...along,
        'text-font': MEDIUM,
        'text-size': ['interpolate', ['linear'], ['zoom'],
          9, ['match', ['get', 'class'], 'river', 12, 10],
          15, ['match', ['get', 'class'], 'river', 17, 12]],
        'text-letter-spacing': ['match', ['get', 'class'], 'river', 0.14, 0.04],
        'symbol-spacing': 320,
      },
      paint: { 'text-color': p.labelWater, 'text-halo-color': p.halo, 'text-halo-width': 1.2 },
    },
    {
      id: `${source}:street-name`,
      type: 'symbol',
      source,
      'source-layer': 'transportation_name',
      minzoom: 13,
      filter: ['all', ['has', 'name:latin'], ['!', classIn(['rail', 'path', 'track'])]],
      layout: {
        ...along,
        'text-font': REGULAR,
        'text-size': ['interpolate', ['linear'], ['zoom'], 13, 10, 17, 13.5],
        'symbol-spacing': 280,
        'text-padding': 4,
      },
      paint: { 'text-color': p.labelQuiet, 'text-halo-color': p.halo, 'text-halo-width': 1.5 },
    },
    {
      id: `${source}:path-name`,
      type: 'symbol',
      source,
      'source-layer': 'transportation_name',
      minzoom: 15.5,
      filter: ['all', ['has', 'name:latin'], classIn(['path', 'track'])],
      layout: { ...along, 'text-font': REGULAR, 'text-size': 10.5 },
      paint: { 'text-color': p.labelQuiet, 'text-halo-color': p.halo, 'text-halo-width': 1.4 },
    },
  ];
}

function pointLabels(source: string, p: Palette): LayerSpecification[] {
  const quiet = { 'text-color': p.labelQuiet, 'text-halo-color': p.halo, 'text-halo-width': 1.4 };
  return [
    {
      id: `${source}:housenumber`,
      type: 'symbol',
      source,
      'source-layer': 'housenumber',
      minzoom: 17,
      layout: { 'text-field': ['get', 'housenumber'], 'text-font': REGULAR, 'text-size': 10 },
      paint: quiet,
    },
    {
      id: `${source}:poi`,
      type: 'symbol',
      source,
      'source-layer': 'poi',
      minzoom: 14.5,
      filter: ['all', ['has', 'name:latin'],
        ['any', classIn(USEFUL), ['match', ['get', 'subclass'], USEFUL, true, false]]],
      layout: {
        'text-field': NAME,
        'text-font': REGULAR,
        'text-size': 11,
        'text-max-width': 8,
        'text-padding': 6,
        'symbol-sort-key': ['get', 'rank'],
      },
      paint: quiet,
    },
    {
      id: `${source}:lake-name`,
      type: 'symbol',
      source,
      'source-layer': 'water_name',
      minzoom: 12,
      filter: ['==', ['geometry-type'], 'Point'],
      layout: { 'text-field': NAME, 'text-font': MEDIUM, 'text-size': 11, 'text-max-width': 7 },
      paint: { 'text-color': p.labelWater, 'text-halo-color': p.halo, 'text-halo-width': 1.2 },
    },
    {
      id: `${source}:peak`,
      type: 'symbol',
      source,
      'source-layer': 'mountain_peak',
      minzoom: 11,
      layout: {
        'text-field': [
          'format', '▲ ', { 'font-scale': 0.7 }, NAME, {},
          ['case', ['has', 'ele'], ['concat', '\n', ['to-string', ['get', 'ele']], ' m'], ''],
          { 'font-scale': 0.85 },
        ],
        'text-font': REGULAR,
        'text-size': 11,
        'text-max-width': 8,
        'text-padding': 8,
        'symbol-sort-key': ['-', 0, ['coalesce', ['get', 'ele'], 0]],
      },
      paint: quiet,
    },
  ];
}

function placeLabels(source: string, p: Palette): LayerSpecification[] {
  const common = { 'text-field': NAME, 'text-max-width': 8 } as const;
  const paint = { 'text-color': p.label, 'text-halo-color': p.halo, 'text-halo-width': 1.8 };
  return [
    {
      id: `${source}:hamlet`,
      type: 'symbol',
      source,
      'source-layer': 'place',
      minzoom: 12,
      filter: classIn(['hamlet', 'suburb', 'quarter', 'neighbourhood', 'isolated_dwelling', 'locality']),
      layout: { ...common, 'text-font': REGULAR, 'text-size': 11.5, 'text-padding': 6 },
      paint: { ...paint, 'text-color': p.labelQuiet },
    },
    {
      id: `${source}:village`,
      type: 'symbol',
      source,
      'source-layer': 'place',
      minzoom: 9,
      filter: classIn(['village']),
      layout: {
        ...common,
        'text-font': MEDIUM,
        'text-size': ['interpolate', ['linear'], ['zoom'], 9, 11, 14, 15],
      },
      paint,
    },
    {
      id: `${source}:town`,
      type: 'symbol',
      source,
      'source-layer': 'place',
      minzoom: 6,
      filter: classIn(['town', 'city']),
      layout: {
        ...common,
        'text-font': BOLD,
        'text-size': ['interpolate', ['linear'], ['zoom'], 6, 11, 14, 18],
      },
      paint,
    },
    {
      id: `${source}:country-name`,
      type: 'symbol',
      source,
      'source-layer': 'place',
      maxzoom: 9,
      filter: classIn(['country']),
      layout: { ...common, 'text-font': MEDIUM, 'text-size': 13, 'text-letter-spacing': 0.08 },
      paint: { ...paint, 'text-color': p.labelQuiet },
    },
  ];
}
