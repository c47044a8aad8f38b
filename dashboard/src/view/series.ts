/** The course of a sensor's values out of a thing's history. */

import type { HistoryEntry } from '../kit/types';

export interface SeriesPoint {
  time: number;
  value: number;
}

/** Numeric readings of one sensor, oldest first; those without effect are left out. */
export function seriesOf(entries: readonly HistoryEntry[], sensor: string): SeriesPoint[] {
  return entries
    .filter(
      ({ event, witness }) =>
        !witness && event.operation === 'sensor_reading' && event['sensor'] === sensor,
    )
    .map(({ event }) => ({ time: event.timestamp, value: event['value'] }))
    .filter((point): point is SeriesPoint => typeof point.value === 'number')
    .sort((a, b) => a.time - b.time);
}

/** A field into which a series is drawn: time to the right, value up. */
export interface Field {
  width: number;
  height: number;
  start: number;
  end: number;
  low: number;
  high: number;
}

/** The field that holds a series and, so that one sees how far they are, the marks near it. */
export function fieldOf(
  series: readonly SeriesPoint[],
  marks: readonly number[],
  width: number,
  height: number,
): Field {
  const times = series.map(({ time }) => time);
  const values = series.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const near = marks.filter((mark) => mark <= high + (high - low) && mark >= low - (high - low));
  return {
    width,
    height,
    start: Math.min(...times),
    end: Math.max(...times),
    low: Math.min(low, ...near),
    high: Math.max(high, ...near),
  };
}

export function yOf({ low, high, height }: Field, value: number): number {
  return high === low ? height / 2 : height - ((value - low) / (high - low)) * height;
}

/** The series as an SVG path over its field. */
export function pathOf(series: readonly SeriesPoint[], field: Field): string {
  const { start, end, width } = field;
  return series
    .map(({ time, value }, i) => {
      const x = end === start ? 0 : ((time - start) / (end - start)) * width;
      return `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${yOf(field, value).toFixed(1)}`;
    })
    .join('');
}
