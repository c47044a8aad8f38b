/** Canonical form: RFC 8785 (JCS). kit/SPEC.md, section 1. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** Deepest nesting an event may have. */
export const MAX_DEPTH = 16;

/** Why a value has no canonical form; `rule` is a class of SPEC.md, section 1. */
export class CanonicalError extends Error {
  constructor(
    readonly rule: 'utf8' | 'depth' | 'number' | 'type',
    message: string,
  ) {
    super(message);
    this.name = 'CanonicalError';
  }
}

export interface Limits {
  depth: number;
  /** The greatest absolute value of a number. */
  number: number;
}

/** What an event must keep to. */
export const EVENT_LIMITS: Limits = { depth: MAX_DEPTH, number: Number.MAX_SAFE_INTEGER };

/**
 * The canonical text of a JSON value: members sorted by UTF-16 code units, no white space, numbers
 * as ECMAScript prints them (which is what RFC 8785 asks for).
 *
 * Throws CanonicalError for a lone surrogate, a number that is not finite, what is beyond the limits,
 * and whatever is not JSON (undefined, functions, class instances).
 */
export function canonical(value: unknown, limits: Limits = EVENT_LIMITS): string {
  return write(value, limits, limits.depth);
}

/** The canonical form of an event, or a part of one, as UTF-8. */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonical(value));
}

function write(value: unknown, limits: Limits, depthLeft: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      return writeNumber(value, limits.number);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw new CanonicalError('type', `a ${typeof value} is no JSON value`);
  }
  if (value === null) return 'null';
  if (depthLeft === 0) throw new CanonicalError('depth', `nested deeper than ${limits.depth}`);
  if (Array.isArray(value)) {
    return `[${value.map((item) => write(item, limits, depthLeft - 1)).join(',')}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new CanonicalError('type', 'only plain objects are JSON values');
  }
  // The default sort of strings is by UTF-16 code units: exactly section 3.2.3 of the RFC.
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const parts = members.map(([name, item]) => `${writeString(name)}:${write(item, limits, depthLeft - 1)}`);
  return `{${parts.join(',')}}`;
}

function writeNumber(value: number, greatest: number): string {
  if (!(Math.abs(value) <= greatest)) {
    throw new CanonicalError('number', `the number ${value} is beyond ±${greatest}`);
  }
  return Object.is(value, -0) ? '0' : String(value);
}

// With the `u` flag a surrogate pair is one code point, so this matches lone surrogates alone.
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;

function writeString(value: string): string {
  if (LONE_SURROGATE.test(value)) {
    throw new CanonicalError('utf8', 'a lone surrogate has no UTF-8 form');
  }
  return JSON.stringify(value);
}
