/** Reports on their way to a kit. A report leaves the queue only when a kit says that it has it. */

import type { Verdict } from '../kit/types';
import type { Database, WaitingReport } from './database';

export async function enqueue(database: Database, report: WaitingReport): Promise<void> {
  await database.put('outbox', report);
}

/** All of them, oldest first. */
export function waiting(database: Database): Promise<WaitingReport[]> {
  return database.getAllFromIndex('outbox', 'queued');
}

/** Applies a kit's verdicts to the reports they are about: gone when taken, kept when refused. */
export async function settle(
  database: Database,
  reports: readonly WaitingReport[],
  verdicts: readonly Verdict[],
): Promise<void> {
  const transaction = database.transaction('outbox', 'readwrite');
  for (const verdict of verdicts) {
    const report = reports[verdict.index];
    if (!report) continue;
    if (verdict.status === 'refused') {
      await transaction.store.put({ ...report, refused: refusal(verdict) });
    } else {
      await transaction.store.delete(report.id);
    }
  }
  await transaction.done;
}

export async function discard(database: Database, id: string): Promise<void> {
  await database.delete('outbox', id);
}

/** A refusal as the kit puts it, with the rule and the field it names. */
export function refusal(verdict: Verdict): string {
  const about = [verdict.rule, verdict.field].filter(Boolean).join(', ');
  const message = verdict.message ?? '';
  if (message && about) return `${message} (${about})`;
  return message || about || 'refused';
}
