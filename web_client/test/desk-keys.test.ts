import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { CaseModel } from "../src/ui/operator/case-model";
import type { Keys } from "../src/ui/operator/keys";

/** A case with one photo of a step, one of declared damage, and a suspicion on each. */
const VIEW = {
  inspection: { state: "review", claimed_by: { id: "me", name: "Ana" }, current_step: "front", vehicle: {} },
  steps: [
    { id: "front", title: "Front", captures: [{ id: "photo-front" }], capture: { id: "photo-front" } },
    { id: "rear", title: "Rear", captures: [], capture: null },
  ],
  damage_captures: [{ id: "photo-damage" }],
  findings: [
    { id: "on-damage", capture_id: "photo-damage" },
    { id: "on-front", capture_id: "photo-front" },
    { id: "on-no-photo", capture_id: null },
  ],
  consents: { live_level: "steer" },
  recordings: [],
  events: [],
};

describe("the keys of a case", () => {
  let model: CaseModel;
  let judged: ReturnType<typeof vi.fn>;
  let claimed: ReturnType<typeof vi.fn>;
  let desk: typeof import("../src/ui/operator/desk");
  let keys: typeof import("../src/ui/operator/case-keys");

  const press = (key: string): void => {
    const all: Keys = { ...keys.browseKeys(model), ...keys.liveKeys(model) };
    all[key]?.();
  };
  const call = (state: string): void => {
    const more = { id: "l1", isMine: true, isElsewhere: false, operatorName: "Ana", isPaused: false, viewers: [] };
    model.live.call.value = { ...more, state: state as "accepted" };
  };
  const unclaimed = (): void => {
    const inspection = { ...VIEW.inspection, claimed_by: null };
    model.view.value = { ...VIEW, inspection } as never;
  };

  beforeEach(async () => {
    vi.stubGlobal("navigator", { language: "en", languages: ["en"] });
    vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal("location", { pathname: "/operator" });
    vi.stubGlobal("addEventListener", () => undefined);
    vi.stubGlobal("document", { documentElement: {} });
    desk = await import("../src/ui/operator/desk");
    keys = await import("../src/ui/operator/case-keys");
    const { CaseModel: Model } = await import("../src/ui/operator/case-model");
    judged = vi.spyOn(desk.api, "judgeFinding").mockResolvedValue(undefined as never) as never;
    claimed = vi.spyOn(desk.api, "claim").mockResolvedValue(undefined as never) as never;
    vi.spyOn(desk.api, "view").mockResolvedValue(VIEW as never);
    desk.me.value = { id: "me", name: "Ana", role: "operator" };
    desk.notice.value = null;
    model = new Model("i1");
    model.view.value = VIEW as never;
    model.stepId.value = "front";
    model.live.seller.value = true;
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  test("show the next finding with its photo, also one of declared damage, which belongs to no step", () => {
    press("n");
    expect([model.findingId.value, model.capture.value?.id]).toEqual(["on-damage", "photo-damage"]);
    press("n");
    expect([model.findingId.value, model.capture.value?.id]).toEqual(["on-front", "photo-front"]);
  });

  test("show it also while a live picture is large", () => {
    call("accepted");
    model.stage.value = "live";
    press("n");
    expect([model.stage.value, model.follows.value]).toEqual(["photo", false]);
  });

  test("judge what is before the eyes, and first show what is not", () => {
    press("n");
    model.captureId.value = "photo-front";
    press("x");
    expect([judged.mock.calls.length, model.capture.value?.id]).toEqual([0, "photo-damage"]);
    press("x");
    expect(judged).toHaveBeenLastCalledWith("i1", "on-damage", "rejected");

    call("accepted");
    model.stage.value = "camera";
    press("y");
    expect([judged.mock.calls.length, model.stage.value]).toEqual([1, "photo"]);
  });

  test("judge a finding that has no photo to show", () => {
    model.findingId.value = "on-no-photo";
    press("y");
    expect(judged).toHaveBeenLastCalledWith("i1", "on-no-photo", "confirmed");
  });

  test("never leave a call that rings or goes on, and say how it ends", () => {
    for (const state of ["ringing", "accepted"]) {
      call(state);
      desk.notice.value = null;
      expect(keys.mayLeave(model)).toBe(false);
      expect(desk.notice.value).toBe(desk.t().live.callIsOn);
    }
    call("ended");
    expect(keys.mayLeave(model)).toBe(true);
  });

  test("say why no damage can be marked now", () => {
    const words = desk.t().whyNoMark;
    expect(keys.whyNoMark(model)).toBeNull();
    model.choose("rear");
    expect(keys.whyNoMark(model)).toBe(words.noPhoto);
    call("accepted");
    model.stage.value = "live";
    expect(keys.whyNoMark(model)).toBe(words.live);
    unclaimed();
    expect(keys.whyNoMark(model)).toBe(words.claim);
    model.view.value = { ...VIEW, inspection: { ...VIEW.inspection, state: "sealed" } } as never;
    expect(keys.whyNoMark(model)).toBe(words.over);
  });

  test("claim what nobody holds before calling, unless there is nobody to call", async () => {
    const called = vi.spyOn(model.live, "toggleCall").mockResolvedValue();
    unclaimed();
    model.live.seller.value = false;
    press("v");
    expect([claimed.mock.calls.length, desk.notice.value]).toEqual([0, desk.t().callAbsent]);

    model.live.seller.value = true;
    press("v");
    await vi.waitFor(() => expect(called).toHaveBeenCalledOnce());
    expect(claimed).toHaveBeenCalledExactlyOnceWith("i1");
  });

  test("call and hang up as before where the case is held", () => {
    const called = vi.spyOn(model.live, "toggleCall").mockResolvedValue();
    press("v");
    expect([called.mock.calls.length, claimed.mock.calls.length]).toEqual([1, 0]);
  });
});
