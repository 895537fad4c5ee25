import { useEffect } from "preact/hooks";
import { ago, carName, go, me, t } from "./desk";
import { useKeys } from "./keys";
import { chooseScope, chosen, hovered, loadQueue, rows, scope, shown } from "./queue-model";
import { step, type Arranged } from "./queue-order";
import type { QueueItem } from "./views";

/** Every running inspection, those who need somebody first; the list renews itself, and never under the hand. */
export function Queue() {
  const texts = t();
  const items = rows.value;
  const order = items.map((each) => each.id);
  useEffect(() => {
    void loadQueue();
    return () => void (hovered.value = null);
  }, []);

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
    h: () => open(items[0]?.needs.length ? items[0].id : null, true),
  });

  return (
    <main class="queue">
      <nav aria-label={texts.title}>
        {(["open", "all"] as const).map((each) => (
          <button key={each} aria-pressed={scope.value === each} onClick={() => chooseScope(each)}>
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
  const { make, model, plate } = item.vehicle;
  const hasName = make !== null || model !== null;
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
        <a href={`/operator/inspections/${item.id}`} title={carName(item.vehicle)} onClick={(event) => event.preventDefault()}>
          <span>{plate === null || hasName ? carName({ make, model, plate: null }) : ""}</span>
          {plate !== null && <b>{`${hasName ? " · " : ""}${plate}`}</b>}
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
