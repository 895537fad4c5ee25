/**
 * One inspection's line to the service: beats, comes back after every break, and never shows an event twice.
 *
 * The server keeps an append-only log; a page resumes by the last number it saw (`?after=`). Commands' answers that could
 * not be sent while the line was down are sent when it is back; all other messages are only worth something now.
 */

import { Backoff, realTimers, type Timers } from "./backoff";
import type { Incoming, Outgoing } from "./messages";

/** The part of `WebSocket` that is needed, so that tests hand in their own. */
export type SocketLike = Pick<WebSocket, "onopen" | "onmessage" | "onclose" | "send" | "close" | "bufferedAmount">;

/** Why the line will not come back by itself. */
export type Ending = "signed_out" | "not_yours" | "gone" | "replaced";
export type LineState = "connecting" | "open" | "waiting" | Ending | "closed";

const ENDINGS: Readonly<Record<number, Ending>> = {
  4401: "signed_out",
  4403: "not_yours",
  4404: "gone",
  4409: "replaced",
};
const DEFAULT_HEARTBEAT_S = 5;
/** Nothing heard for so many beats: the line is dead although the browser has not noticed. */
const MISSED_BEATS = 2.5;
const MOST_HELD_BACK = 20;
/** So long an answer may take when the network has just changed: a socket of the old one would stay silent for minutes. */
const PROBE_MS = 3_000;
/** Messages must not wait behind pictures on a slow line. */
const MOST_BYTES_UNDER_WAY = 32_000;

export interface SessionSocketOptions {
  /** Where to connect, given the last event number that was seen. */
  readonly url: (after: number) => string;
  readonly open: (url: string) => SocketLike;
  readonly onMessage: (message: Incoming) => void;
  readonly onState: (state: LineState) => void;
  /** The last event already known, from the first view of the case. */
  readonly after: number;
  readonly timers?: Timers;
  readonly chance?: () => number;
}

/** Address of an inspection's line on the host that served the page. */
export function sessionUrl(
  page: { protocol: string; host: string },
  inspectionId: string,
  role: "seller" | "operator",
): (after: number) => string {
  const scheme = page.protocol === "https:" ? "wss:" : "ws:";
  return (after) =>
    `${scheme}//${page.host}/v1/sessions/${encodeURIComponent(inspectionId)}/signalling?role=${role}&after=${after}`;
}

/** Keeps one line open until `close()` or until the service says that it is over. */
export class SessionSocket {
  private readonly timers: Timers;
  private readonly backoff: Backoff;
  private socket: SocketLike | null = null;
  private state: LineState = "closed";
  private after: number;
  private heartbeat_ms = DEFAULT_HEARTBEAT_S * 1000;
  private heard_at = 0;
  /** How many messages came in. */
  private heard = 0;
  private beat: unknown = null;
  private retry: unknown = null;
  private probe: unknown = null;
  private heldBack: Outgoing[] = [];

  constructor(private readonly options: SessionSocketOptions) {
    this.timers = options.timers ?? realTimers;
    this.backoff = new Backoff(500, 15_000, options.chance);
    this.after = options.after;
  }

  /** The number of the last event seen. */
  get lastSeq(): number {
    return this.after;
  }

  /** Connect, unless already connected. */
  start(): void {
    if (this.state === "connecting" || this.state === "open") return;
    this.timers.clear(this.retry);
    this.enter("connecting");
    const socket = this.options.open(this.options.url(this.after));
    this.socket = socket;
    this.heard_at = this.timers.now();
    socket.onopen = () => {
      if (this.socket === socket) this.opened();
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.received(String(event.data));
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
    this.scheduleBeat();
  }

  /** The network changed, or the page is shown again: connect, or find out soon whether the line still carries. */
  wake(): void {
    this.start();
    if (!this.send({ type: "ping" })) return;
    this.timers.clear(this.probe);
    const unheard = this.heard;
    this.probe = this.timers.set(() => {
      if (this.heard === unheard) this.giveUp();
    }, PROBE_MS);
  }

  /** Say something; answers to commands wait for the line, everything else is dropped while it is down. */
  send(message: Outgoing): boolean {
    if (this.state === "open" && this.socket) {
      this.socket.send(JSON.stringify(message));
      return true;
    }
    if (message.type === "ack") this.heldBack = [...this.heldBack, message].slice(-MOST_HELD_BACK);
    return false;
  }

  /** Send bytes that are only worth something now; not while earlier ones are still on their way out. */
  sendBytes(bytes: ArrayBuffer): boolean {
    if (this.state !== "open" || this.socket === null || this.socket.bufferedAmount > MOST_BYTES_UNDER_WAY) return false;
    this.socket.send(bytes);
    return true;
  }

  /** End the line for good; twice is fine. */
  close(): void {
    this.drop();
    this.timers.clear(this.retry);
    if (this.state !== "closed") this.enter("closed");
  }

  private opened(): void {
    this.enter("open");
    const waiting = this.heldBack;
    this.heldBack = [];
    for (const message of waiting) this.send(message);
  }

  private received(text: string): void {
    this.heard_at = this.timers.now();
    this.heard += 1;
    this.backoff.reset();
    let message: Incoming;
    try {
      message = JSON.parse(text) as Incoming;
    } catch {
      return; // Not ours to understand; the next message may be.
    }
    if (message.type === "welcome" && message.heartbeat_s > 0) {
      this.heartbeat_ms = message.heartbeat_s * 1000;
      this.scheduleBeat();
    }
    if (message.type === "event") {
      if (message.event.seq <= this.after) return;
      this.after = message.event.seq;
    }
    this.options.onMessage(message);
  }

  private lost(code: number): void {
    this.drop();
    const ending = ENDINGS[code];
    if (ending !== undefined) {
      this.enter(ending);
      return;
    }
    this.enter("waiting");
    this.retry = this.timers.set(() => this.start(), this.backoff.next());
  }

  private scheduleBeat(): void {
    this.timers.clear(this.beat);
    this.beat = this.timers.set(() => this.tick(), this.heartbeat_ms);
  }

  private tick(): void {
    if (this.timers.now() - this.heard_at > this.heartbeat_ms * MISSED_BEATS) {
      this.giveUp();
      return;
    }
    this.send({ type: "ping" });
    this.scheduleBeat();
  }

  private giveUp(): void {
    this.socket?.close();
    this.lost(1006);
  }

  private drop(): void {
    this.timers.clear(this.beat);
    this.timers.clear(this.probe);
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private enter(state: LineState): void {
    this.state = state;
    this.options.onState(state);
  }
}
