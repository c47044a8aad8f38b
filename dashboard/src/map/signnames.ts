/** Names of sign images: what is to be seen is in the name, so that any sign can be drawn on demand. */

import type { KindId } from '../kinds/kinds';

export interface SignMarks {
  /** Its time is uncertain: a question mark. */
  uncertain: boolean;
  /** Computed, not seen: a dashed edge. */
  derived: boolean;
  /** People disagree about it: two bars. */
  disputed: boolean;
  /** Over and done with: pale, with a check. */
  done: boolean;
  /** Not yet at the kit: pale, with a dashed edge and three dots. */
  waiting: boolean;
}

export interface Sign {
  kind: KindId;
  /** 1 to 4, 0 without. */
  severity: number;
  marks: SignMarks;
}

const PREFIX = 'sign';

export function signName(kind: KindId, severity: number, marks: SignMarks): string {
  const letters =
    (marks.uncertain ? 'u' : '') +
    (marks.derived ? 'd' : '') +
    (marks.disputed ? 'o' : '') +
    (marks.done ? 'g' : '') +
    (marks.waiting ? 'w' : '');
  return `${PREFIX}/${kind}/${severity}/${letters}`;
}

/** The sign a name stands for, or null for other images. */
export function parseSignName(name: string): Sign | null {
  const [prefix, kind, severity, letters = ''] = name.split('/');
  if (prefix !== PREFIX || kind === undefined) return null;
  return {
    kind: kind as KindId,
    severity: Number(severity),
    marks: {
      uncertain: letters.includes('u'),
      derived: letters.includes('d'),
      disputed: letters.includes('o'),
      done: letters.includes('g'),
      waiting: letters.includes('w'),
    },
  };
}
