/**
 * Notices that the network under a call carries nothing any more. Browsers say `disconnected` some six seconds after it
 * happened (Chromium 156, measured). Each side says one letter at every look, which the other browser acknowledges by itself,
 * whatever its page is busy with: who hears not even that for a second has lost the path.
 */

/** How often to look, and to say a letter. */
export const LOOK_EVERY_MS = 250;
/** Only who was heard in so many looks, never half a second apart, is missed when he falls silent. */
const STEADY_LOOKS = 8;
const SPARSE_MS = 500;
/**
 * So long, and in so many looks, nothing is heard of a path that is gone. The looks count too: a phone that itself stood still
 * for a second has not listened meanwhile.
 */
const GONE = { ms: 1_000, looks: 4 };
/** Where one look or another heard nothing, packets get lost: a longer silence is needed there. */
const GONE_WHERE_PACKETS_GET_LOST = { ms: 2_000, looks: 8 };
/** In so many of the silent looks something was sent: without it the silence may be our own. */
const SPOKEN_LOOKS = 2;

/** Bytes that have passed since the beginning, on all paths of a connection. */
export interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export class PathWatch {
  #last: Traffic | null = null;
  #heardAt = 0;
  /** Looks since the last pause of half a second that heard something; and of these, those without a silent one between. */
  #steady = 0;
  #inARow = 0;
  #limit = GONE;
  #silent = 0;
  #spoken = 0;

  /** What the counters say now; whether the path has just been lost. Afterwards it must have carried again to be lost. */
  isLost(traffic: Traffic, now: number): boolean {
    const last = this.#last;
    this.#last = traffic;
    if (last === null || traffic.received !== last.received) {
      this.#heard(now);
      return false;
    }
    if (this.#silent === 0) this.#limit = this.#inARow >= STEADY_LOOKS ? GONE : GONE_WHERE_PACKETS_GET_LOST;
    this.#inARow = 0;
    this.#silent += 1;
    if (traffic.sent !== last.sent) this.#spoken += 1;
    const isSteady = this.#steady >= STEADY_LOOKS;
    const silentMs = now - this.#heardAt;
    const isLongEnough = silentMs >= this.#limit.ms && this.#silent >= this.#limit.looks;
    const isLost = isSteady && isLongEnough && this.#spoken >= SPOKEN_LOOKS;
    // Who speaks only now and then is not waited for.
    if (isLost || (!isSteady && silentMs >= SPARSE_MS)) this.#steady = 0;
    return isLost;
  }

  /** Whether the last look heard something. */
  get isHeard(): boolean {
    return this.#inARow > 0;
  }

  /** There is nothing to watch now: begin anew. */
  rest(): void {
    this.#last = null;
    this.#steady = 0;
    this.#inARow = 0;
  }

  #heard(now: number): void {
    this.#steady += 1;
    this.#inARow += 1;
    this.#heardAt = now;
    this.#silent = 0;
    this.#spoken = 0;
  }
}

/** Add up what a connection's statistics say of its paths. */
export function trafficIn(report: RTCStatsReport): Traffic {
  let sent = 0;
  let received = 0;
  report.forEach((stat: Record<string, unknown>) => {
    if (stat["type"] !== "candidate-pair") return;
    sent += Number(stat["bytesSent"] ?? 0);
    received += Number(stat["bytesReceived"] ?? 0);
  });
  return { sent, received };
}
