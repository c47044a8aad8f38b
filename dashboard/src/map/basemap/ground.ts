/** The ground of an OpenMapTiles street map: land cover, land use, water, buildings, boundaries. */

import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';

import type { Palette } from './palette';

type Fill = [id: string, layer: string, classes: string[], colour: keyof Palette, minzoom: number];

/** Areas told apart by `class`, lowest first. */
const FILLS: Fill[] = [
  ['residential', 'landuse', ['residential', 'suburb', 'quarter', 'neighbourhood'], 'residential', 4],
  ['works', 'landuse', ['industrial', 'commercial', 'retail', 'railway', 'bus_station', 'garages'], 'works', 8],
  ['farmland', 'landcover', ['farmland'], 'farmland', 7],
  ['grass', 'landcover', ['grass'], 'grass', 7],
  ['wood', 'landcover', ['wood'], 'wood', 4],
  ['rock', 'landcover', ['rock', 'sand', 'ice'], 'rock', 7],
  ['wetland', 'landcover', ['wetland'], 'wetland', 9],
  ['institution', 'landuse', ['school', 'university', 'college', 'kindergarten', 'hospital', 'library'], 'institution', 11],
  ['cemetery', 'landuse', ['cemetery', 'zoo', 'theme_park'], 'park', 11],
  ['pitch', 'landuse', ['pitch', 'playground', 'stadium', 'track'], 'pitch', 12],
];

export function groundLayers(source: string, p: Palette): LayerSpecification[] {
  const fills = FILLS.map(([id, layer, classes, colour, minzoom]): LayerSpecification => ({
    id: `${source}:${id}`,
    type: 'fill',
    source,
    'source-layer': layer,
    minzoom,
    filter: classIn(classes),
    paint: { 'fill-color': p[colour], 'fill-antialias': false },
  }));
  return [
    ...fills,
    {
      id: `${source}:park`,
      type: 'line',
      source,
      'source-layer': 'park',
      minzoom: 10,
      paint: { 'line-color': p.labelPark, 'line-opacity': 0.3, 'line-width': 1.4, 'line-dasharray': [3, 2] },
    },
    {
      id: `${source}:aeroway`,
      type: 'fill',
      source,
      'source-layer': 'aeroway',
      minzoom: 11,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': p.works },
    },
    ...waterLayers(source, p),
    {
      id: `${source}:building`,
      type: 'fill',
      source,
      'source-layer': 'building',
      minzoom: 13,
      paint: {
        'fill-color': p.building,
        'fill-outline-color': p.buildingEdge,
        'fill-opacity': ['interpolate', ['linear'], ['zoom'], 13, 0, 14, 0.9],
      },
    },
  ];
}

function waterLayers(source: string, p: Palette): LayerSpecification[] {
  return [
    {
      id: `${source}:waterway`,
      type: 'line',
      source,
      'source-layer': 'waterway',
      filter: ['!=', ['get', 'brunnel'], 'tunnel'],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': p.waterway,
        'line-width': [
          'interpolate', ['exponential', 1.4], ['zoom'],
          8, ['match', ['get', 'class'], 'river', 3.2, 0.2],
          12, ['match', ['get', 'class'], 'river', 6, 'canal', 1.8, 0.9],
          16, ['match', ['get', 'class'], 'river', 16, 'canal', 7, 3],
        ],
      },
    },
    {
      id: `${source}:water`,
      type: 'fill',
      source,
      'source-layer': 'water',
      filter: ['!=', ['get', 'brunnel'], 'tunnel'],
      paint: { 'fill-color': p.water },
    },
    {
      id: `${source}:water-edge`,
      type: 'line',
      source,
      'source-layer': 'water',
      minzoom: 10,
      paint: {
        'line-color': p.waterEdge,
        'line-width': ['interpolate', ['linear'], ['zoom'], 10, 0.5, 15, 1.4],
        'line-opacity': 0.8,
      },
    },
  ];
}

/** Drawn above the roads: where a country ends matters more than what crosses it. */
export function boundaryLayers(source: string, p: Palette): LayerSpecification[] {
  return [
    {
      id: `${source}:boundary-minor`,
      type: 'line',
      source,
      'source-layer': 'boundary',
      minzoom: 10,
      filter: ['all', ['>', ['get', 'admin_level'], 2], ['<=', ['get', 'admin_level'], 8]],
      paint: { 'line-color': p.boundaryMinor, 'line-width': 0.9, 'line-dasharray': [3, 3] },
    },
    {
      id: `${source}:boundary`,
      type: 'line',
      source,
      'source-layer': 'boundary',
      filter: ['<=', ['get', 'admin_level'], 2],
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': p.boundary,
        'line-width': ['interpolate', ['linear'], ['zoom'], 5, 0.8, 10, 1.6, 15, 3],
        'line-dasharray': [5, 2, 1.2, 2],
        // Where it follows a river, the river is to be seen through it.
        'line-opacity': ['interpolate', ['linear'], ['zoom'], 9, 0.4, 14, 0.6],
      },
    },
  ];
}

export function classIn(classes: string[]): ExpressionSpecification {
  return ['match', ['get', 'class'], classes, true, false];
}
