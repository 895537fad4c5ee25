/** Tells the operators how the phone is: the whole state, whenever something of it changed, never more than four times a second. */

import { realTimers, type Timers } from "./backoff";
import type { PhoneState } from "./messages";

const BETWEEN_MS = 250;

export class PhoneReporter {
  #told = "";
  #latest: PhoneState | null = null;
  #at = Number.NEGATIVE_INFINITY;
  #timer: unknown = null;

  constructor(
    /** Whether it went out: a line that is down takes nothing. */
    private readonly say: (phone: PhoneState) => boolean,
    private readonly timers: Timers = realTimers,
  ) {}

  /** This is how the phone is now. */
  report(phone: PhoneState): void {
    this.#latest = phone;
    this.#tell();
  }

  /** The line is new: whoever is there knows nothing. */
  again(): void {
    this.#told = "";
    this.#tell();
  }

  stop(): void {
    this.timers.clear(this.#timer);
    this.#timer = null;
    this.#latest = null;
    this.#told = "";
  }

  #tell(): void {
    const phone = this.#latest;
    if (phone === null || this.#timer !== null) return;
    const text = JSON.stringify(phone);
    if (text === this.#told) return;
    const wait_ms = this.#at + BETWEEN_MS - this.timers.now();
    if (wait_ms > 0) {
      this.#timer = this.timers.set(() => {
        this.#timer = null;
        this.#tell();
      }, wait_ms);
      return;
    }
    this.#at = this.timers.now();
    if (this.say(phone)) this.#told = text;
  }
}
