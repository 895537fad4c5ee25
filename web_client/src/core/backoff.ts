/** How long to wait before trying again: doubling, capped, with chance so that a thousand phones do not return at once. */

/** Schedules work for later; handed in so that tests own the time. */
export interface Timers {
  now(): number;
  set(action: () => void, delay_ms: number): unknown;
  clear(handle: unknown): void;
}

export const realTimers: Timers = {
  now: () => Date.now(),
  set: (action, delay_ms) => setTimeout(action, delay_ms),
  clear: (handle) => clearTimeout(handle as number),
};

/** Counts failures and says how long to wait after each. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly first_ms: number,
    private readonly most_ms: number,
    private readonly chance: () => number = Math.random,
  ) {}

  /** Milliseconds until the next try: between half and all of `first * 2^failures`. */
  next(): number {
    const full = Math.min(this.most_ms, this.first_ms * 2 ** this.failures);
    this.failures += 1;
    return full * (0.5 + this.chance() / 2);
  }

  reset(): void {
    this.failures = 0;
  }
}
