/** Which report is which, where several were folded into one. */

import type { HistoryEntry } from '../kit/types';

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
