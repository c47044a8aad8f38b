/** Draws the map's images on a canvas from the path data of the signs. */

import type { Map as MapLibre, StyleImageMetadata } from 'maplibre-gl';

import { kind, outlineOf, symbolOf } from '../kinds/kinds';
import type { Level } from '../kinds/levels';
import { outlines, symbols } from '../kinds/signs';
import { parseSignName, type Sign } from './signnames';

/** Device pixels per unit: sharp on the densest phones. */
const RATIO = 3;
/** Field of a sign, with room for its edge, shadow and severity bars. */
const FIELD = 44;
const EDGE = '#ffffff';

/** Adds the image a style asks for, if it is one of ours. */
export function addImage(map: MapLibre, name: string): void {
  if (map.hasImage(name)) return;
  const sign = parseSignName(name);
  if (sign) {
    map.addImage(name, drawSign(sign), { pixelRatio: RATIO });
    return;
  }
  const plain = PLAIN[name];
  if (plain) {
    const [image, options] = plain();
    map.addImage(name, image, { pixelRatio: RATIO, ...options });
  }
}

type Plain = () => [ImageData, Partial<StyleImageMetadata>];

const PLAIN: Record<string, Plain> = {
  group: () => [drawGroup(false), {}],
  'group-hazard': () => [drawGroup(true), {}],
  plate: () => drawPlate('normal'),
  'plate-warning': () => drawPlate('warning'),
  'plate-alarm': () => drawPlate('alarm'),
  hatch: () => [drawHatch('#c2410c'), {}],
  'hatch-closed': () => [drawHatch('#b3151f'), {}],
  'hatch-water': () => [drawHatch('#1a62b3'), {}],
  'hatch-calm': () => [drawHatch('#46556a'), {}],
};

function drawSign({ kind: id, severity, marks }: Sign): ImageData {
  const c = canvas(FIELD, FIELD);
  const { colour } = kind(id);
  c.translate((FIELD - 32) / 2, (FIELD - 32) / 2 - 1);
  const outline = new Path2D(outlineOf(id));
  c.lineJoin = 'round';
  c.globalAlpha = marks.waiting ? 0.72 : marks.done ? 0.55 : 1;
  c.save();
  c.shadowColor = 'rgba(8, 15, 28, 0.45)';
  c.shadowBlur = 3 * RATIO;
  c.shadowOffsetY = 1 * RATIO;
  c.lineWidth = 4.4;
  c.strokeStyle = EDGE;
  c.stroke(outline);
  c.restore();
  c.fillStyle = EDGE;
  c.fill(outline);
  c.fillStyle = colour;
  c.fill(outline);
  if (marks.derived || marks.waiting) {
    c.setLineDash([4, 3]);
    c.lineWidth = 2;
    c.strokeStyle = colour;
    c.stroke(outline);
    c.setLineDash([]);
  }
  c.globalAlpha = 1;
  c.fillStyle = '#ffffff';
  c.fill(new Path2D(symbolOf(id)), 'evenodd');
  if (severity > 0 && !marks.done) drawSeverity(c, severity);
  const mark = marks.waiting ? '…' : marks.disputed ? '≠' : marks.uncertain ? '?' : '';
  if (mark) drawMark(c, mark);
  else if (marks.done) drawDone(c);
  return pixels(c);
}

/** One to four bars under the sign, rising to the right like a signal's strength. */
function drawSeverity(c: CanvasRenderingContext2D, severity: number): void {
  const width = 4;
  const gap = 1.6;
  const left = 16 - (4 * width + 3 * gap) / 2;
  c.fillStyle = '#ffffff';
  roundRect(c, left - 2.2, 27.6, 4 * width + 3 * gap + 4.4, 7.4, 3);
  c.fill();
  for (let i = 0; i < 4; i++) {
    c.fillStyle = i < severity ? '#0f1b2d' : '#c9d2dd';
    roundRect(c, left + i * (width + gap), 29.6, width, 3.4, 1);
    c.fill();
  }
}

function drawMark(c: CanvasRenderingContext2D, mark: string): void {
  c.beginPath();
  c.arc(27.5, 5.5, 6.6, 0, 2 * Math.PI);
  c.fillStyle = '#0f1b2d';
  c.fill();
  c.lineWidth = 1.4;
  c.strokeStyle = '#ffffff';
  c.stroke();
  c.fillStyle = '#ffffff';
  c.font = '700 9.5px sans-serif';
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  c.fillText(mark, 27.5, mark === '…' ? 3.6 : 6);
}

