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

/** The series as an SVG path over a field of width × height, time to the right and value up. */
export function pathOf(series: readonly SeriesPoint[], width: number, height: number): string {
  const times = series.map(({ time }) => time);
  const values = series.map(({ value }) => value);
  const [start, end] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return series
    .map(({ time, value }, i) => {
      const x = end === start ? 0 : ((time - start) / (end - start)) * width;
      const y = high === low ? height / 2 : height - ((value - low) / (high - low)) * height;
      return `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
