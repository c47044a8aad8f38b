/** From things to what the map draws: plain GeoJSON whose properties the layers' expressions read. */

import { isDone, type KindId, kindOf, magnitudeOf, severityOf, warningLevelOf } from '../kinds/kinds';
import { mainReading } from '../kinds/levels';
import type { Thing } from '../kit/types';
import { claimed, differing } from '../words/reports';
import { valueText } from '../words/value';
import { signName } from './signnames';

/** Properties of a drawn point; all flat, as vector tiles have it. */
export interface DrawnPoint {
  thing: string;
  sign: string;
  label: string;
  rank: number;
  hazard: number;
  /** Only of earthquakes. */
  mag?: number;
  /** Only of gauges: the value in its plate. */
  reading?: string;
}

export interface DrawnShape {
  thing: string;
  colour: string;
  kind: string;
  /** 1 where the shape is a road or other line that is closed. */
  closed: number;
  /** How loud it is: 0 (steps back) to 5. */
  weight: number;
}

type Points = GeoJSON.FeatureCollection<GeoJSON.Point, DrawnPoint>;
type Shapes = GeoJSON.FeatureCollection<GeoJSON.Geometry, DrawnShape>;

export interface Drawn {
  /** Signs that gather into groups where they are dense. */
  signs: Points;
  /** Value plates, always shown. */
  gauges: Points;
  quakes: Points;
  /** Lines and areas. */
  shapes: Shapes;
}

export function emptyDrawn(): Drawn {
  return { signs: collection(), gauges: collection(), quakes: collection(), shapes: collection() };
}

/** What to draw of these things; `waiting` are ids of reports that no kit has taken yet. */
export function draw(things: Iterable<Thing>, waiting: ReadonlySet<string> = new Set()): Drawn {
  const drawn = emptyDrawn();
  for (const thing of things) {
    if (!thing.geometry) continue;
    const { properties } = thing;
    const kind = kindOf(properties);
    for (const shape of shapesOf(thing.geometry)) {
      drawn.shapes.features.push({
        type: 'Feature',
        geometry: shape,
        properties: {
          thing: thing.id,
          colour: kind.colour,
          kind: kind.id,
          closed: kind.id === 'closure' ? 1 : 0,
          weight: weightOf(kind.id, properties.props),
        },
      });
    }
    const place = properties.position ?? anchorOf(thing.geometry);
    if (!place) continue;
    const severity = severityOf(properties.props);
    const point: DrawnPoint = {
      thing: thing.id,
      sign: signName(kind.id, severity ?? 0, {
        uncertain: properties.time_uncertain ?? false,
        derived: properties.authority === 'derived',
        disputed: isDisputed(thing),
        done: isDone(properties.props),
        waiting: waiting.has(thing.id),
      }),
      label: properties.title,
      rank: isDone(properties.props) ? 0 : kind.rank * 10 + (severity ?? 0),
      hazard: isDanger(kind.id) && !isDone(properties.props) ? 1 : 0,
    };
    if (kind.id === 'quake') {
      point.mag = magnitudeOf(properties.props) ?? 0;
      point.label = point.mag.toFixed(1);
      drawn.quakes.features.push(pointFeature(place, point));
      continue;
    }
    const reading = mainReading(thing);
    if (reading !== null) {
      point.reading = valueText(reading.value, reading.unit);
      point.sign = reading.level === 'normal' ? 'plate' : `plate-${reading.level}`;
      point.rank = { normal: 0, warning: 1, alarm: 2 }[reading.level];
      drawn.gauges.features.push(pointFeature(place, point));
    } else {
      drawn.signs.features.push(pointFeature(place, point));
    }
  }
  return drawn;
}

function isDanger(id: KindId): boolean {
  return id === 'hazard' || id === 'fire' || id === 'closure';
}

function weightOf(id: KindId, props: Record<string, unknown> | undefined): number {
  if (id === 'road' || isDone(props)) return 0;
  if (id === 'warning') return warningLevelOf(props) ?? 3;
  return id === 'closure' ? 5 : 3;
}

/** The sign of a single thing, or null where it is drawn otherwise. */
export function signOf(thing: Thing): string | null {
  const [sign] = draw([thing]).signs.features;
  return sign?.properties.sign ?? null;
}

/** Whether people disagree about this thing: concurrent values, or a claim by somebody else. */
export function isDisputed(thing: Thing): boolean {
  return differing(thing.properties).length > 0 || claimed(thing.properties).length > 0;
}

/** The lines and areas in a geometry. */
function shapesOf(geometry: GeoJSON.Geometry): GeoJSON.Geometry[] {
  switch (geometry.type) {
    case 'Point':
    case 'MultiPoint':
      return [];
    case 'GeometryCollection':
      return geometry.geometries.flatMap(shapesOf);
    default:
      return [geometry];
  }
}

/** Where the sign of a geometry stands: a point itself, the middle of a line, the middle of an area. */
export function anchorOf(geometry: GeoJSON.Geometry): GeoJSON.Position | null {
  switch (geometry.type) {
    case 'Point':
      return geometry.coordinates;
    case 'MultiPoint':
      return geometry.coordinates[0] ?? null;
    case 'LineString':
      return geometry.coordinates[Math.floor(geometry.coordinates.length / 2)] ?? null;
    case 'MultiLineString':
      return geometry.coordinates[0]?.[Math.floor(geometry.coordinates[0].length / 2)] ?? null;
    case 'Polygon':
      return ringMiddle(geometry.coordinates[0]);
    case 'MultiPolygon':
      return ringMiddle(geometry.coordinates[0]?.[0]);
    case 'GeometryCollection':
      return geometry.geometries[0] ? anchorOf(geometry.geometries[0]) : null;
  }
}

/** Centroid by area (the shoelace formula); the mean of the corners where the area is nothing. */
function ringMiddle(ring: GeoJSON.Position[] | undefined): GeoJSON.Position | null {
  const first = ring?.[0];
  if (!ring || first?.[0] === undefined || first[1] === undefined) return null;
  const [x0, y0] = [first[0], first[1]];
  let twiceArea = 0;
  let x = 0;
  let y = 0;
  for (let i = 1; i < ring.length; i++) {
    const [ax = 0, ay = 0] = ring[i - 1] ?? [];
    const [bx = 0, by = 0] = ring[i] ?? [];
    // Relative to the first corner: degrees far from 0 would lose the digits that matter.
    const cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0);
    twiceArea += cross;
    x += (ax + bx - 2 * x0) * cross;
    y += (ay + by - 2 * y0) * cross;
  }
  if (Math.abs(twiceArea) < 1e-14) return [x0, y0];
  return [x0 + x / (3 * twiceArea), y0 + y / (3 * twiceArea)];
}

function pointFeature(
  place: GeoJSON.Position,
  properties: DrawnPoint,
): GeoJSON.Feature<GeoJSON.Point, DrawnPoint> {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: place }, properties };
}

function collection<T extends GeoJSON.Geometry, P>(): GeoJSON.FeatureCollection<T, P> {
  return { type: 'FeatureCollection', features: [] };
}
