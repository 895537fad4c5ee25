/** The desk's own line: says that something changed somewhere, never what. */

import { Backoff } from "../../core/backoff";

const REFRESH_AFTER_MS = 150;
const REFRESH_ANYWAY_MS = 30_000;

/** Call back soon after anything changed, at once after a lost connection returned, and now and then in any case. */
export function followFeed(changed: () => void): () => void {
  const backoff = new Backoff(500, 15_000);
  let socket: WebSocket | null = null;
  let isOver = false;
  let soon: ReturnType<typeof setTimeout> | undefined;
  let beat: ReturnType<typeof setInterval> | undefined;
  const refresh = (): void => {
    clearTimeout(soon);
    soon = setTimeout(changed, REFRESH_AFTER_MS);
  };
  const connect = (): void => {
    if (isOver) return;
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/operator/feed`);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { type: string; heartbeat_s?: number };
      if (message.type === "welcome") {
        backoff.reset();
        clearInterval(beat);
        beat = setInterval(() => socket?.send('{"type":"ping"}'), (message.heartbeat_s ?? 5) * 1000);
      }
      if (message.type !== "pong") refresh();
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
