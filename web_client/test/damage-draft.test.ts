import { describe, expect, test } from "vitest";

import { dropPhoto, storeDraft, storedDraft, withoutPhotos, type Draft } from "../src/ui/seller/damage-draft";

class FakeNotes {
  readonly texts = new Map<string, string>();
  getItem = (key: string): string | null => this.texts.get(key) ?? null;
  setItem = (key: string, text: string): void => void this.texts.set(key, text);
  removeItem = (key: string): void => void this.texts.delete(key);
}

const draft: Draft = { id: "d1", text: "dent", captureIds: ["c1", "c2"] };

describe("the draft of a declared damage", () => {
  test("a photo dismissed on any screen is not declared later", () => {
    const notes = new FakeNotes();
    storeDraft("i1", draft, notes);
    dropPhoto("i1", "c1", notes);
    expect(storedDraft("i1", notes)).toEqual({ ...draft, captureIds: ["c2"] });
    storeDraft("i1", null, notes);
    dropPhoto("i1", "c2", notes);
    expect(storedDraft("i1", notes)).toBeNull();
  });

  test("nothing changes when none of the photos is in it, so that a screen may ask as often as it likes", () => {
    expect(withoutPhotos(draft, ["c3"])).toBe(draft);
  });

  test("a damaged note is no draft", () => {
    const notes = new FakeNotes();
    notes.setItem("damage:i1", "{");
    expect(storedDraft("i1", notes)).toBeNull();
  });
});
