import { describe, expect, test } from "vitest";

import type { LinkPreview } from "../src/core/views";
import { en } from "../src/locales/en";
import { fr } from "../src/locales/fr";
import { howLong } from "../src/ui/seller/how-long";

function preview(steps_left: number, minutes_left: number): LinkPreview {
  return {
    platform_name: "Demo platform",
    purpose: "listing",
    language: "en",
    vehicle: { plate: "DEMO 123", make: null, model: null },
    steps_total: 14,
    minutes: 8,
    steps_left,
    minutes_left,
    state: "in_progress",
    link: "ready",
    code_sent_to: null,
  };
}

describe("how long it takes", () => {
  test("who begins hears of all photos", () => {
    expect(howLong(preview(14, 10), en)).toBe("14 photos, about 8 minutes, at your own pace.");
  });

  test("who was asked for one more hears of one, not of those taken long ago", () => {
    expect(howLong(preview(1, 1), en)).toBe("Only 1 photo left to take, about 1 minute, at your own pace.");
    expect(howLong(preview(2, 2), fr)).toBe("Plus que 2 photos à prendre, environ 2 minutes, à votre rythme.");
  });

  test("nothing left is no photos in no minutes", () => {
    expect(howLong(preview(0, 0), en)).toBe("Nothing: no photo is left to take.");
  });
});
