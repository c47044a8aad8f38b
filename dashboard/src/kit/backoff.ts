/**
 * How long to wait before the next attempt: doubling from half a second to fifteen, spread by
 * ±25 % so that a camp's phones do not all come back in one moment. `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const base = Math.min(15_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.75 + random / 2));
}
