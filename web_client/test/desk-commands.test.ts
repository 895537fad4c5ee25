import { describe, expect, test } from "vitest";

import type { Ack, CommandArgs, CommandName, PhoneState } from "../src/core/messages";
import { COMMANDS } from "../src/core/messages";
import { operatorTexts } from "../src/locales/operator";
import {
  acknowledged,
  effectOf,
  lensAfter,
  nameOf,
  numbered,
  outcomeOf,
  sent,
  whyNot,
  zoomBy,
  type SentCommand,
  type Situation,
} from "../src/ui/operator/live/commands";

const phone = (over: Partial<PhoneState> = {}, camera: Partial<PhoneState["camera"]> = {}): PhoneState => ({
  capabilities: {
    torch: true,
    zoom: { min: 1, max: 5, step: 0.1 },
    cameras: 2,
    take_photo: true,
    screen_share: false,
    mirror: true,
    vibrate: true,
    sound: true,
    recording: true,
  },
  camera: { state: "open", facing: "environment", width: 1280, height: 720, torch: false, zoom: 1, method: "peer", ...camera },
  screen: { screen: "camera", step_id: "front", shot: false },
  battery: null,
  network: { online: true, type: null, rtt_ms: null },
  uploads: { waiting: 0, bytes: 0, sent_share: null },
  visible: true,
  microphone: "off",
  sharing_screen: false,
  level: "steer",
  ...over,
});
const now = (over: Partial<Situation> = {}): Situation => ({
  isMine: true,
  isAccepted: true,
  isPaused: false,
  seller: true,
  level: "steer",
  isRecording: false,
  isFrozen: false,
  phone: phone(),
  ...over,
});
const lacks = (capability: Partial<PhoneState["capabilities"]>): Situation =>
  now({ phone: phone({ capabilities: { ...phone().capabilities, ...capability } }) });
const names = Object.keys(COMMANDS) as CommandName[];

describe("a command that cannot be given", () => {
  test("says the most basic reason, and the same for every command", () => {
    for (const name of names) {
      expect(whyNot(name, now({ isMine: false, isAccepted: false }))).toBe("claim");
      expect(whyNot(name, now({ isAccepted: false, seller: false }))).toBe("no-call");
      expect(whyNot(name, now({ seller: null }))).toBe("no-line");
      expect(whyNot(name, now({ seller: false }))).toBe("absent");
      expect(whyNot(name, now({ isPaused: true }))).toBe("paused");
    }
  });

  test("names what the seller has not allowed", () => {
    expect(whyNot("torch", now({ level: "point" }))).toBe("level-steer");
    expect(whyNot("freeze", now({ level: "watch" }))).toBe("level-point");
    expect(whyNot("freeze", now({ level: "point" }))).toBeNull();
    expect(whyNot("play_sound", now({ level: "watch" }))).toBeNull();
  });

  test("names what this phone cannot do", () => {
    expect(whyNot("torch", lacks({ torch: false }))).toBe("no-torch");
    expect(whyNot("zoom", lacks({ zoom: null }))).toBe("no-zoom");
    expect(whyNot("switch_camera", lacks({ cameras: 1 }))).toBe("one-camera");
    expect(whyNot("play_sound", lacks({ sound: false, vibrate: false }))).toBe("no-sound");
    expect(whyNot("record", lacks({ recording: false }))).toBe("no-recording");
    expect(whyNot("take_photo", now({ phone: phone({}, { state: "closed" }) }))).toBe("no-camera");
    expect(whyNot("take_photo", now({ phone: phone({ visible: false }) }))).toBe("hidden");
    expect(whyNot("take_photo", now({ isFrozen: true }))).toBe("frozen");
    expect(whyNot("unfreeze", now())).toBe("not-frozen");
    expect(whyNot("request_microphone", now({ phone: phone({ microphone: "on" }) }))).toBe("microphone-on");
  });

  test("may always be the end of a recording, also when the phone says that it cannot record", () => {
    expect(whyNot("record", { ...lacks({ recording: false }), isRecording: true })).toBeNull();
  });

  test("is not guessed at while the phone has told nothing yet, but what turns something over waits for it", () => {
    for (const name of names) {
      const turnsOver = name === "torch" || name === "zoom";
      expect(whyNot(name, now({ phone: null }))).toBe(turnsOver ? "not-told" : null);
    }
  });

  test("has its reason in words in both languages", () => {
    const reasons = Object.keys(operatorTexts.en.live.whyNot);
    expect(Object.keys(operatorTexts.fr.live.whyNot)).toEqual(reasons);
    expect(Object.keys(operatorTexts.en.live.whyNotShort)).toEqual(reasons);
    for (const name of names) expect(operatorTexts.fr.live.commandNames[name]).toBeTruthy();
  });
});

