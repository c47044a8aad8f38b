/** Times in words. All take seconds since 1970 UTC and show them in the phone's zone. */

import { LOCALE, messages } from '../messages';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

const clock = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' });
const dayClock = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const full = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });

/** How long ago, as "5 min ago". A few seconds ahead is the clocks' difference, not the future. */
export function ago(time: number, now: number): string {
  const seconds = now - time;
  const { ago: words } = messages;
  if (seconds < -2 * MINUTE) return words.ahead;
  if (seconds < MINUTE) return words.now;
  if (seconds < HOUR) return words.minutes(Math.floor(seconds / MINUTE));
  if (seconds < 2 * DAY) return words.hours(Math.floor(seconds / HOUR));
  if (seconds < 60 * DAY) return words.days(Math.floor(seconds / DAY));
  if (seconds < 730 * DAY) return words.months(Math.floor(seconds / (30 * DAY)));
  return words.years(Math.floor(seconds / (365 * DAY)));
}

/** What says more: "5 min ago" within two days, "13 Jun, 14:05" beyond. */
export function when(time: number, now: number): string {
  return Math.abs(now - time) < 2 * DAY ? ago(time, now) : moment(time, now);
}

/** "14:05" today, "13 Jun, 14:05" this year, with the year otherwise. */
export function moment(time: number, now: number): string {
  const date = new Date(time * 1000);
  const today = new Date(now * 1000);
  if (!isShowable(date)) return String(time);
  if (date.toDateString() === today.toDateString()) return clock.format(date);
  return (date.getFullYear() === today.getFullYear() ? dayClock : full).format(date);
}

/** "13 Jun 2026, 14:05", whatever today is. */
export function absolute(time: number): string {
  const date = new Date(time * 1000);
  return isShowable(date) ? full.format(date) : String(time);
}

/** "13 Jun". */
export function dayOf(time: number): string {
  const date = new Date(time * 1000);
  return isShowable(date) ? day.format(date) : String(time);
}

/** Intl throws on dates outside ±8.64e15 ms, and an event may bear any second up to the year 9999. */
function isShowable(date: Date): boolean {
  return !Number.isNaN(date.getTime());
}
