/** Everything the operator can make the phone do: its key, its name, whether it may be done now, and how. */

import type { CommandArgs, CommandName } from "../../../core/messages";
import type { CaseModel } from "../case-model";
import { whyNot, zoomBy, type WhyNot } from "./commands";

export interface Act {
  /** Also its name in `texts.live.acts`. */
  readonly id: ActId;
  readonly key: string;
  /** Why not, as a code with a sentence in `texts.live.whyNot`; `null` when it may be done. */
  readonly why: WhyNot | null;
  /** For what is on or off: which of the two it is. */
  readonly isOn?: boolean;
  readonly run: () => void;
}

export type ActId =
  | "goHere"
  | "photo"
  | "freeze"
  | "torch"
  | "zoomIn"
  | "zoomOut"
  | "switchCamera"
  | "example"
  | "sound"
  | "microphone"
  | "record";

/** The acts in the order of the command bar. */
export function acts(model: CaseModel): readonly Act[] {
  const { live } = model;
  const now = live.situation;
  const { phone } = now;
  // What is asked is looked up when it is asked: two keys in a row are faster than the page is drawn.
  const one = (id: ActId, key: string, name: CommandName, args: () => CommandArgs | null, more: Partial<Act> = {}): Act => ({
    id,
    key,
    why: whyNot(name, now),
    run: () => {
      const wanted = args();
      if (wanted !== null) live.command(name, wanted);
    },
    ...more,
  });
  const zoom = (id: ActId, key: string, direction: 1 | -1): Act => {
    const act = one(id, key, "zoom", () => {
      const level = zoomBy(direction, live.phone.value);
      return level === null ? null : { level };
    });
    return act.why === null && zoomBy(direction, phone) === null ? { ...act, why: "zoom-end" } : act;
  };
  const none = (): CommandArgs => ({});
  const isTorchOn = (): boolean => live.phone.value?.camera.torch === true;
  const about = (): CommandArgs | null => {
    const step = model.step.value;
    return step === null ? null : { step_id: step.id };
  };
  return [
    one("goHere", "g", "go_to_step", about),
    one("photo", "t", "take_photo", none),
    one("freeze", "z", now.isFrozen ? "unfreeze" : "freeze", none, { isOn: now.isFrozen }),
    one("torch", "b", "torch", () => ({ on: !isTorchOn() }), { isOn: isTorchOn() }),
    zoom("zoomIn", "+", 1),
    zoom("zoomOut", "-", -1),
    one("switchCamera", "s", "switch_camera", none),
    one("example", "e", "show_example", about),
    one("sound", "u", "play_sound", none),
    one("microphone", "i", "request_microphone", none),
    one("record", "R", "record", () => ({ on: !live.situation.isRecording }), { isOn: now.isRecording }),
  ];
}
