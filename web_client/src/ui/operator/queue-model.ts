/** The operators' list, kept for all pages of the desk: a case that is open does not hide that another seller waits. */

import { computed, signal } from "@preact/signals";
import { api, attempt, language } from "./desk";
import { arrange, EMPTY, type Arranged } from "./queue-order";
import type { QueueItem } from "./views";

interface Shown {
  readonly items: ReadonlyMap<string, QueueItem>;
  readonly arranged: Arranged;
}

export const scope = signal<"open" | "all">("open");
export const shown = signal<Shown | null>(null);
/** The row under the selection; kept while a case is open, so that the way back leads to the same row. */
export const chosen = signal<string | null>(null);
/** The row under the pointer. */
export const hovered = signal<string | null>(null);

/** The rows from top to bottom. */
export const rows = computed<readonly QueueItem[]>(() => {
  const now = shown.value;
  return now === null ? [] : now.arranged.order.map((id) => now.items.get(id)!);
});

/** Read the list anew; an answer to a question that is not asked any more is nothing. */
export async function loadQueue(): Promise<void> {
  const asked = scope.value;
  await attempt(async () => {
    const page = await api.queue(asked, language.value);
    if (scope.value === asked) show(page.items);
  }, { isQuiet: true });
}

export function chooseScope(next: "open" | "all"): void {
  scope.value = next;
  void loadQueue();
}

function show(items: readonly QueueItem[]): void {
  const held = new Set([chosen.value, hovered.value].filter((id) => id !== null));
  const ids = items.map((each) => each.id);
  const arranged = arrange(shown.value?.arranged ?? EMPTY, ids, held);
  shown.value = { items: new Map(items.map((each) => [each.id, each])), arranged };
  if (chosen.value !== null && !ids.includes(chosen.value)) chosen.value = null;
}
