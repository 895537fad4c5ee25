import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { ago, api, attempt, carName, go, language, me, t } from "./desk";
import { followFeed } from "./feed";
import { useKeys } from "./keys";
import { arrange, EMPTY, step, type Arranged } from "./queue-order";
import type { QueueItem } from "./views";

interface Shown {
  readonly items: ReadonlyMap<string, QueueItem>;
  readonly arranged: Arranged;
}

// Kept while a case is open, so that the way back leads to the same row.
const shown = signal<Shown | null>(null);
const chosen = signal<string | null>(null);
const hovered = signal<string | null>(null);

function show(items: readonly QueueItem[]): void {
  const held = new Set([chosen.value, hovered.value].filter((id) => id !== null));
  const ids = items.map((each) => each.id);
  const arranged = arrange(shown.value?.arranged ?? EMPTY, ids, held);
  shown.value = { items: new Map(items.map((each) => [each.id, each])), arranged };
  if (chosen.value !== null && !ids.includes(chosen.value)) chosen.value = null;
}

/** Every running inspection, those who need somebody first; the list renews itself, and never under the hand. */
export function Queue() {
  const [scope, setScope] = useState<"open" | "all">("open");
  const texts = t();
  const order = shown.value?.arranged.order ?? [];
  const items = order.map((id) => shown.value!.items.get(id)!);

  useEffect(() => {
    let isOver = false;
    const load = (): Promise<boolean> =>
      attempt(async () => {
        const page = await api.queue(scope, language.value);
        if (!isOver) show(page.items);
      });
    void load();
    const stop = followFeed(() => void load());
    return () => {
      isOver = true;
      hovered.value = null;
      stop();
    };
  }, [scope, language.value]);

  // An operator works in several tabs: the title says how many sellers wait.
  const waiting = items.filter((item) => item.needs.length > 0).length;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${texts.title}` : texts.title;
  }, [waiting, texts.title]);

  const open = (id: string | null, joins = false): void => {
    if (id === null) return;
    chosen.value = id;
    go(`/operator/inspections/${id}`, joins ? "join" : null);
  };
  const select = (by: 1 | -1): void => {
    chosen.value = step(order, chosen.value, by);
    document.querySelector(`tr[data-case="${chosen.value}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useKeys({
    j: () => select(1),
    k: () => select(-1),
    ArrowDown: () => select(1),
    ArrowUp: () => select(-1),
    Enter: () => open(chosen.value),
    v: () => open(chosen.value, true),
    h: () => open(order[0] ?? null, true),
  });

  return (
    <main class="queue">
      <nav aria-label={texts.title}>
        {(["open", "all"] as const).map((each) => (
          <button key={each} aria-pressed={scope === each} onClick={() => setScope(each)}>
            {texts[each]}
          </button>
        ))}
        <span class="space" />
        <span class="faint">
          <kbd>j</kbd> <kbd>k</kbd> · <kbd>v</kbd> {texts.live.stepIn} · <kbd>h</kbd> {texts.mostUrgent}
        </span>
      </nav>
      {shown.value !== null && items.length === 0 && <p class="empty">{texts.none}</p>}
      {items.length > 0 && (
        <table onMouseLeave={() => (hovered.value = null)}>
          <thead>
            <tr>
              <th>{texts.needsNow}</th>
              <th class="number">{texts.live.waitingSince}</th>
              <th>{texts.vehicle}</th>
              <th>{texts.seller}</th>
              <th>{texts.step}</th>
              <th>{texts.live.lastFailure}</th>
              <th>{texts.state}</th>
              <th class="number">{texts.age}</th>
              <th>{texts.platform}</th>
              <th>{texts.holder}</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <Row key={item.id} item={item} arranged={shown.value!.arranged} onOpen={open} />
            ))}
          </tbody>
        </table>
      )}
    </main>
  );
}

function Row(props: {
  readonly item: QueueItem;
  readonly arranged: Arranged;
  readonly onOpen: (id: string, joins?: boolean) => void;
}) {
  const { item, arranged } = props;
  const texts = t();
  const move = arranged.moved.get(item.id);
  const isDisplaced = arranged.displaced.has(item.id);
  const holder = item.claimed_by;
  return (
    <tr
      data-case={item.id}
      class={move ?? ""}
      aria-selected={item.id === chosen.value}
      onMouseEnter={() => (hovered.value = item.id)}
      onClick={() => props.onOpen(item.id)}
    >
      <td>
        {move && (
          <span class={`moved ${move}`} title={texts.live.moved[move]} aria-label={texts.live.moved[move]}>
            {{ up: "▲", down: "▼", new: "●" }[move]}
          </span>
        )}
        {isDisplaced && (
          <span class="moved" title={texts.live.displaced} aria-label={texts.live.displaced}>
            ⇅
          </span>
        )}
        {item.needs.map((need) => (
          <span key={need} class={`need ${need}`}>
            {texts.needs[need]}
          </span>
        ))}
      </td>
      <td class="number">{item.need_since && ago((Date.now() - Date.parse(item.need_since)) / 1000)}</td>
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
        {item.step_title && <small class="cut"> {item.step_title}</small>}
      </td>
      <td>
        {item.failure && (
          <span class="cut" title={item.failure.sentence}>
            {item.failure.sentence}{" "}
            <small>
              {item.failure.step_title && `${item.failure.step_title} · `}
              {ago((Date.now() - Date.parse(item.failure.at)) / 1000)}
            </small>
          </span>
        )}
      </td>
      <td>
        <span class={`state ${item.state}`}>{texts.states[item.state]}</span>
      </td>
      <td class="number">{ago(item.age_s)}</td>
      <td>{item.platform_name}</td>
      <td>
        {holder && (holder.id === me.value?.id ? <strong>{texts.me}</strong> : holder.name)}
        {item.call && (
          <small class="calling">
            {item.call.state === "accepted" ? texts.live.inCall(item.call.operator_name) : texts.live.ringing(item.call.operator_name)}
          </small>
        )}
      </td>
      <td>
        {(holder === null || holder.id === me.value?.id) && item.live.seller && (
          <button
            onClick={(event) => {
              event.stopPropagation();
              props.onOpen(item.id, true);
            }}
          >
            {texts.live.stepIn}
          </button>
        )}
      </td>
    </tr>
  );
}
