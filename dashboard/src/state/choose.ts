import type { KitSpace } from '../kit/types';

/** The wanted space if it is there, else the latest exercise, else the one with the latest moment. */
export function chooseSpace(spaces: readonly KitSpace[], wanted: string | null): KitSpace | null {
  const found = spaces.find(({ id }) => id === wanted);
  if (found) return found;
  const byNews = [...spaces].sort((a, b) => latest(b) - latest(a));
  return byNews.find(({ exercise }) => exercise) ?? byNews[0] ?? null;
}

function latest(space: KitSpace): number {
  return space.moments?.at(-1) ?? 0;
}
