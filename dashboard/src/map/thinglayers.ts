/** How things lie on the map: areas and lines, earthquakes, signs and their groups, gauges, the focus. */

import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';

import { BOLD, MEDIUM } from './basemap/fonts';
import type { Palette } from './basemap/palette';

export const SOURCES = ['signs', 'gauges', 'quakes', 'shapes', 'focus'] as const;
export type SourceId = (typeof SOURCES)[number];

/** Layers that answer to a tap, uppermost first. */
export const TOUCHABLE = [
  'gauge', 'gauge-dot', 'sign', 'group', 'quake', 'shape-line', 'shape-closed', 'shape-warning', 'shape-fill',
] as const;

/** A distance in which signs gather, and the zoom from which each stands alone. */
export const GROUP_RADIUS_PX = 34;
export const GROUP_MAX_ZOOM = 14;

const MAG: ExpressionSpecification = ['get', 'mag'];

/** Diameter grows with the energy, so that the eye weighs a 6 against a 5 as the ground does. */
const QUAKE_RADIUS: ExpressionSpecification = [
  'interpolate', ['exponential', 1.6], ['zoom'],
  0, ['interpolate', ['exponential', 1.6], MAG, 0, 1.6, 3, 2.8, 5, 7, 6, 12, 7, 19, 9, 40],
  6, ['interpolate', ['exponential', 1.55], MAG, 0, 3, 3, 6, 5, 13, 7, 30, 9, 60],
  12, ['interpolate', ['exponential', 1.55], MAG, 0, 6, 3, 12, 5, 26, 7, 60, 9, 120],
];

const QUAKE_COLOUR: ExpressionSpecification = [
  'interpolate', ['linear'], MAG, 1, '#e9b44c', 3, '#e58a2e', 5, '#d24a22', 7, '#9e1330',
];

export function thingLayers(p: Palette): LayerSpecification[] {
  return [...shapeLayers(), ...quakeLayers(p), ...focusLayers(p), ...gaugeDots(), ...signLayers(p), ...gaugeLayers(p), ...focusSign()];
}

/** The five levels of flood warning, as the authorities of the Alps colour them, darkened to be seen. */
const WARNING_COLOUR: ExpressionSpecification = [
  'step', ['get', 'weight'], '#4c8f3a', 2, '#c99700', 3, '#dd7a00', 4, '#c9251c', 5, '#7b1fa2',
];

const WEIGHT: ExpressionSpecification = ['get', 'weight'];

function shapeLayers(): LayerSpecification[] {
  const source = 'shapes';
  const isArea: ExpressionSpecification = ['==', ['geometry-type'], 'Polygon'];
  const closed: ExpressionSpecification = ['==', ['get', 'closed'], 1];
  const warning: ExpressionSpecification = ['==', ['get', 'kind'], 'warning'];
  const round = { 'line-join': 'round', 'line-cap': 'round' } as const;
  return [
    {
      id: 'shape-fill',
      type: 'fill',
      source,
      filter: isArea,
      paint: { 'fill-color': ['get', 'colour'], 'fill-opacity': ['case', ['>', WEIGHT, 0], 0.2, 0.08] },
    },
    {
      id: 'shape-hatch',
      type: 'fill',
      source,
      filter: ['all', isArea, ['>', WEIGHT, 0]],
      paint: {
        'fill-pattern': [
          'match', ['get', 'kind'],
          ['hazard', 'fire'], 'hatch', 'closure', 'hatch-closed', 'flood', 'hatch-water', 'hatch-calm',
        ],
        'fill-opacity': 0.75,
      },
    },
    {
      id: 'shape-casing',
      type: 'line',
      source,
      filter: ['all', ['>', WEIGHT, 1], ['!', warning]],
      layout: round,
      paint: {
        'line-color': '#ffffff',
        'line-width': ['case', closed, 9, ['+', 3.4, ['*', 0.7, WEIGHT]]],
        'line-opacity': 0.85,
      },
    },
    {
      id: 'shape-line',
      type: 'line',
      source,
      filter: ['!', warning],
      layout: round,
      paint: {
        'line-color': ['get', 'colour'],
        'line-width': ['case', closed, 6, ['+', 1.4, ['*', 0.6, WEIGHT]]],
        'line-opacity': ['step', WEIGHT, 0.55, 1, 0.7, 2, 1],
      },
    },
    {
      // A warning along a river runs on both its banks, and lets the river be seen; the louder, the wider.
      id: 'shape-warning',
      type: 'line',
      source,
      filter: warning,
      layout: round,
      paint: {
        'line-color': WARNING_COLOUR,
        'line-gap-width': ['interpolate', ['exponential', 2], ['zoom'], 8, 3, 11, 8, 13, 24, 15, 92, 19, 1470],
        'line-width': ['+', 1.2, ['*', 0.8, WEIGHT]],
        'line-opacity': 0.9,
      },
    },
    {
      // Closed roads: white bars across, like the tape on site; told without the red.
      id: 'shape-closed',
      type: 'line',
      source,
      filter: closed,
      paint: { 'line-color': '#ffffff', 'line-width': 4, 'line-dasharray': [0.9, 1.3] },
    },
  ];
}

