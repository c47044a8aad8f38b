/** The map packs a kit holds, and what kind of map each is. */

import { getJson } from '../kit/client';
import type { TileJson } from '../kit/types';

export type PackKind = 'world' | 'streets' | 'raster' | 'generic';

export interface Pack {
  /** `pack/` and its name in the kit; also the id of its source in the style. */
  id: string;
  title: string;
  kind: PackKind;
  tiles: string[];
  bounds: [number, number, number, number] | null;
  minzoom: number;
  maxzoom: number;
  /** As text: packs come from anywhere, and their markup is not ours to run. */
  attribution: string;
  vectorLayers: string[];
}

/** All packs, the lowest on the map first. One that cannot be read is left out. */
export async function loadPacks(): Promise<Pack[]> {
  const listed = packNames(await getJson<unknown>('/maps/'));
  const packs = await Promise.all(
    listed.map(async (name) => {
      try {
        return packOf(name, await getJson<TileJson>(`/maps/${encodeURIComponent(name)}.json`));
      } catch {
        return null;
      }
    }),
  );
  return packs.filter((pack) => pack !== null).sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
}

const ORDER: Record<PackKind, number> = { world: 0, streets: 1, generic: 2, raster: 3 };

/** The names in the kit's list: an array, or an object with one, of names or of objects with a name. */
export function packNames(list: unknown): string[] {
  const entries: unknown = Array.isArray(list) ? list : firstArray(list);
  if (!Array.isArray(entries)) return [];
  return entries
    .map((entry: unknown) =>
      typeof entry === 'string' ? entry : isRecord(entry) ? entry['name'] : undefined,
    )
    .filter((name) => typeof name === 'string');
}

export function packOf(name: string, json: TileJson): Pack {
  const vectorLayers = (json.vector_layers ?? []).map((layer) => layer.id);
  return {
    id: `pack/${name}`,
    title: json.name ?? name,
    kind: kindOfPack(vectorLayers),
    tiles: json.tiles.map(ownOrigin),
    bounds: json.bounds ?? null,
    minzoom: json.minzoom ?? 0,
    maxzoom: json.maxzoom ?? 14,
    attribution: plainText(json.attribution ?? ''),
    vectorLayers,
  };
}

function kindOfPack(vectorLayers: readonly string[]): PackKind {
  if (vectorLayers.length === 0) return 'raster';
  if (vectorLayers.includes('transportation')) return 'streets';
  if (vectorLayers.includes('land') && vectorLayers.includes('country_label')) return 'world';
  return 'generic';
}

/**
 * The path of a tile URL, on the page's own origin: a pack that names another host must not make a
 * request leave the kit. (Not through URL(), which would escape the braces of `{z}`.)
 */
export function ownOrigin(url: string): string {
  const path = url.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*/i, '');
  return (path.startsWith('/') ? '' : '/maps/') + path;
}

/** The text of an attribution, which by TileJSON may be HTML. */
export function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&copy;/g, '©')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
}

function firstArray(value: unknown): unknown {
  return isRecord(value) ? Object.values(value).find(Array.isArray) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