function drawDone(c: CanvasRenderingContext2D): void {
  c.translate(19, -3);
  c.scale(0.54, 0.54);
  const outline = new Path2D(outlines.circle);
  c.lineWidth = 4;
  c.strokeStyle = '#ffffff';
  c.stroke(outline);
  c.fillStyle = kind('road').colour;
  c.fill(outline);
  c.fillStyle = '#ffffff';
  c.fill(new Path2D(symbols.check));
}

/** Several things close together: two cards, one behind the other. The count is written by the layer. */
function drawGroup(hazard: boolean): ImageData {
  const c = canvas(FIELD, FIELD);
  c.shadowColor = 'rgba(8, 15, 28, 0.4)';
  c.shadowBlur = 3 * RATIO;
  c.shadowOffsetY = RATIO;
  c.fillStyle = '#ffffff';
  roundRect(c, 10, 4.5, 29, 29, 9);
  c.fill();
  c.shadowColor = 'transparent';
  c.fillStyle = '#7d8ba0';
  roundRect(c, 12, 6.5, 25, 25, 7);
  c.fill();
  c.fillStyle = '#ffffff';
  roundRect(c, 4.5, 9, 31, 31, 9.5);
  c.fill();
  c.fillStyle = '#17263d';
  roundRect(c, 6.5, 11, 27, 27, 7.5);
  c.fill();
  if (hazard) {
    c.translate(24, 0);
    c.scale(0.56, 0.56);
    const outline = new Path2D(outlines.triangle);
    c.lineJoin = 'round';
    c.lineWidth = 5;
    c.strokeStyle = '#ffffff';
    c.stroke(outline);
    c.fillStyle = kind('hazard').colour;
    c.fill(outline);
    c.fillStyle = '#ffffff';
    c.fill(new Path2D(symbols.exclamation));
  }
  return pixels(c);
}

const PLATE_COLOURS: Record<Level, string> = { normal: kind('gauge').colour, warning: '#8f5500', alarm: '#b3151f' };

/**
 * The plate of a gauge, stretched to fit its value: a drop at the left, or a triangle where the value is
 * beyond a mark.
 */
function drawPlate(level: Level): [ImageData, Partial<StyleImageMetadata>] {
  const [width, height] = [52, 30];
  const c = canvas(width, height);
  const colour = PLATE_COLOURS[level];
  c.shadowColor = 'rgba(8, 15, 28, 0.45)';
  c.shadowBlur = 3 * RATIO;
  c.shadowOffsetY = RATIO;
  c.fillStyle = '#ffffff';
  roundRect(c, 3, 2.5, 46, 24, 8);
  c.fill();
  c.shadowColor = 'transparent';
  c.fillStyle = colour;
  roundRect(c, 4.6, 4.1, 42.8, 20.8, 6.6);
  c.fill();
  c.translate(level === 'normal' ? 7 : 8, level === 'normal' ? 5 : 6.2);
  c.scale(level === 'normal' ? 0.6 : 0.53, level === 'normal' ? 0.6 : 0.53);
  c.fillStyle = '#ffffff';
  c.fill(new Path2D(level === 'normal' ? outlines.drop : outlines.triangle));
  c.fillStyle = colour;
  c.fill(new Path2D(level === 'normal' ? symbols.waves : symbols.exclamation), 'evenodd');
  const metadata: Partial<StyleImageMetadata> = {
    stretchX: [[32 * RATIO, 42 * RATIO]],
    stretchY: [[13 * RATIO, 16 * RATIO]],
    content: [27 * RATIO, 6 * RATIO, 44 * RATIO, 23.5 * RATIO],
  };
  return [pixels(c), metadata];
}

/** A diagonal hatch: an area that is in the way reads as one without its colour, too. */
function drawHatch(colour: string): ImageData {
  const size = 10;
  const c = canvas(size, size);
  c.strokeStyle = colour;
  c.globalAlpha = 0.5;
  c.lineWidth = 1.6;
  for (const offset of [-size, 0, size]) {
    c.beginPath();
    c.moveTo(offset - 1, size + 1);
    c.lineTo(offset + size + 1, -1);
    c.stroke();
  }
  return pixels(c);
}

function canvas(width: number, height: number): CanvasRenderingContext2D {
  const element = document.createElement('canvas');
  element.width = width * RATIO;
  element.height = height * RATIO;
  const context = element.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no 2d canvas');
  context.scale(RATIO, RATIO);
  return context;
}

function pixels(context: CanvasRenderingContext2D): ImageData {
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

function roundRect(
  c: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  // Not roundRect(): Safari 15 has none.
  c.beginPath();
  c.moveTo(x + radius, y);
  c.arcTo(x + width, y, x + width, y + height, radius);
  c.arcTo(x + width, y + height, x, y + height, radius);
  c.arcTo(x, y + height, x, y, radius);
  c.arcTo(x, y, x + width, y, radius);
  c.closePath();
}
