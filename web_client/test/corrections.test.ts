import { describe, expect, test } from "vitest";

import { reasonOf, withdrawal, wordsOf } from "../src/core/corrections";
import { CORRECTION_REASONS, type CorrectionView } from "../src/core/views";
import { correctionTexts } from "../src/locales/corrections";
import { dateOf, hasNews } from "../src/ui/since-sealed";

const entry = (over: Partial<CorrectionView>): CorrectionView => ({
  no: 1,
  kind: "addendum",
  at: "2026-11-22T10:00:00.000Z",
  by: { kind: "operator", name: "Bea" },
  reason: "other",
  text: "The mirror was replaced.",
  ...over,
});
const kept = { personal_values: false, photos: 0, report: false };

describe("after the seal", () => {
  test("a withdrawn report is withdrawn, whatever was added before or after", () => {
    const all = [entry({}), entry({ no: 2, kind: "withdrawal" }), entry({ no: 3 })];
    expect(withdrawal(all)?.no).toBe(2);
    expect(withdrawal([all[0]!, all[2]!])).toBeNull();
  });

  test("a reason this page does not know yet is shown as it is", () => {
    expect(reasonOf(entry({ reason: "fraud" }), correctionTexts.fr.reasons)).toBe("une fraude");
    expect(reasonOf(entry({ reason: "toString" }), correctionTexts.fr.reasons)).toBe("toString");
  });

  test("people's own words are shown; the service's sentence about what it withheld is said in the reader's language", () => {
    expect(wordsOf(entry({}))).toBe("The mirror was replaced.");
    expect(wordsOf(entry({ kind: "redaction", text: "Personal data was erased." }))).toBeNull();
  });

  test("there is news when anything was said or taken away", () => {
    expect(hasNews({ corrections: [], withheld: kept })).toBe(false);
    expect(hasNews({ corrections: [entry({})], withheld: kept })).toBe(true);
    for (const gone of [{ personal_values: true }, { photos: 1 }, { report: true }]) {
      expect(hasNews({ corrections: [], withheld: { ...kept, ...gone } })).toBe(true);
    }
  });

  test("days are written as the reader writes them", () => {
    expect(dateOf("2026-11-22T10:00:00.000Z", "en")).toBe("22 November 2026");
    expect(dateOf("2026-11-22T10:00:00.000Z", "fr")).toBe("22 novembre 2026");
  });

  test("both languages say the same things, and every reason a supervisor may give has words", () => {
    const { en, fr } = correctionTexts;
    expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
    for (const texts of [en, fr]) for (const code of CORRECTION_REASONS) expect(texts.reasons[code]).not.toBe("");
  });
});
