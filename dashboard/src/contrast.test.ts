import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { DARK, LIGHT, type Palette } from './map/basemap/palette';

const css = readFileSync(fileURLToPath(new URL('./page.css', import.meta.url)), 'utf8');

/** The colours that page.css sets for a theme; the dark one overrides the light. */
function colours(theme: 'light' | 'dark'): Record<string, string> {
  const blocks = [/:root \{([^}]*)\}/, /:root\[data-theme='dark'\] \{([^}]*)\}/].map((block) => block.exec(css)?.[1] ?? '');
  const text = theme === 'light' ? blocks[0] : blocks.join('');
  const found = [...(text ?? '').matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)];
  return Object.fromEntries(found.map(([, name, value]) => [name, value]));
}

/** WCAG 2: (lighter + 0.05) / (darker + 0.05). */
function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Text and what it stands on. */
const PAIRS: [text: string, ground: string][] = [
  ['ink', 'surface'], ['ink', 'surface-2'], ['ink', 'surface-3'], ['ink-2', 'surface'], ['ink-2', 'surface-2'],
  ['ink-2', 'warn-soft'], ['ink-2', 'accent-soft'], ['ink', 'warn-soft'], ['ink', 'accent-soft'],
  ['accent', 'surface'], ['accent', 'surface-2'], ['accent', 'accent-soft'], ['accent-ink', 'accent'],
  ['good', 'surface'], ['warn', 'warn-soft'], ['warn', 'surface'], ['warn', 'surface-2'],
  ['bad', 'surface'], ['bad', 'surface-2'], ['bad', 'bad-soft'], ['surface', 'ink'], ['exercise-ink', 'exercise'],
];

for (const theme of ['light', 'dark'] as const) {
  describe(`contrast in ${theme}`, () => {
    const of = colours(theme);
    for (const [text, ground] of PAIRS) {
      it(`${text} on ${ground}`, () => {
        expect(contrast(of[text] ?? '', of[ground] ?? '')).toBeGreaterThanOrEqual(4.5);
      });
    }
  });
}

const LABELS: (keyof Palette)[] = ['label', 'labelQuiet', 'labelWater', 'labelPark'];

for (const [name, palette] of [['light', LIGHT], ['dark', DARK]] as const) {
  it(`labels of the map stand out from their halo in ${name}`, () => {
    for (const label of LABELS) expect(contrast(palette[label], palette.halo), label).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette.thingLabel, palette.thingHalo)).toBeGreaterThanOrEqual(7);
  });
}
