/** Which report is which, where several were folded into one, and in what they differ. */

import type { Claim, HistoryEntry, OtherValue, ThingProperties } from '../kit/types';

/** People never find the same words: of another report these are no dispute. In the order in which they are read. */
const PROSE = ['property:title', 'property:name', 'property:text', 'property:description'];

function isRetold(register: string, value: OtherValue): boolean {
  return value.node !== undefined && PROSE.includes(register);
}

/** The registers of which different values stand side by side. */
export function differing({ others }: ThingProperties): [register: string, others: OtherValue[]][] {
  return Object.entries(others ?? {})
    .map(([register, values]): [string, OtherValue[]] => [register, values.filter((value) => !isRetold(register, value))])
    .filter(([, values]) => values.length > 0);
}

/** What others say of the thing. */
export function claimed({ claims }: ThingProperties): Claim[] {
  return (claims ?? []).filter((claim) => !isRetold(claim.register, claim));
}

/** How the other reports put it. */
export function retold({ others, claims }: ThingProperties): Claim[] {
  const all = Object.entries(others ?? {}).flatMap(([register, values]) => values.map((value) => ({ register, ...value })));
  return [...all, ...(claims ?? [])]
    .filter((claim) => isRetold(claim.register, claim))
    .sort((a, b) => PROSE.indexOf(a.register) - PROSE.indexOf(b.register));
}

/** The numbers of the nodes of a history, from 1 in the order in which they were reported; none where there is but one. */
export function reportNumbers(folded: boolean, entries: readonly HistoryEntry[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  if (!folded) return numbers;
  const creates = entries.filter(({ event }) => event.operation === 'create_node');
  for (const { node } of [...creates, ...entries]) {
    if (node !== undefined && !numbers.has(node)) numbers.set(node, numbers.size + 1);
  }
  return numbers;
}
