/**
 * Commands to the phone, as the desk knows them: whether one may be given now and else why not, and what came of those given.
 *
 * An acknowledgement alone says little: what counts is what was read back from the camera afterwards.
 */

import { allows, COMMANDS, type Ack, type CommandArgs, type CommandName, type LiveLevel, type PhoneState } from "../../../core/messages";
import { inWords } from "../../../core/words";

export interface SentCommand {
  readonly id: string;
  /** Its number in the inspection's record; `null` until the service has said it. */
  readonly no: number | null;
  readonly name: CommandName;
  readonly args: CommandArgs;
  readonly ack: Ack | null;
}

/** Why a command cannot be given now; each has a sentence in the locales. */
export type WhyNot =
  | "claim"
  | "no-call"
  | "no-line"
  | "absent"
  | "paused"
  | "level-point"
  | "level-steer"
  | "not-told"
  | "no-torch"
  | "no-zoom"
  | "one-camera"
  | "no-sound"
  | "no-recording"
  | "no-camera"
  | "not-frozen"
  | "frozen"
  | "microphone-on"
  | "hidden"
  | "zoom-end";

export interface Situation {
  readonly isMine: boolean;
  readonly isAccepted: boolean;
  readonly isPaused: boolean;
  /** `null`: not known, as while the line to the service is away. */
  readonly seller: boolean | null;
  readonly level: LiveLevel;
  readonly isRecording: boolean;
  readonly isFrozen: boolean;
  /** `null`: the phone has told nothing of itself yet. */
  readonly phone: PhoneState | null;
}

/** The reason a command is not offered, most basic first; `null` when it may be given. */
export function whyNot(name: CommandName, now: Situation): WhyNot | null {
  if (!now.isMine) return "claim";
  if (!now.isAccepted) return "no-call";
  if (now.seller === null) return "no-line";
  if (!now.seller) return "absent";
  if (now.isPaused) return "paused";
  const needed = COMMANDS[name];
  if (!allows(now.level, needed)) return needed === "steer" ? "level-steer" : "level-point";
  // What turns something over must know how it is.
  if (now.phone === null) return name === "torch" || name === "zoom" ? "not-told" : null;
  return whyNotThisPhone(name, now, now.phone);
}

function whyNotThisPhone(name: CommandName, now: Situation, phone: PhoneState): WhyNot | null {
  const { capabilities, camera } = phone;
  const isRunning = camera.state === "open" || camera.state === "frozen" || camera.state === "stalled";
  switch (name) {
    case "torch":
      return capabilities.torch ? null : isRunning ? "no-torch" : "no-camera";
    case "zoom":
      return capabilities.zoom !== null ? null : isRunning ? "no-zoom" : "no-camera";
    case "switch_camera":
      return !isRunning ? "no-camera" : capabilities.cameras > 1 ? null : "one-camera";
    case "take_photo":
      return !isRunning ? "no-camera" : now.isFrozen ? "frozen" : phone.visible ? null : "hidden";
    case "freeze":
      return isRunning ? null : "no-camera";
    case "unfreeze":
      return now.isFrozen ? null : "not-frozen";
    case "play_sound":
      return capabilities.sound || capabilities.vibrate ? null : "no-sound";
    case "request_microphone":
      return phone.microphone === "on" ? "microphone-on" : null;
    case "record":
      if (now.isRecording) return null; // to end it is always allowed
      return capabilities.recording ? null : "no-recording"; // the phone asks the seller, who may not have agreed yet
    default:
      return null;
  }
}

/** How far one step of the zoom key goes: a tenth of the range, in the camera's own steps. */
export function zoomBy(direction: 1 | -1, phone: PhoneState | null): number | null {
  const range = phone?.capabilities.zoom;
  if (!range || !(range.max > range.min)) return null;
  const now = phone?.camera.zoom ?? range.min;
  const own = range.step > 0 ? range.step : 0.1;
  const stride = Math.max(own, Math.round((range.max - range.min) / 10 / own) * own);
  const to = Math.min(range.max, Math.max(range.min, now + direction * stride));
  return Math.abs(to - now) < own / 2 ? null : Math.round(to * 100) / 100;
}

