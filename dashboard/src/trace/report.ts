/** A report as an event: what it must bear, and where it lies. Pure; signing is the caller's. */

import { type Draft, INVARIANTS, type SignedEvent } from './event';
import { type Position, roundPosition, tileAt, tileName } from './tile';

export interface ReportInput {
  kind: 'hazard' | 'need' | 'resource' | 'note';
  title: string;
  text: string;
  severity: number | null;
  position: Position;
  space: string;
  /** Zoom of the space's home tiles. */
  homeZoom: number;
  /** The name the person goes by; empty: the key alone speaks. */
  name: string;
  /** Seconds by the kit's clock. */
  timestamp: number;
}

const LAYERS = { hazard: 'hazards', need: 'needs', resource: 'resources', note: 'notes' } as const;

/** The `create_node` of a report. `key` is the public key, base64url. */
export function reportDraft(input: ReportInput, key: string): Draft {
  // The tile is that of the rounded position: what is said must lie in the tile that is said.
  const position = roundPosition(input.position);
  const properties: Record<string, string | number> = { title: wellFormed(input.title.trim()) };
  if (input.text.trim()) properties['text'] = wellFormed(input.text.trim());
  if (input.severity !== null) properties['severity'] = input.severity;
  return {
    timestamp: input.timestamp,
    space_id: input.space,
    layer_id: LAYERS[input.kind],
    actor_id: input.name ? `user:${clean(input.name)}` : `key:${key}`,
    operation: 'create_node',
    scope: { realm: 'public', authority: 'source', boundary: 'interior', policy: 'public' },
    preserves_invariants: [...INVARIANTS],
    previous_events: [],
    tile: tileName(tileAt(position, input.homeZoom)),
    node_type: input.kind,
    transform: { position },
    properties,
  };
}

/** The `set_media` that follows a report: of the same moment, in the same tile and layer, and by the same person. */
export function photoDraft(report: SignedEvent, media: { hash: string; type: string; size: number }): Draft {
  return {
    timestamp: report.timestamp,
    space_id: report.space_id,
    layer_id: report.layer_id,
    actor_id: report.actor_id,
    operation: 'set_media',
    scope: report.scope,
    preserves_invariants: [...INVARIANTS],
    previous_events: [report.event_id],
    tile: report.tile,
    node_id: report.event_id,
    media,
  };
}

/** An actor id is at most 128 characters without control characters; a few are left for `user:`. */
function clean(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is to go
  return [...wellFormed(name).replace(/[\u0000-\u001f\u007f-\u009f]/g, '')].slice(0, 100).join('');
}

/** A field's length limit may cut an emoji in two; half of one has no UTF-8 form. */
function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDFFF]/gu, '\uFFFD');
}
