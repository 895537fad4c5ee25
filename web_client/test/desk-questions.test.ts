import { afterEach, describe, expect, test, vi } from "vitest";

import { settle } from "./fakes";

/** What the desk asks before something is kept; loaded once the browser it looks at is there. */
describe("keeping a drawing", () => {
  afterEach(() => vi.unstubAllGlobals());

  async function keep(code: string, severity: string): Promise<unknown> {
    vi.stubGlobal("navigator", { language: "en", languages: ["en"] });
    vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal("location", { pathname: "/operator" });
    vi.stubGlobal("addEventListener", () => undefined);
    vi.stubGlobal("document", { documentElement: {} });
    const { api } = await import("../src/ui/operator/desk");
    const { drawingQuestion } = await import("../src/ui/operator/questions");
    const kept = vi.spyOn(api, "keepFrame").mockResolvedValue(undefined as never);
    const drawing = {
      frame: { value: { id: "f1", width: 4, height: 3, isOver: false } },
      strokes: [{ points: [[0.1, 0.1]], width: 0.006 }],
      clear: () => undefined,
    };
    const model = {
      id: "i1",
      live: { drawing },
      mayWrite: { value: true },
      act: async (work: () => Promise<unknown>) => (await work(), true),
    };
    const question = drawingQuestion(model as never)!;
    expect(question.degrees?.all.map((each) => each.code)).toEqual(["minor", "major"]);
    expect(question.degrees?.isFor(code)).toBe(code !== "note");
    question.onAnswer(code, null, severity);
    await settle();
    const asked = kept.mock.calls.at(-1)?.[2];
    kept.mockRestore();
    return asked?.finding;
  }

  test("as damage says how serious the operator finds it", async () => {
    expect(await keep("dent", "major")).toEqual({ kind: "dent", severity: "major" });
    expect(await keep("scratch", "minor")).toEqual({ kind: "scratch", severity: "minor" });
  });

  test("as a note says nothing of damage", async () => {
    expect(await keep("note", "minor")).toBeNull();
  });
});

/** A photo that may show another car: the operator says so with one choice, in the seller's language. */
describe("asking again because of another car", () => {
  afterEach(() => vi.unstubAllGlobals());

  async function asked(odd: readonly string[], code: string, words: string | null): Promise<unknown[] | null> {
    vi.stubGlobal("navigator", { language: "en", languages: ["en"] });
    vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal("location", { pathname: "/operator" });
    vi.stubGlobal("addEventListener", () => undefined);
    vi.stubGlobal("document", { documentElement: {} });
    const { api } = await import("../src/ui/operator/desk");
    const { retakeQuestion } = await import("../src/ui/operator/questions");
    const retaken = vi.spyOn(api, "retake").mockResolvedValue(undefined as never);
    const model = {
      id: "i1",
      step: { value: { reasons: [{ code: "blur", sentence: "It is blurred" }] } },
      view: {
        value: {
          inspection: { language: "fr" },
          odd_photos: odd.map((id) => ({ capture_id: id, why: ["colour"] })),
        },
      },
      act: async (work: () => Promise<unknown>) => (await work(), true),
    };
    const question = retakeQuestion(model as never, "c1");
    if (!question.choices.some((each) => each.code === code)) return null;
    question.onAnswer(code, words, "");
    await settle();
    const call = retaken.mock.calls.at(-1);
    retaken.mockRestore();
    return call?.slice(2) ?? null;
  }

  test("is offered for a photo that was named, and told in the seller's language", async () => {
    expect(await asked(["c1"], "other_car", null)).toEqual([
      "other",
      expect.stringContaining("Photographiez la voiture de cette inspection"),
    ]);
    expect(await asked(["c1"], "other_car", "C'est la voiture du voisin")).toEqual(["other", "C'est la voiture du voisin"]);
  });

  test("is not offered for any other photo, whose reasons stay as they are", async () => {
    expect(await asked(["c2"], "other_car", null)).toBeNull();
    expect(await asked([], "blur", null)).toEqual(["blur", null]);
  });
});
