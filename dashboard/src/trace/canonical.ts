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

/**
 * The canonical text of a JSON value: members sorted by UTF-16 code units, no white space, numbers
 * as ECMAScript prints them (which is what RFC 8785 asks for).
 *
 * Throws CanonicalError for a lone surrogate, a number that is not finite or beyond ±(2^53 − 1), a
 * nesting deeper than maxDepth, and whatever is not JSON (undefined, functions, class instances).
 */
export function canonical(value: unknown, maxDepth = MAX_DEPTH): string {
  return write(value, maxDepth);
}

/** The canonical form as UTF-8. */
export function canonicalBytes(value: unknown, maxDepth = MAX_DEPTH): Uint8Array {
  return new TextEncoder().encode(canonical(value, maxDepth));
}

function write(value: unknown, depthLeft: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw new CanonicalError('type', `a ${typeof value} is no JSON value`);
  }
  if (value === null) return 'null';
  if (depthLeft === 0) throw new CanonicalError('depth', `nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) {
    return `[${value.map((item) => write(item, depthLeft - 1)).join(',')}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new CanonicalError('type', 'only plain objects are JSON values');
  }
  // The default sort of strings is by UTF-16 code units: exactly section 3.2.3 of the RFC.
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const parts = members.map(([name, item]) => `${writeString(name)}:${write(item, depthLeft - 1)}`);
  return `{${parts.join(',')}}`;
}

function writeNumber(value: number): string {
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
    throw new CanonicalError('number', `the number ${value} is beyond ±(2^53 − 1)`);
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
