/** The marks of a gauge: from which value on it warns, from which it alarms. */

import type { Thing } from '../kit/types';

export interface Marks {
  warning: number | null;
  alarm: number | null;
}

export type Level = 'normal' | 'warning' | 'alarm';

/**
 * The properties `warning` and `alarm`, with or without a unit after them (`warning_m`), in the unit of
 * the gauge's reading.
 */
export function marksOf(props: Record<string, unknown> | undefined): Marks {
  const find = (name: string): number | null => {
    for (const [key, value] of Object.entries(props ?? {})) {
      const fits = key === name || key.startsWith(`${name}_`);
      if (fits && typeof value === 'number' && Number.isFinite(value)) return value;
    }
    return null;
  };
  return { warning: find('warning'), alarm: find('alarm') };
}

/** Whether a property is such a mark, drawn with the readings rather than listed. */
export function isMark(name: string): boolean {
  return /^(warning|alarm)(_|$)/.test(name);
}

export function levelOf(value: number, { warning, alarm }: Marks): Level {
  if (alarm !== null && value >= alarm) return 'alarm';
  return warning !== null && value >= warning ? 'warning' : 'normal';
}

export interface MainReading {
  sensor: string;
  value: number;
  unit: string;
  level: Level;
}

/** The reading that stands for a thing: its level if it has one, else its first number. */
export function mainReading({ properties }: Thing): MainReading | null {
  const sensors = Object.entries(properties.sensors ?? {});
  const level = sensors.find(([name]) => /level|stage|pegel/i.test(name));
  const [sensor, reading] = level ?? sensors.find(([, { value }]) => typeof value === 'number') ?? [];
  if (sensor === undefined || typeof reading?.value !== 'number') return null;
  const { value, unit = '' } = reading;
  return { sensor, value, unit, level: levelOf(value, marksOf(properties.props)) };
}
