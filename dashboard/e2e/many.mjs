// A space of thousands of things, always the same: more than the page holds at once.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { BINARY } from './kit.mjs';

export const SPACE = 'many';
/** A hazard with nothing near it. */
export const LONE = { title: 'Lone pine across the track', position: [9.3005, 47.0505] };
/** Twelve needs on one spot. */
export const SPOT = [9.2505, 47.0005];

/** Layer, node type, and how many of a hundred are of it. */
const KINDS = [
  ['hazards', 'hazard', 30], ['needs', 'need', 20], ['resources', 'resource', 15], ['notes', 'note', 12], ['units', 'unit', 8], ['shelters', 'shelter', 5],
  ['roads', 'road', 5], ['areas', 'area', 3], ['gauges', 'gauge', 2],
];

function* features(count) {
  // Not long ago, so that no time is doubtful; the same for all that is made within a day.
  const start = Math.floor(Date.now() / 86_400_000) * 86_400 - count * 5;
  let seed = 20260613;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const normal = () => random() + random() + random() - 1.5;
  const round = (degrees) => Number(degrees.toFixed(6));
  const TOWNS = [[9.5209, 47.141], [9.475, 47.168], [9.538, 47.21], [9.51, 47.067], [9.6, 47.24], [9.43, 47.05]];
  const all = KINDS.flatMap((kind) => Array(kind[2]).fill(kind));
  for (let i = 0; i < count; i++) {
    const [layer, node_type] = all[Math.floor(random() * all.length)];
    const [lon, lat] = TOWNS[Math.floor(random() * random() * TOWNS.length)];
    const spread = random() < 0.3 ? 0.12 : 0.02;
    const at = [round(lon + normal() * spread), round(lat + normal() * spread * 0.7)];
    const near = (dx, dy) => [round(at[0] + dx * 0.003), round(at[1] + dy * 0.002)];
    let geometry = { type: 'Point', coordinates: at };
    if (layer === 'roads') geometry = { type: 'LineString', coordinates: [at, near(1 + random(), random()), near(2 + random(), random() - 1)] };
    if (layer === 'areas') geometry = { type: 'Polygon', coordinates: [[at, near(1, 0.2), near(1.2, 1), near(0.3, 1.3), at]] };
    const properties = { layer, node_type, title: `${node_type} ${i}`, time: start + i * 5, severity: 1 + Math.floor(random() * 4) };
    if (layer === 'roads' && random() < 0.5) properties.state = 'closed';
    if (layer === 'needs' && random() < 0.3) properties.state = 'met';
    yield { type: 'Feature', geometry, properties };
  }
  for (let i = 0; i < 12; i++) {
    yield { type: 'Feature', geometry: { type: 'Point', coordinates: SPOT }, properties: { layer: 'needs', node_type: 'need', title: `Spot ${i}`, time: start + i } };
  }
  yield { type: 'Feature', geometry: { type: 'Point', coordinates: LONE.position }, properties: { layer: 'hazards', node_type: 'hazard', title: LONE.title, severity: 4, time: start } };
}

/** Puts them into a running kit, by the kit's own command. Returns how many there are. */
export function fill(kit, count = 5000) {
  const file = join(kit.folder, 'many.json');
  const collection = { type: 'FeatureCollection', features: [...features(count)] };
  writeFileSync(file, JSON.stringify(collection));
  execFileSync(BINARY, ['import', '--data', kit.data, '--space', SPACE, file], { stdio: 'pipe' });
  return collection.features.length;
}
