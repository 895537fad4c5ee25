/** The damage being declared, as it survives a reload: the words so far and which photos belong to it. */

export interface Draft {
  readonly id: string;
  readonly text: string;
  readonly captureIds: readonly string[];
}

type Notes = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const keyOf = (inspectionId: string): string => `damage:${inspectionId}`;

export const freshDraft = (): Draft => ({ id: crypto.randomUUID(), text: "", captureIds: [] });

/** The draft an earlier screen left; `null` for none. */
export function storedDraft(inspectionId: string, notes: Notes = sessionStorage): Draft | null {
  try {
    return JSON.parse(notes.getItem(keyOf(inspectionId)) ?? "null") as Draft | null;
  } catch {
    return null;
  }
}

/** Keep the draft; `null` forgets it. */
export function storeDraft(inspectionId: string, draft: Draft | null, notes: Notes = sessionStorage): void {
  if (draft === null) notes.removeItem(keyOf(inspectionId));
  else notes.setItem(keyOf(inspectionId), JSON.stringify(draft));
}

/** The draft without these photos; the same object when it has none of them. */
export function withoutPhotos(draft: Draft, captureIds: readonly string[]): Draft {
  const left = draft.captureIds.filter((id) => !captureIds.includes(id));
  return left.length === draft.captureIds.length ? draft : { ...draft, captureIds: left };
}

/** A photo the service will not have is no part of the declaration, on whichever screen the seller learns of it. */
export function dropPhoto(inspectionId: string, captureId: string, notes: Notes = sessionStorage): void {
  const draft = storedDraft(inspectionId, notes);
  if (draft !== null) storeDraft(inspectionId, withoutPhotos(draft, [captureId]), notes);
}
