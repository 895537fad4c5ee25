/** The desk's own line: says that something changed somewhere, never what. */

import { Backoff } from "../../core/backoff";

const REFRESH_AFTER_MS = 150;
/** A seller who goes from step to step is no reason to read the list at every one. */
const REFRESH_STEP_MS = 1_500;
const REFRESH_ANYWAY_MS = 30_000;
/** Events that change no row of the list. */
const UNSEEN = new Set(["command.sent", "command.acknowledged"]);

/** Call back soon after anything changed, at once after a lost connection returned, and now and then in any case. */
export function followFeed(changed: () => void): () => void {
  const backoff = new Backoff(500, 15_000);
  let socket: WebSocket | null = null;
  let isOver = false;
  let soon: ReturnType<typeof setTimeout> | undefined;
  let beat: ReturnType<typeof setInterval> | undefined;
  let due = Infinity;
  const refreshIn = (wait_ms: number): void => {
    const at = performance.now() + wait_ms;
    if (at >= due) return;
    due = at;
    clearTimeout(soon);
    soon = setTimeout(() => {
      due = Infinity;
      changed();
    }, wait_ms);
  };
  const connect = (): void => {
    if (isOver) return;
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/operator/feed`);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { type: string; heartbeat_s?: number; kind?: string };
      if (message.type === "welcome") {
        backoff.reset();
        clearInterval(beat);
        beat = setInterval(() => socket?.send('{"type":"ping"}'), (message.heartbeat_s ?? 5) * 1000);
      }
      if (message.type === "pong" || UNSEEN.has(message.kind ?? "")) return;
      refreshIn(message.kind === "step.entered" ? REFRESH_STEP_MS : REFRESH_AFTER_MS);
    };
    socket.onclose = () => {
      clearInterval(beat);
      setTimeout(connect, backoff.next());
    };
  };
  connect();
  changed();
  const anyway = setInterval(changed, REFRESH_ANYWAY_MS);
  return () => {
    isOver = true;
    clearTimeout(soon);
    clearInterval(beat);
    clearInterval(anyway);
    socket?.close();
  };
}
