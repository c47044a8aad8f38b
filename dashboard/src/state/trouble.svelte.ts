/** How the kit is by its own word: whether it takes reports, and what whoever looks after it should know. */

import { getStatus } from '../kit/client';
import type { Condition } from '../kit/types';
import { clock } from './clock.svelte';

export class TroubleState {
  condition = $state<Condition>('ok');
  problems = $state.raw<readonly string[]>([]);
  /** The notes that the person has read; others are shown again. */
  read = $state.raw<readonly string[]>([]);
  /** The banner is one line, by the person's wish. */
  folded = $state(false);
  readonly notes = $derived(this.problems.filter((one) => !this.read.includes(one)));

  /** Called when the kit takes reports again. */
  onMended: (() => void) | null = null;
  #asking: Promise<void> | null = null;

  /** Asks the kit; several calls at once are one. A kit that does not answer changes nothing. */
  look(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  dismiss(): void {
    this.read = this.problems;
  }

  async #ask(): Promise<void> {
    let status;
    try {
      status = await getStatus();
    } catch {
      return; // the connection says what is to be said about that
    }
    const before = this.condition;
    // The kit's clock may have been set while the stream was open.
    clock.set(status.now);
    this.condition = status.state;
    this.problems = status.problems;
    if (this.condition === 'ok' && before !== 'ok') {
      this.folded = false;
      this.onMended?.();
    }
  }
}
