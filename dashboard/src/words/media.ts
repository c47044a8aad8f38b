/** Files in words. */

import type { Media } from '../kit/types';
import { messages } from '../messages';
import { numberText } from './value';

/** "220 KiB", "1.4 MiB". */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${numberText(bytes)} B`;
  if (bytes < 1024 * 1024) return `${numberText(Math.round(bytes / 1024))} KiB`;
  return `${numberText(Math.round((bytes / 1024 / 1024) * 10) / 10)} MiB`;
}

/** "JPEG picture", "PDF", "video". */
export function typeText(type: string): string {
  const [kind = '', name = ''] = type.split('/');
  const words = messages.media.types[kind];
  return words === undefined ? name.toUpperCase() : words(name.toUpperCase());
}

export function isPicture(type: string): boolean {
  return type === 'image/jpeg' || type === 'image/png' || type === 'image/webp';
}

/** A register's value as a file, or null. */
export function mediaOf(value: unknown): Media | null {
  if (typeof value !== 'object' || value === null || !('hash' in value) || !('type' in value) || !('size' in value)) return null;
  const media = value as Media;
  return typeof media.hash === 'string' && typeof media.type === 'string' && typeof media.size === 'number' ? media : null;
}

/** How much is there of a whole, in percent; never 100 before all is. */
export function percent(part: number, whole: number): number {
  return whole > 0 ? Math.min(99, Math.floor((part / whole) * 100)) : 0;
}