describe("what came of a command", () => {
  const one = (name: CommandName, args: CommandArgs, ack: Partial<Ack> | null): SentCommand => ({
    id: "1",
    no: 1,
    name,
    args,
    ack: ack === null ? null : { id: "1", ok: true, effect: null, error: null, ...ack },
  });

  test("is judged by what was read back, not by the phone's word", () => {
    expect(outcomeOf(one("torch", { on: true }, { effect: { torch: true } }))).toEqual({ is: "done" });
    expect(outcomeOf(one("torch", { on: true }, { effect: { torch: false } }))).toEqual({ is: "nothing" });
    expect(outcomeOf(one("torch", { on: true }, { effect: null }))).toEqual({ is: "nothing" });
    expect(outcomeOf(one("zoom", { level: 2 }, { effect: { zoom: 2.05 } }))).toEqual({ is: "done" });
    expect(outcomeOf(one("zoom", { level: 2 }, { effect: { zoom: 1 } }))).toEqual({ is: "nothing" });
    expect(outcomeOf(one("go_to_step", { step_id: "rear" }, { effect: { step_id: "front" } }))).toEqual({ is: "nothing" });
  });

  test("is known before the phone tells of itself: a key pressed twice at once asks for two things", () => {
    const lit = lensAfter(phone(), one("torch", { on: true }, { effect: { torch: true } }));
    expect(lit?.camera).toMatchObject({ torch: true, zoom: 1 });
    expect(lensAfter(lit, one("zoom", { level: 1.4 }, { effect: { zoom: 1.4 } }))?.camera).toMatchObject({ torch: true, zoom: 1.4 });
    expect(lensAfter(lit, one("play_sound", {}, { effect: { played: true } }))).toBe(lit);
    expect(lensAfter(null, one("torch", { on: true }, { effect: { torch: true } }))).toBeNull();
  });

  test("tells doing nothing from being refused, and both from still waiting", () => {
    expect(outcomeOf(one("torch", { on: true }, { ok: false, error: "no-effect" }))).toEqual({ is: "nothing" });
    expect(outcomeOf(one("torch", { on: true }, { ok: false, error: "unsupported" }))).toEqual({ is: "refused", error: "unsupported" });
    expect(outcomeOf(one("request_microphone", {}, { effect: { microphone: "denied" } }))).toEqual({ is: "refused", error: "denied" });
    expect(outcomeOf(one("take_photo", {}, null))).toEqual({ is: "waiting" });
  });

  test("shows the effect in short", () => {
    const { facing } = operatorTexts.fr.live;
    expect(effectOf(one("take_photo", {}, { effect: { width: 4032, height: 3024 } }), facing)).toBe("4032×3024");
    expect(effectOf(one("zoom", { level: 2 }, { effect: { zoom: 2 } }), facing)).toBe("2.0×");
    expect(effectOf(one("torch", { on: true }, null), facing)).toBe("");
  });

  test("says in the reader's language which camera, and what was turned on or off", () => {
    const { live } = operatorTexts.fr;
    const other = one("switch_camera", {}, { effect: { facing: "user", width: 640, height: 480 } });
    expect(effectOf(other, live.facing)).toBe("avant 640×480");
    expect(effectOf({ ...other, ack: { ...other.ack!, effect: { facing: null } } }, live.facing)).toBe("");
    expect(nameOf(one("torch", { on: true }, null), live)).toBe("Allumer la lampe");
    expect(nameOf(one("torch", { on: false }, null), live)).toBe("Éteindre la lampe");
    expect(nameOf(one("record", { on: false }, null), operatorTexts.en.live)).toBe("Recording off");
    expect(nameOf(one("take_photo", {}, null), live)).toBe("Photo");
  });

  test("is named by its code where this page is older than the command", () => {
    expect(nameOf({ name: "dance" as never, args: { on: true } }, operatorTexts.fr.live)).toBe("dance");
  });

  test("is the first answer: a late one, or the page's own impatience, changes nothing any more", () => {
    let list = sent([], { id: "a", no: null, name: "torch", args: { on: true }, ack: null });
    list = acknowledged(list, { id: "a", no: 7, ok: true, effect: { torch: true }, error: null });
    list = acknowledged(list, { id: "a", ok: false, effect: null, error: "no-answer" });
    expect(list[0]).toMatchObject({ no: 7, ack: { ok: true } });
    expect(acknowledged(list, { id: "unknown", ok: true, effect: null, error: null })).toEqual(list);
  });

  test("has its number as soon as the record has given one", () => {
    const list = sent([], { id: "a", no: null, name: "torch", args: { on: true }, ack: null });
    expect(numbered(list, "a", 12)[0]!.no).toBe(12);
    expect(numbered(list, "a", "12")[0]!.no).toBeNull();
  });
});

describe("the zoom keys", () => {
  test("go by a tenth of the range, in the camera's own steps, and stop at its ends", () => {
    expect(zoomBy(1, phone())).toBe(1.4);
    expect(zoomBy(1, phone({}, { zoom: 4.9 }))).toBe(5);
    expect(zoomBy(1, phone({}, { zoom: 5 }))).toBeNull();
    expect(zoomBy(-1, phone())).toBeNull();
    expect(zoomBy(1, null)).toBeNull();
    expect(zoomBy(1, phone({ capabilities: { ...phone().capabilities, zoom: { min: 1, max: 1, step: 0 } } }))).toBeNull();
  });
});
