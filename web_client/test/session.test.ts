import { describe, expect, test } from "vitest";

import { doneCount, nextStep, reduce, START, verdictOf, type Inside, type Place, type SellerState } from "../src/core/session";
import { capture, step, view } from "./fakes";

function inside(state: SellerState): Inside {
  if (state.at !== "inside") throw new Error(state.at);
  return state;
}

const enter = (v = view(), remembered: Place | null = null): Inside =>
  inside(reduce(START, { is: "viewed", view: v, remembered }));

describe("where the seller is", () => {
  test("a first visit asks for consents before anything else", () => {
    const consents = { photos: false, live_video: false, live_level: "off", location: false, recording: false } as const;
    expect(enter(view({ consents })).place).toEqual({ screen: "consents" });
  });

  test("a reload goes back to the photo whose verdict was awaited", () => {
    const place = { screen: "step", stepId: "rear", shot: "c1" } as const;
    expect(enter(view(), place).place).toEqual(place);
  });

  test("another phone, which remembers nothing, begins at the service's current step", () => {
    expect(enter(view({}, { current_step: "wheel" })).place).toEqual({ screen: "step", stepId: "wheel", shot: null });
  });

  test("a current step that is done is not shown again: the first open one is", () => {
    const steps = [step("front", { status: "done" }), step("rear")];
    expect(enter(view({ steps }, { current_step: "front" })).place).toMatchObject({ stepId: "rear" });
  });

  test("with nothing left to take, the review is shown", () => {
    const steps = [step("front", { status: "done" }), step("rear", { status: "skipped" })];
    expect(enter(view({ steps })).place).toEqual({ screen: "review" });
  });

  test.each([
    ["review", "sign"],
    ["seller_signed", "done"],
    ["signed_off", "done"],
    ["sealed", "done"],
    ["cancelled", "closed"],
    ["expired", "closed"],
  ] as const)("an inspection that is %s shows the screen %s, whatever was remembered", (state, screen) => {
    const place = { screen: "step", stepId: "rear", shot: null } as const;
    expect(enter(view({}, { state }), place).place).toEqual({ screen });
  });

  test("an operator who asks for a photo again takes the seller from the signature back to the review", () => {
    const signing = enter(view({}, { state: "review" }));
    const asked = view({ event_seq: 2, steps: [step("front", { status: "retake" })] });
    expect(inside(reduce(signing, { is: "viewed", view: asked })).place).toEqual({ screen: "review" });
  });

  test("taking back the consent to photos stops the work at once", () => {
    const consents = { photos: false, live_video: true, live_level: "watch", location: false, recording: false } as const;
    const after = reduce(enter(), { is: "viewed", view: view({ event_seq: 2, consents }) });
    expect(inside(after).place).toEqual({ screen: "consents" });
  });

  test("an answer overtaken by a newer one changes nothing", () => {
    const now = enter(view({ event_seq: 5 }));
    expect(reduce(now, { is: "viewed", view: view({ event_seq: 4 }) })).toBe(now);
  });

  test("a notice about a step goes away when one is there", () => {
    const noticed = reduce(enter(), { is: "noticed", notice: { is: "retake_asked", stepId: "rear" } });
    const there = reduce(noticed, { is: "went", place: { screen: "step", stepId: "rear", shot: null } });
    expect(inside(there).notice).toBeNull();
  });
});