function quakeLayers(p: Palette): LayerSpecification[] {
  return [
    {
      id: 'quake',
      type: 'circle',
      source: 'quakes',
      layout: { 'circle-sort-key': ['-', 0, MAG] },
      paint: {
        'circle-radius': QUAKE_RADIUS,
        'circle-color': QUAKE_COLOUR,
        'circle-opacity': ['interpolate', ['linear'], MAG, 2, 0.55, 6, 0.42],
        'circle-stroke-color': QUAKE_COLOUR,
        'circle-stroke-width': ['interpolate', ['linear'], MAG, 2, 0.6, 5, 1.6],
        'circle-stroke-opacity': 0.95,
      },
    },
    {
      id: 'quake-label',
      type: 'symbol',
      source: 'quakes',
      // Numbers for the strong ones from afar, for all from near by.
      filter: ['>=', MAG, ['step', ['zoom'], 5.5, 2.5, 4.5, 4.5, 3, 7, -9]],
      layout: {
        'text-field': ['get', 'label'],
        'text-font': BOLD,
        'text-size': ['interpolate', ['linear'], MAG, 2, 10, 6, 13],
        'symbol-sort-key': ['-', 0, MAG],
        'text-padding': 3,
        'text-anchor': 'center',
      },
      paint: { 'text-color': p.thingLabel, 'text-halo-color': p.thingHalo, 'text-halo-width': 1.6 },
    },
  ];
}

/** The selected thing: a ring, below the signs so that it hides none. */
function focusLayers(p: Palette): LayerSpecification[] {
  return [
    {
      id: 'focus-line',
      type: 'line',
      source: 'focus',
      filter: ['!=', ['geometry-type'], 'Point'],
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': p.focus, 'line-width': 4, 'line-opacity': 0.9 },
    },
    {
      id: 'focus-ring',
      type: 'circle',
      source: 'focus',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 25,
        'circle-color': p.focus,
        'circle-opacity': 0.16,
        'circle-stroke-color': p.focus,
        'circle-stroke-width': 3,
      },
    },
  ];
}

/** The selected thing's own sign above all, also where its neighbours have it in a group. */
function focusSign(): LayerSpecification[] {
  return [
    {
      id: 'focus-sign',
      type: 'symbol',
      source: 'focus',
      filter: ['has', 'sign'],
      layout: { 'icon-image': ['get', 'sign'], 'icon-size': 1.1, 'icon-allow-overlap': true },
    },
  ];
}

function signLayers(p: Palette): LayerSpecification[] {
  const source = 'signs';
  const alone: ExpressionSpecification = ['!', ['has', 'point_count']];
  return [
    {
      id: 'sign',
      type: 'symbol',
      source,
      filter: alone,
      layout: {
        'icon-image': ['get', 'sign'],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 6, 0.78, 11, 0.92, 15, 1.06],
        'icon-allow-overlap': true,
        'icon-ignore-placement': false,
        'symbol-sort-key': ['get', 'rank'],
        'text-field': ['step', ['zoom'], '', 12.2, ['get', 'label']],
        'text-font': MEDIUM,
        'text-size': 12,
        'text-anchor': 'top',
        'text-offset': [0, 1.5],
        'text-max-width': 9,
        'text-optional': true,
        'text-padding': 4,
      },
      paint: { 'text-color': p.thingLabel, 'text-halo-color': p.thingHalo, 'text-halo-width': 1.8 },
    },
    {
      id: 'group',
      type: 'symbol',
      source,
      filter: ['has', 'point_count'],
      layout: {
        'icon-image': ['case', ['>', ['get', 'hazards'], 0], 'group-hazard', 'group'],
        'icon-allow-overlap': true,
        'text-field': ['get', 'point_count_abbreviated'],
        'text-font': BOLD,
        'text-size': 13,
        'text-offset': [-0.15, 0.2],
        'text-allow-overlap': true,
      },
      paint: { 'text-color': '#ffffff' },
    },
  ];
}

const GAUGE_COLOUR: ExpressionSpecification = [
  'match', ['get', 'sign'], 'plate-alarm', '#b3151f', 'plate-warning', '#8f5500', '#0b6b83',
];

/** Where a gauge stands, below the signs; its plate is beside it, so that both banks stay in sight. */
function gaugeDots(): LayerSpecification[] {
  return [
    {
      id: 'gauge-dot',
      type: 'circle',
      source: 'gauges',
      paint: {
        'circle-radius': 4,
        'circle-color': GAUGE_COLOUR,
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 2,
      },
    },
  ];
}

function gaugeLayers(p: Palette): LayerSpecification[] {
  return [
    {
      id: 'gauge-label',
      type: 'symbol',
      source: 'gauges',
      minzoom: 11.5,
      layout: {
        'text-field': ['get', 'label'],
        'text-font': MEDIUM,
        'text-size': 12,
        'text-anchor': 'top-right',
        'text-offset': [-0.9, 1.1],
        'text-justify': 'right',
        'text-max-width': 9,
        'text-padding': 4,
      },
      paint: { 'text-color': p.thingLabel, 'text-halo-color': p.thingHalo, 'text-halo-width': 1.8 },
    },
    {
      id: 'gauge',
      type: 'symbol',
      source: 'gauges',
      layout: {
        'icon-image': ['get', 'sign'],
        'symbol-sort-key': ['get', 'rank'],
        'icon-text-fit': 'both',
        'icon-allow-overlap': true,
        'text-field': ['get', 'reading'],
        'text-font': BOLD,
        'text-size': 12.5,
        'text-anchor': 'right',
        'text-offset': [-1.25, 0],
        'text-allow-overlap': true,
      },
      paint: { 'text-color': '#ffffff' },
    },
  ];
}
