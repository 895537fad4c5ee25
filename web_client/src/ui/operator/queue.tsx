import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Backoff } from "../../core/backoff";
import { ago, api, attempt, carName, go, language, me, t } from "./desk";
import { useKeys } from "./keys";
import type { QueueItem } from "./views";

const items = signal<readonly QueueItem[] | null>(null);
const REFRESH_AFTER_MS = 150;
const REFRESH_ANYWAY_MS = 30_000;

/** Every running inspection, those who need somebody first; the list renews itself. */
export function Queue() {
  const [scope, setScope] = useState<"open" | "all">("open");
  const [chosen, setChosen] = useState(0);
  const texts = t();
  const shown = items.value ?? [];

  useEffect(() => {
    let isOver = false;
    const load = (): Promise<boolean> =>
      attempt(async () => {
        const page = await api.queue(scope, language.value);
        if (!isOver) items.value = page.items;
      });
    void load();
    const stop = followFeed(() => void load());
    return () => {
      isOver = true;
      stop();
    };
  }, [scope, language.value]);

  // An operator works in several tabs: the title says how many sellers wait.
  const waiting = shown.filter((item) => item.needs.length > 0).length;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${texts.title}` : texts.title;
  }, [waiting, texts.title]);

  const open = (item: QueueItem | undefined): void => {
    if (item) go(`/operator/inspections/${item.id}`);
  };
  useKeys({
    j: () => setChosen(Math.min(chosen + 1, shown.length - 1)),
    k: () => setChosen(Math.max(chosen - 1, 0)),
    ArrowDown: () => setChosen(Math.min(chosen + 1, shown.length - 1)),
    ArrowUp: () => setChosen(Math.max(chosen - 1, 0)),
    Enter: () => open(shown[chosen]),
  });

  return (
    <main class="queue">
      <nav aria-label={texts.title}>
        {(["open", "all"] as const).map((each) => (
          <button key={each} aria-pressed={scope === each} onClick={() => setScope(each)}>
            {texts[each]}
          </button>
        ))}
      </nav>
      {items.value?.length === 0 && <p class="empty">{texts.none}</p>}
      {shown.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>{texts.needsNow}</th>
              <th>{texts.vehicle}</th>
              <th>{texts.seller}</th>
              <th>{texts.step}</th>
              <th>{texts.state}</th>
              <th class="number">{texts.age}</th>
              <th>{texts.platform}</th>
              <th>{texts.holder}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((item, index) => (
              <tr key={item.id} aria-selected={index === chosen} onClick={() => open(item)}>
                <td>
                  {item.needs.map((need) => (
                    <span key={need} class={`need ${need}`}>
                      {texts.needs[need]}
                    </span>
                  ))}
                </td>
                <td>
                  <a href={`/operator/inspections/${item.id}`} onClick={(event) => event.preventDefault()}>
                    {carName(item.vehicle)}
                  </a>
                </td>
                <td>
                  <span class={`dot ${item.live.seller ? "on" : ""}`} title={item.live.seller ? texts.online : texts.offline} />{" "}
                  {item.seller_name ?? "–"}
                </td>
                <td>
                  <progress max={item.progress.total} value={item.progress.done} />{" "}
                  {texts.photosOf(item.progress.done, item.progress.total)}
                  {item.step_title && <small> · {item.step_title}</small>}
                </td>
                <td>
                  <span class={`state ${item.state}`}>{texts.states[item.state]}</span>
                </td>
                <td class="number">{ago(item.age_s)}</td>
                <td>{item.platform_name}</td>
                <td>{item.claimed_by && (item.claimed_by.id === me.value?.id ? texts.me : item.claimed_by.name)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </main>
  );
}

/** Call back soon after anything changed, at once after a lost connection returned, and now and then in any case. */
function followFeed(changed: () => void): () => void {
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
  const anyway = setInterval(changed, REFRESH_ANYWAY_MS);
  return () => {
    isOver = true;
    clearTimeout(soon);
    clearInterval(beat);
    clearInterval(anyway);
    socket?.close();
  };
}
