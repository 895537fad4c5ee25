/**
 * Notices that the network under a call carries nothing any more. Browsers say `disconnected` some six seconds after it
 * happened (Chromium 156, measured); who sends a camera hears from the other side many times a second, and so knows in one.
 */

/** How often to look. */
export const LOOK_EVERY_MS = 250;
/** Nothing heard for so long, while we go on sending: the path is gone. A busy phone's hiccups are shorter. */
const SILENT_MS = 1_000;
/** Only who was heard in so many looks, never half a second apart, is missed when it falls silent. */
const STEADY_LOOKS = 8;
const SPARSE_MS = 500;
/** Several pictures' worth: without it the silence may be our own. */
const SPOKEN_BYTES = 3_000;

/** Bytes that have passed since the beginning, on all paths of a connection. */
export interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export class PathWatch {
  #last: Traffic | null = null;
  #heardAt = 0;
  #sentWhenHeard = 0;
  #steady = 0;

  /** What the counters say now; whether the path has just been lost. Afterwards it must have carried again to be lost. */
  isLost(traffic: Traffic, now: number): boolean {
    const last = this.#last;
    this.#last = traffic;
    if (last === null || traffic.received !== last.received) {
      this.#steady += 1;
      this.#heardAt = now;
      this.#sentWhenHeard = traffic.sent;
      return false;
    }
    const isSteady = this.#steady >= STEADY_LOOKS;
    const silentMs = now - this.#heardAt;
    const isLost = isSteady && silentMs >= SILENT_MS && traffic.sent - this.#sentWhenHeard >= SPOKEN_BYTES;
    // Who speaks only now and then is not waited for.
    if (isLost || (!isSteady && silentMs >= SPARSE_MS)) this.#steady = 0;
    return isLost;
  }

  /** Nothing is sent on purpose: begin anew. */
  rest(): void {
    this.#last = null;
    this.#steady = 0;
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
