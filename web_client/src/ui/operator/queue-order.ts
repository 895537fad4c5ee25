/**
 * The order of the operators' list. The service sorts by who needs somebody first; but a row that an operator is about to
 * open must not slip away under the hand, so held rows stay where they are and the others are sorted around them.
 */

export type Move = "up" | "down" | "new";

export interface Arranged {
  /** Ids from top to bottom. */
  readonly order: readonly string[];
  /** What changed its place, for a mark beside it: compared with where the others put it, not with held rows. */
  readonly moved: ReadonlyMap<string, Move>;
  /** Held rows that the service would put elsewhere now. */
  readonly displaced: ReadonlySet<string>;
}

export const EMPTY: Arranged = { order: [], moved: new Map(), displaced: new Set() };

/**
 * Put the rows into the service's order, except those in `held`, which keep their place.
 *
 * @param shown What is on the screen now.
 * @param wanted All ids in the service's order.
 * @param held Ids of the row under the selection, and of the one under the pointer.
 */
export function arrange(shown: Arranged, wanted: readonly string[], held: ReadonlySet<string>): Arranged {
  const before = new Map(shown.order.map((id, index) => [id, index]));
  const kept = wanted.filter((id) => held.has(id) && before.has(id));
  const order: (string | undefined)[] = new Array<string | undefined>(wanted.length).fill(undefined);
  for (const id of kept.sort((a, b) => before.get(a)! - before.get(b)!)) {
    order[freeFrom(order, Math.min(before.get(id)!, wanted.length - 1))] = id;
  }
  const others = wanted.filter((id) => !kept.includes(id));
  for (const [index, id] of order.entries()) if (id === undefined) order[index] = others.shift();
  const settled = order as string[];
  return {
    order: settled,
    moved: before.size === 0 ? new Map() : movesBetween(shown, settled),
    displaced: new Set(kept.filter((id) => settled.indexOf(id) !== wanted.indexOf(id))),
  };
}

/** A free place at `from`, or the nearest above it, or the nearest below. */
function freeFrom(order: readonly (string | undefined)[], from: number): number {
  for (let index = from; index >= 0; index -= 1) if (order[index] === undefined) return index;
  return order.indexOf(undefined);
}

/** Which rows overtook others or were overtaken; a row that only moved because one above it left has not moved. */
function movesBetween(shown: Arranged, after: readonly string[]): ReadonlyMap<string, Move> {
  const here = new Set(after);
  const stayed = shown.order.filter((id) => here.has(id));
  const rank = new Map(stayed.map((id, index) => [id, index]));
  const common = after.filter((id) => rank.has(id));
  const moved = new Map<string, Move>();
  for (const id of after) if (!rank.has(id)) moved.set(id, "new");
  for (const [index, id] of common.entries()) {
    const was = rank.get(id)!;
    if (index < was) moved.set(id, "up");
    if (index > was) moved.set(id, "down");
  }
  // Where one row jumped over many, the many have each slipped by one: only the jump is worth a mark.
  const jumps = [...moved].filter(([id, move]) => move !== "new" && Math.abs(common.indexOf(id) - rank.get(id)!) > 1);
  if (jumps.length > 0) {
    for (const [id, move] of [...moved]) {
      if (move !== "new" && Math.abs(common.indexOf(id) - rank.get(id)!) === 1) moved.delete(id);
    }
  }
  return moved;
}

/** The selection after a step up or down, or to the first row when none is selected or the selected one has left. */
export function step(order: readonly string[], selected: string | null, by: 1 | -1): string | null {
  if (order.length === 0) return null;
  const at = selected === null ? -1 : order.indexOf(selected);
  if (at < 0) return order[by === 1 ? 0 : order.length - 1] ?? null;
  return order[Math.min(Math.max(at + by, 0), order.length - 1)] ?? null;
}
