/** What the keys of a case do, and what they say when they can do nothing now. */

import { mayWatch, toggleCall } from "./call-panel";
import type { CaseModel, StageMode } from "./case-model";
import { api, notice, t } from "./desk";
import type { Keys } from "./keys";
import { acts, type Act } from "./live/acts";
import { quickSentences } from "./live/chat";

/** Walking through steps and findings. */
export function browseKeys(model: CaseModel): Keys {
  const view = model.view.value;
  const walk = (by: 1 | -1): void => {
    const steps = view?.steps ?? [];
    const next = steps[steps.findIndex((each) => each.id === model.step.value?.id) + by];
    if (next) model.choose(next.id);
  };
  const nextFinding = (): void => {
    const all = view?.findings ?? [];
    const next = all[(all.findIndex((each) => each.id === model.findingId.value) + 1) % Math.max(1, all.length)];
    if (next) model.showFinding(next);
  };
  const judge = (verdict: "confirmed" | "rejected"): void => {
    const chosen = view?.findings.find((each) => each.id === model.findingId.value);
    if (!chosen || !model.mayWrite.value) return;
    // Nobody judges what is not before the eyes: the first press shows it, the second judges.
    if (model.isShown(chosen)) void model.act(() => api.judgeFinding(model.id, chosen.id, verdict));
    else model.showFinding(chosen);
  };
  return {
    j: () => walk(1),
    k: () => walk(-1),
    ArrowDown: () => walk(1),
    ArrowUp: () => walk(-1),
    n: nextFinding,
    y: () => judge("confirmed"),
    x: () => judge("rejected"),
  };
}

/** Calling, steering, drawing and writing. */
export function liveKeys(model: CaseModel): Keys {
  const { live } = model;
  const { drawing } = live;
  const isLive = live.isLive.value;
  const show = (mode: StageMode): void => {
    if (isLive) model.stage.value = model.stage.value === mode ? "live" : mode;
  };
  const commands = live.isAccepted.value
    ? Object.fromEntries(acts(model).map((act) => [act.key, () => giveOrSayWhyNot(act)]))
    : {};
  const sentences = model.mayWrite.value
    ? Object.fromEntries(quickSentences(model).map((text, index) => [String(index + 1), () => live.chat.say(text, true)]))
    : {};
  return {
    ...commands,
    ...sentences,
    ...(commands["+"] && { "=": commands["+"] }),
    v: () => toggleCall(model),
    M: () => live.microphone.toggleMute(),
    W: () => mayWatch(model) && live.toggleWatch(),
    l: () => show("camera"),
    p: () => show("photo"),
    w: () => live.screen.value !== null && show("screen"),
    f: () => model.followSeller(),
    Backspace: () => drawing.undo(),
    Delete: () => drawing.clear(),
    "/": () => document.getElementById("chat")?.focus(),
  };
}

/** A key that can do nothing now says why: silence would look like a lost command. */
function giveOrSayWhyNot(act: Act): void {
  notice.value = act.why === null ? null : t().live.whyNot[act.why];
  if (act.why === null) act.run();
}

/** Whether Escape may leave the case: leaving ends a call, which no stray key should. */
export function mayLeave(model: CaseModel): boolean {
  if (!model.live.isInCall.value) return true;
  notice.value = t().live.callIsOn;
  return false;
}

/** Why no damage can be marked now; `null` when it can. */
export function whyNoMark(model: CaseModel): string | null {
  const words = t().whyNoMark;
  if (model.isOver.value) return words.over;
  if (!model.mayWrite.value) return words.claim;
  if (!model.isPhotoShown.value) return words.live;
  return model.capture.value === null ? words.noPhoto : null;
}
