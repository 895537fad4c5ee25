import { go, t } from "./desk";

/** Where a case should be and none could be read; the bar above says why. */
export function NoCase() {
  return (
    <main class="queue">
      <p class="empty">
        <button onClick={() => go("/operator")}>← {t().back}</button>
      </p>
    </main>
  );
}