export type Outcome =
  | { readonly is: "waiting" }
  | { readonly is: "done" }
  /** The phone took the command, and the camera is as it was. */
  | { readonly is: "nothing" }
  | { readonly is: "refused"; readonly error: string };

/** What came of a command, by what was read back and not by the acknowledgement's word alone. */
export function outcomeOf(command: SentCommand): Outcome {
  const { ack, args } = command;
  if (ack === null) return { is: "waiting" };
  if (!ack.ok) return ack.error === "no-effect" ? { is: "nothing" } : { is: "refused", error: ack.error ?? "" };
  const effect = ack.effect ?? {};
  switch (command.name) {
    case "torch":
      return effect.torch === args.on ? { is: "done" } : { is: "nothing" };
    case "zoom":
      return isNear(effect.zoom, args.level) ? { is: "done" } : { is: "nothing" };
    case "go_to_step":
    case "show_example":
      return effect.step_id === undefined || effect.step_id === args.step_id ? { is: "done" } : { is: "nothing" };
    case "request_microphone":
      return effect.microphone === "denied" || effect.microphone === "off"
        ? { is: "refused", error: "denied" }
        : { is: "done" };
    case "play_sound":
      return effect.played === false ? { is: "nothing" } : { is: "done" };
    default:
      return { is: "done" };
  }
}

function isNear(read: unknown, asked: unknown): boolean {
  if (typeof read !== "number" || typeof asked !== "number") return false;
  return Math.abs(read - asked) <= Math.max(0.1, asked * 0.05);
}

/** The phone as it is after a command: it tells so itself a second later, when the key may have been pressed again. */
export function lensAfter(phone: PhoneState | null, done: SentCommand): PhoneState | null {
  const { torch, zoom } = done.ack?.effect ?? {};
  if (phone === null) return null;
  if (done.name === "torch" && typeof torch === "boolean") return { ...phone, camera: { ...phone.camera, torch } };
  if (done.name === "zoom" && typeof zoom === "number") return { ...phone, camera: { ...phone.camera, zoom } };
  return phone;
}

/** What was read back, as short as an operator needs it: `1280×720`, `2,0×`, `front 640×480`. */
export function effectOf(command: SentCommand, facings: Readonly<Record<string, string>>): string {
  const effect = command.ack?.effect;
  if (!effect) return "";
  const { width, height, zoom, facing } = effect;
  const size = typeof width === "number" && typeof height === "number" ? `${width}×${height}` : "";
  if (command.name === "zoom" && typeof zoom === "number") return `${zoom.toFixed(1)}×`;
  if (command.name === "switch_camera") return [inWords(facings, String(facing)), size].filter(Boolean).join(" ");
  return size;
}

/** A command in the words of whoever reads, and for what is turned on or off: which of the two. */
export function nameOf(
  { name, args }: Pick<SentCommand, "name" | "args">,
  words: { readonly commandNames: Readonly<Record<string, string>>; readonly switched: Readonly<Record<string, { on: string; off: string }>> },
): string {
  const both = typeof args.on === "boolean" ? words.switched[name] : undefined;
  return both?.[args.on === true ? "on" : "off"] ?? inWords(words.commandNames, name) ?? name;
}

const MOST_SHOWN = 8;

/** The list with one more, the newest first. */
export function sent(commands: readonly SentCommand[], command: SentCommand): readonly SentCommand[] {
  return [command, ...commands].slice(0, MOST_SHOWN);
}

/** The list after an acknowledgement; the first one counts, also when another comes late. */
export function acknowledged(commands: readonly SentCommand[], ack: Ack & { readonly no?: number }): readonly SentCommand[] {
  const { id, ok, effect, error } = ack;
  return commands.map((each) =>
    each.id === id ? { ...each, no: ack.no ?? each.no, ack: each.ack ?? { id, ok, effect, error } } : each,
  );
}

/** The list after the record has named a command's number. */
export function numbered(commands: readonly SentCommand[], id: unknown, no: unknown): readonly SentCommand[] {
  if (typeof no !== "number") return commands;
  return commands.map((each) => (each.id === id ? { ...each, no } : each));
}
