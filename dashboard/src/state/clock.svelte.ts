/** The kit's clock, as this page knows it. Phones are often wrong; reports bear the kit's time. */

class KitClock {
  #offset = 0;
  /** The kit's time in seconds, renewed often enough for "5 min ago". */
  tick = $state(seconds(0));

  constructor() {
    setInterval(() => {
      this.tick = this.now();
    }, 10_000);
  }

  /** Takes the kit's time, heard just now. */
  set(kitNow: number): void {
    if (!Number.isFinite(kitNow)) return;
    this.#offset = kitNow - Date.now() / 1000;
    this.tick = this.now();
  }

  now(): number {
    return seconds(this.#offset);
  }
}

function seconds(offset: number): number {
  return Math.floor(Date.now() / 1000 + offset);
}

export const clock = new KitClock();
