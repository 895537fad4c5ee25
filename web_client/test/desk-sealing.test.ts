import { describe, expect, test } from "vitest";

import { sealingEn, sealingFr } from "../src/locales/operator-sealing";
import { sealingWait } from "../src/ui/operator/sealing";
import type { EventView } from "../src/core/views";

const event = (seq: number, kind: string, data: Record<string, unknown> = {}): EventView =>
  ({ seq, kind, at: "2026-11-22T10:00:00Z", actor: { kind: "service", id: "service", name: "" }, data }) as EventView;

describe("A report that waits for its seal", () => {
  test("says the newest reason, and nothing when it never had to wait", () => {
    expect(sealingWait([event(1, "operator.signed_off")])).toBeNull();
    const events = [
      event(1, "operator.signed_off"),
      event(2, "sealing.waiting", { reason: "timestamp_away" }),
      event(3, "sealing.waiting", { reason: "key_away" }),
    ];
    expect(sealingWait(events)).toBe("key_away");
    expect(sealingWait([event(1, "sealing.waiting")])).toBe("");
  });

  test("has a sentence for every reason in both languages", () => {
    expect(Object.keys(sealingFr.reasons)).toEqual(Object.keys(sealingEn.reasons));
    for (const texts of [sealingEn, sealingFr]) {
      for (const sentence of [...Object.values(texts.reasons), texts.other, texts.goesOn]) expect(sentence).toMatch(/\.$/);
    }
  });
});
