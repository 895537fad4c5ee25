import { describe, expect, test } from "vitest";

import { AUTO_SHUTTER_AT_REST, countdown, hinted, resting, touched, type AutoShutterState } from "../src/core/auto-shutter";
import { languageOf } from "../src/core/chat";
import { FrameWatch } from "../src/core/frame-watch";
import type { PhoneState } from "../src/core/messages";
import { PhoneReporter } from "../src/core/phone-reporter";
import { en } from "../src/locales/en";
import { fr } from "../src/locales/fr";
import { FakeTimers } from "./fakes";

describe("the auto-shutter", () => {
  /** Good hints three times a second, from `from` to `to`. */
  function good(state: AutoShutterState, from: number, to: number): AutoShutterState {
    let now = state;
    for (let at = from; at <= to; at += 333) now = hinted(now, true, at);
    return now;
  }

  test("counts down once the picture was good for a second, and is due at the end", () => {
    const state = good(AUTO_SHUTTER_AT_REST, 0, 2700);
    expect(countdown(state, 999)).toBeNull();
    expect(countdown(state, 1000)).toBe(0);
    expect(countdown(state, 1750)).toBeCloseTo(0.5);
    expect(countdown(state, 2500)).toBe(1);
  });

  test("a bad hint begins from the start", () => {
    const state = good(hinted(good(AUTO_SHUTTER_AT_REST, 0, 2000), false, 2100), 2200, 3000);
    expect(countdown(state, 3100)).toBeNull();
    expect(countdown(state, 3250)).not.toBeNull();
  });

  test("a touch before the countdown only begins the second anew", () => {
    const state = good(touched(good(AUTO_SHUTTER_AT_REST, 0, 700), 800), 1000, 1900);
    expect(countdown(state, 1950)).toBeNull();
    expect(countdown(state, 2050)).not.toBeNull();
  });

  test("a touch stops the countdown until the picture has been bad once, as does the photo", () => {
    expect(countdown(good(resting(good(AUTO_SHUTTER_AT_REST, 0, 900)), 1000, 9000), 9000)).toBeNull();
    const stopped = good(touched(good(AUTO_SHUTTER_AT_REST, 0, 1500), 1600), 1800, 9000);
    expect(countdown(stopped, 9000)).toBeNull();
    const again = good(hinted(stopped, false, 9100), 9200, 11000);
    expect(countdown(again, 11000)).not.toBeNull();
  });

  test("hints that stop coming count for nothing", () => {
    const state = good(AUTO_SHUTTER_AT_REST, 0, 300);
    expect(countdown(state, 4801)).toBeNull();
    expect(countdown(hinted(state, true, 5000), 5900)).toBeNull();
  });
});

describe("watching the camera's pictures", () => {
  test("a camera that is live and gives nothing is noticed, a slow one is not", () => {
    const watch = new FrameWatch();
    for (let at = 0; at <= 10_000; at += 1000) expect(watch.look(at / 1000, true, at)).toBe("flowing");
    expect(watch.look(10, true, 13_500)).toBe("flowing");
    expect(watch.look(10, true, 14_000)).toBe("stalled");
    expect(watch.look(11, true, 14_500)).toBe("flowing");
  });

  test("a page that is not shown expects nothing, and has time when it is back", () => {
    const watch = new FrameWatch();
    watch.look(5, true, 0);
    expect(watch.look(5, false, 60_000)).toBe("flowing");
    expect(watch.look(5, true, 60_500)).toBe("flowing");
    expect(watch.look(5, true, 65_000)).toBe("flowing");
    expect(watch.look(5, true, 66_500)).toBe("stalled");
  });

  test("a camera that was opened anew is believed only after its first picture", () => {
    const watch = new FrameWatch();
    watch.look(5, true, 0);
    watch.look(6, true, 500);
    expect(watch.hasMoved).toBe(true);
    watch.reset();
    watch.look(0, true, 1000);
    expect(watch.hasMoved).toBe(false);
    watch.look(1, true, 1500);
    expect(watch.hasMoved).toBe(true);
  });
});

describe("telling how the phone is", () => {
  const phone = (waiting: number): PhoneState => ({ uploads: { waiting, bytes: 0, sent_share: null } }) as PhoneState;

  test("only what changed is told, at most four times a second, and the last is never lost", () => {
    const timers = new FakeTimers();
    const told: number[] = [];
    const reporter = new PhoneReporter((state) => told.push(state.uploads.waiting) > 0, timers);
    reporter.report(phone(1));
    reporter.report(phone(1));
    for (let i = 2; i <= 20; i += 1) {
      reporter.report(phone(i));
      timers.pass(20);
    }
    timers.pass(300);
    expect(told[0]).toBe(1);
    expect(told.at(-1)).toBe(20);
    expect(told.length).toBeLessThanOrEqual(4);
    timers.pass(5000);
    reporter.report(phone(20));
    expect(told.at(-2)).not.toBe(20);
  });

  test("a new line is told everything, and a line that is down takes nothing for told", () => {
    const timers = new FakeTimers();
    const told: number[] = [];
    let isOpen = false;
    const reporter = new PhoneReporter((state) => isOpen && told.push(state.uploads.waiting) > 0, timers);
    reporter.report(phone(1));
    expect(told).toEqual([]);
    isOpen = true;
    timers.pass(1000);
    reporter.report(phone(1));
    timers.pass(1000);
    reporter.again();
    expect(told).toEqual([1, 1]);
  });
});

describe("reading aloud", () => {
  test("every sentence to tap is read by a voice of its language", () => {
    for (const sentence of fr.chat.quick) expect(languageOf(sentence, "fr"), sentence).toBe("fr");
    for (const sentence of en.chat.quick) expect(languageOf(sentence, "en"), sentence).toBe("en");
    expect(languageOf("Reculez un peu, s'il vous plaît.", "en")).toBe("fr");
    expect(languageOf("Please step back.", "fr")).toBe("en");
    expect(languageOf("OK", "fr")).toBe("fr");
  });
});