describe("photos asked for besides the checklist", () => {
  const asked = (...ids: string[]) => ids.map((id) => step(id, { instruction: `Please: ${id}` }));
  const later = (now: Inside, seq: number, ids: string[], state = "in_progress" as const): Inside =>
    inside(reduce(now, { is: "viewed", view: view({ event_seq: seq, steps: [...view().steps, ...asked(...ids)] }, { state }) }));

  test("are news, whichever way the newer view came", () => {
    expect(later(enter(), 2, ["asked-1"]).notice).toEqual({ is: "photos_asked", stepId: "asked-1", count: 1 });
  });

  test("bring a seller who waited for the report back to the photos, with the news", () => {
    const done = enter(view({}, { state: "seller_signed" }));
    const now = later(done, 2, ["asked-1"]);
    expect(now.place).toEqual({ screen: "review" });
    expect(now.notice).toMatchObject({ is: "photos_asked", stepId: "asked-1" });
  });

  test("are counted while the seller has not looked, and the news begins with the first", () => {
    const now = later(later(enter(), 2, ["asked-1"]), 3, ["asked-1", "asked-2", "asked-3"]);
    expect(now.notice).toEqual({ is: "photos_asked", stepId: "asked-1", count: 3 });
  });

  test("are told once: the same view again, or a tap on the cross, and there is no news", () => {
    const told = later(enter(), 2, ["asked-1"]);
    const dismissed = inside(reduce(told, { is: "noticed", notice: null }));
    expect(later(dismissed, 3, ["asked-1"]).notice).toBeNull();
  });

  test("are no news any more when they are taken back", () => {
    expect(later(later(enter(), 2, ["asked-1"]), 3, []).notice).toBeNull();
  });

  test("are where a page begins that was left when everything was done", () => {
    const steps = [...view().steps.map((each) => ({ ...each, status: "done" as const })), ...asked("asked-1")];
    const now = enter(view({ steps }, { current_step: "asked-1" }), { screen: "done" });
    expect(now.place).toEqual({ screen: "step", stepId: "asked-1", shot: null });
  });
});

describe("what is left", () => {
  const steps = [step("front", { status: "done" }), step("rear", { status: "retake" }), step("wheel")];

  test("the next step is the next one to do, then round to the first", () => {
    const now = enter(view({ steps }));
    expect(nextStep(now, "rear")?.id).toBe("wheel");
    expect(nextStep(now, "wheel")?.id).toBe("rear");
  });

  test("a photo still on the phone counts as taken", () => {
    const waiting = [{ captureId: "c1", stepId: "wheel", state: "waiting", share: 0, slug: null }] as const;
    const now = inside(reduce(enter(view({ steps })), { is: "queued", waiting }));
    expect(nextStep(now, "rear")).toBeNull();
    expect(doneCount(now)).toBe(2);
  });

  test("a photo the service refused does not", () => {
    const waiting = [{ captureId: "c1", stepId: "wheel", state: "refused", share: 0, slug: "step-unknown" }] as const;
    const now = inside(reduce(enter(view({ steps })), { is: "queued", waiting }));
    expect(nextStep(now, "rear")?.id).toBe("wheel");
  });
});

describe("the verdict on the photo just taken", () => {
  const now = enter();

  test("is awaited while the service has not seen it", () => {
    expect(verdictOf(now, step("front"), "c1")).toEqual({ is: "checking" });
  });

  test("follows the sending", () => {
    const waiting = [{ captureId: "c1", stepId: "front", state: "sending", share: 0.5, slug: null }] as const;
    expect(verdictOf({ ...now, waiting }, step("front"), "c1")).toEqual({ is: "sending", share: 0.5 });
  });

  test("is good, or says the one thing to do", () => {
    const advice = { code: "blur", sentence: "Hold still." };
    const good = step("front", { status: "done", capture: capture("c1", { state: "accepted" }) });
    const bad = step("front", { status: "retake", can_keep: true, capture: capture("c1", { state: "retake", advice }) });
    expect(verdictOf(now, good, "c1")).toEqual({ is: "good" });
    expect(verdictOf(now, bad, "c1")).toEqual({ is: "again", advice, canKeep: true });
  });

  test("says that an earlier photo stands when the new one was refused", () => {
    const earlier = step("front", { status: "done", capture: capture("c0", { state: "accepted" }) });
    const before = inside(reduce(now, { is: "arrived", captureId: "c1" }));
    expect(verdictOf(before, earlier, "c1")).toEqual({ is: "checking" });
    const after = inside(reduce(before, { is: "viewed", view: view({ event_seq: 9, steps: [earlier] }) }));
    expect(verdictOf(after, earlier, "c1")).toEqual({ is: "earlier" });
  });

  test("of an older photo is not taken for the new one's", () => {
    const older = step("front", { status: "sent", capture: capture("c0", { state: "accepted" }) });
    expect(verdictOf(now, older, "c1")).toEqual({ is: "checking" });
  });
});
