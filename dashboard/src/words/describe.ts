/** An event of a thing's history in plain words: one line for each thing it says. */

import { kindOf } from '../kinds/kinds';
import type { LoggedEvent } from '../kit/types';
import { messages } from '../messages';
import { mediaOf, sizeText, typeText } from './media';
import { nameText, placeText, splitUnit, valueText } from './value';

/** `numbers` are those of the reports that a thing was made of. */
export function describe(event: LoggedEvent, numbers?: ReadonlyMap<string, number>): string[] {
  const words = messages.history;
  switch (event.operation) {
    case 'create_node':
      return created(event);
    case 'update_transform':
      return transform(record(event['transform']));
    case 'set_properties':
      return properties(record(event['properties']));
    case 'set_geometry':
      return [geometry(event['geometry'])];
    case 'set_media': {
      const slot = nameText(text(event['slot'], 'photo'));
      return [event['media'] === null ? words.mediaCleared(slot) : words.media(slot)];
    }
    case 'sensor_reading': {
      const unit = typeof event['unit'] === 'string' ? event['unit'] : undefined;
      return [words.reading(nameText(text(event['sensor'], '')), valueText(event['value'], unit))];
    }
    case 'link_nodes':
      return [words.linked(text(event['link_type'], ''))];
    case 'unlink_nodes':
      return [words.unlinked(Array.isArray(event['links']) ? event['links'].length : 0)];
    case 'delete_node':
      return [words.deleted];
    case 'merge':
      return [words.merged(messages.detail.report(numbers?.get(text(event['into_node'], ''))))];
    case 'set_physics':
    case 'physics_step':
      return [words.physics];
    default:
      return [words.unknown(event.operation)];
  }
}

/** A statement of a kit about the thumbnail or preview that it made of a picture. */
export function isMadeOfPicture(event: LoggedEvent): boolean {
  return (
    event.operation === 'set_media' &&
    record(event['scope'])['authority'] === 'derived' &&
    /^(thumbnail|preview):[0-9a-f]{16}$/.test(text(event['slot'], ''))
  );
}

function created(event: LoggedEvent): string[] {
  const values = record(event['properties']);
  const kind = kindOf({
    layer: text(event['layer_id'], ''),
    node_type: text(event['node_type'], ''),
    props: values,
  });
  const title = values['title'] ?? values['name'];
  const kindName = messages.kinds[kind.id];
  const first =
    typeof title === 'string' && title
      ? messages.history.createdTitle(kindName, title)
      : messages.history.created(kindName);
  const rest = Object.entries(values).filter(([name]) => name !== 'title' && name !== 'name');
  return [first, ...properties(Object.fromEntries(rest))];
}

function transform(value: Record<string, unknown>): string[] {
  const lines: string[] = [];
  const { position } = value;
  if (Array.isArray(position)) lines.push(messages.history.moved(placeText(position)));
  if ('rotation' in value) lines.push(messages.history.turned);
  if ('scale' in value) lines.push(messages.history.scaled);
  return lines;
}

function properties(values: Record<string, unknown>): string[] {
  return Object.entries(values).map(([name, value]) =>
    value === null
      ? messages.history.cleared(propertyName(name))
      : messages.history.set(propertyName(name), propertyText(name, value)),
  );
}

function geometry(value: unknown): string {
  if (value === null) return messages.history.shapeCleared;
  const type = text(record(value)['type'], '');
  return messages.history.shape(messages.history.shapes[type] ?? type);
}

/** A property's value; severities have words of their own. */
export function propertyText(name: string, value: unknown): string {
  if (name === 'severity' && typeof value === 'number') {
    const word = messages.severity.levels[value - 1];
    if (word !== undefined) return messages.severity.of(value, word);
  }
  return valueText(value, typeof value === 'number' ? splitUnit(name).unit : undefined);
}

/** A property's name for people, without the unit that `depth_m` bears. */
export function propertyName(name: string): string {
  return nameText(splitUnit(name).name);
}

/** A register of the canvas as a person would name it: `property:severity` is "Severity". */
export function registerText(register: string): string {
  const [kind = '', name = ''] = split(register);
  switch (kind) {
    case 'property':
      return propertyName(name);
    case 'media':
      return messages.register.media(nameText(name));
    case 'link':
    case 'deleted':
    case 'merged':
    case 'unlinked':
      return messages.register[kind];
    case 'sensor':
      return nameText(name);
    case 'position':
    case 'rotation':
    case 'scale':
    case 'geometry':
      return messages.register[kind];
    default:
      return nameText(register);
  }
}

/** A register's value as text: places as coordinates, shapes by their kind. */
export function registerValueText(register: string, value: unknown, unit?: string): string {
  const [kind = '', name = ''] = split(register);
  if (value === null || value === undefined) return messages.detail.differNone;
  if (kind === 'position' && Array.isArray(value)) return placeText(value as number[]);
  if (kind === 'geometry') {
    const type = text(record(value)['type'], '');
    return messages.history.shapes[type] ?? messages.register.shape;
  }
  if (kind === 'media') {
    const file = mediaOf(value);
    return file ? `${typeText(file.type)} · ${sizeText(file.size)}` : messages.values.yes;
  }
  if (kind === 'link') return text(record(value)['link_type'], messages.values.yes);
  if (kind === 'merged') return messages.values.yes;
  if (kind === 'unlinked') return Array.isArray(value) ? String(value.length) : messages.values.yes;
  return kind === 'property' ? propertyText(name, value) : valueText(value, unit);
}

function split(register: string): [string, string] {
  const colon = register.indexOf(':');
  return colon < 0 ? [register, ''] : [register.slice(0, colon), register.slice(colon + 1)];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}
