/**
 * An inspection's record as something to step through: its events in order, each with what it was about, and how things stood
 * at any moment. Everything here follows from the record alone.
 */

import type { LiveLevel } from "../../../core/messages";
import type { CaptureView, ChatMessage, EventView } from "../../../core/views";
import type { ReplayView } from "../views";

export type Topic = "all" | "commands" | "photos" | "talk";

/** One line of the timeline. */
export interface Entry {
  readonly event: EventView;
  /** Milliseconds since 1970, by the service's clock. */
  readonly at_ms: number;
  readonly topic: Exclude<Topic, "all"> | null;
  readonly stepId: string | null;
  readonly capture: CaptureView | null;
  readonly message: ChatMessage | null;
  /** For a command: what came back, and how many seconds later. */
  readonly answer: { readonly event: EventView; readonly after_s: number } | null;
}

/** The events by their number, each joined with its photo, its words and the answer to it. */
export function entriesOf(replay: Pick<ReplayView, "events" | "captures" | "chat">): readonly Entry[] {
  const captures = new Map(replay.captures.map((each) => [each.id, each]));
  const messages = new Map(replay.chat.map((each) => [each.id, each]));
  const events = [...replay.events].sort((a, b) => a.seq - b.seq);
  const answers = new Map(
    events.filter((each) => each.kind === "command.acknowledged").map((each) => [text(each.data.id), each]),
  );
  return events.map((event) => {
    const at_ms = Date.parse(event.at);
    const capture = captures.get(text(event.data.capture_id) ?? "") ?? null;
    const answer = event.kind === "command.sent" ? answers.get(text(event.data.id)) : undefined;
    return {
      event,
      at_ms,
      topic: topicOf(event.kind),
      stepId: stepOf(event) ?? capture?.step_id ?? null,
      capture,
      message: messages.get(text(event.data.message_id) ?? "") ?? null,
      answer: answer === undefined ? null : { event: answer, after_s: (Date.parse(answer.at) - at_ms) / 1000 },
    };
  });
}

function topicOf(kind: string): Entry["topic"] {
  const [about] = kind.split(".");
  if (about === "command" || about === "frame" || about === "annotation") return "commands";
  if (about === "capture") return "photos";
  return about === "chat" ? "talk" : null;
}

function stepOf(event: EventView): string | null {
  const args = event.data.args;
  const within = args !== null && typeof args === "object" ? text((args as Record<string, unknown>).step_id) : null;
  return text(event.data.step_id) ?? within;
}

/** How things stood after an event. */
export interface Moment {
  readonly at_ms: number;
  readonly stepId: string | null;
  readonly isSellerIn: boolean;
  readonly call: { readonly operator: string; readonly isPaused: boolean } | null;
  readonly viewers: number;
  readonly level: LiveLevel;
  readonly isRecording: boolean;
  readonly holder: string | null;
  readonly asksForHelp: boolean;
  /** The newest photo of the step, as it had been judged by then. */
  readonly capture: { readonly view: CaptureView; readonly state: "received" | "accepted" | "retake" | "overridden" } | null;
  /** Steps whose newest photo stood accepted. */
  readonly accepted: number;
  /** The frame that stood frozen. */
  readonly frameId: string | null;
  readonly torch: boolean | null;
  readonly zoom: number | null;
}

interface Draft {
  stepId: string | null;
  isSellerIn: boolean;
  call: Moment["call"];
  viewers: Set<string>;
  levels: Set<string>;
  recordings: Set<string>;
  holder: string | null;
  asksForHelp: boolean;
  photos: Map<string, NonNullable<Moment["capture"]>>;
  frameId: string | null;
  torch: boolean | null;
  zoom: number | null;
}

/** How things stood after the entry with this index; before the first for -1. */
export function momentAt(entries: readonly Entry[], index: number): Moment {
  const draft: Draft = {
    stepId: null,
    isSellerIn: false,
    call: null,
    viewers: new Set(),
    levels: new Set(),
    recordings: new Set(),
    holder: null,
    asksForHelp: false,
    photos: new Map(),
    frameId: null,
    torch: null,
    zoom: null,
  };
  const past = entries.slice(0, index + 1);
  for (const entry of past) follow(draft, entry);
  const { viewers, levels, recordings, photos, ...rest } = draft;
  return {
    ...rest,
    at_ms: past.at(-1)?.at_ms ?? entries[0]?.at_ms ?? 0,
    viewers: viewers.size,
    level: levels.has("steering") ? "steer" : levels.has("pointing") ? "point" : levels.has("live_video") ? "watch" : "off",
    isRecording: recordings.size > 0,
    capture: (draft.stepId !== null && photos.get(draft.stepId)) || null,
    accepted: [...photos.values()].filter((each) => each.state === "accepted" || each.state === "overridden").length,
  };
}

function follow(draft: Draft, entry: Entry): void {
  const { event, capture } = entry;
  const { data, kind } = event;
  switch (kind) {
    case "step.entered":
      draft.stepId = text(data.step_id);
      draft.isSellerIn = true;
      break;
    case "seller.joined":
    case "seller.taken_over":
      draft.isSellerIn = true;
      break;
    case "consent.given":
      draft.levels.add(text(data.purpose) ?? "");
      break;
    case "consent.withdrawn":
      draft.levels.delete(text(data.purpose) ?? "");
      break;
    case "call.accepted":
      draft.call = { operator: event.actor.kind === "operator" ? event.actor.name : (draft.holder ?? ""), isPaused: false };
      break;
    case "call.paused":
    case "call.resumed":
      if (draft.call) draft.call = { ...draft.call, isPaused: kind === "call.paused" };
      break;
    case "call.ended":
    case "call.declined":
      draft.call = null;
      draft.viewers.clear();
      draft.frameId = null;
      break;
    case "viewer.joined":
      draft.viewers.add(text(data.viewer_id) ?? "");
      break;
    case "viewer.left":
      draft.viewers.delete(text(data.viewer_id) ?? "");
      break;
    case "operator.claimed":
    case "operator.took_over":
      draft.holder = event.actor.name;
      break;
    case "operator.handed_over":
      draft.holder = text(data.operator_id);
      break;
    case "operator.released":
      draft.holder = null;
      break;
    case "help.asked":
      draft.asksForHelp = true;
      break;
    case "help.answered":
    case "help.withdrawn":
      draft.asksForHelp = false;
      break;
    case "recording.started":
      draft.recordings.add(text(data.recording_id) ?? "");
      break;
    case "recording.finished":
    case "recording.stopped":
    case "recording.deleted":
      draft.recordings.delete(text(data.recording_id) ?? "");
      break;
    case "frame.frozen":
      draft.frameId = text(data.frame_id);
      break;
    case "command.acknowledged":
      // What the camera did is known from the answer, at the moment of the answer.
      if (data.ok === true) obey(draft, data.effect, entry);
      break;
    default:
      if (capture !== null && capture.step_id !== null) photograph(draft, kind, capture, capture.step_id);
  }
}

function photograph(draft: Draft, kind: string, view: CaptureView, stepId: string): void {
  const state = (
    {
      "capture.received": "received",
      "capture.accepted": "accepted",
      "capture.retake_asked": "retake",
      "capture.overridden": "overridden",
      "capture.kept": "overridden",
    } as const
  )[kind];
  if (state !== undefined) draft.photos.set(stepId, { view, state });
  if (kind === "capture.received") draft.stepId = stepId;
}

function obey(draft: Draft, raw: unknown, entry: Entry): void {
  const effect = (raw !== null && typeof raw === "object" ? raw : {}) as Record<string, unknown>;
  if (typeof effect.torch === "boolean") draft.torch = effect.torch;
  if (typeof effect.zoom === "number") draft.zoom = effect.zoom;
  if (typeof effect.frame_id === "string") draft.frameId = effect.frame_id;
  else if (effect.capture_id !== undefined || entry.event.data.name === "unfreeze") draft.frameId = null;
}

// --- moving -----------------------------------------------------------------------------------

/** The last entry that had happened by then; -1 before the first. */
export function indexAt(entries: readonly Entry[], at_ms: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.at_ms <= at_ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The entry so many steps on, of the topic that is shown; stays at both ends. */
export function walk(entries: readonly Entry[], from: number, by: number, topic: Topic): number {
  let index = from;
  let left = Math.abs(by);
  const stride = by < 0 ? -1 : 1;
  for (let next = from + stride; next >= 0 && next < entries.length && left > 0; next += stride) {
    if (topic !== "all" && entries[next]!.topic !== topic) continue;
    index = next;
    left -= 1;
  }
  return index;
}

/** A quiet stretch is not sat through: the next thing that happens, at most so much later. */
const LONGEST_PAUSE_MS = 1_500;

/** Where playing is after some milliseconds: on along the clock, over quiet stretches in one jump; `null` at the end. */
export function playOn(at_ms: number, passed_ms: number, happenings: readonly number[]): number | null {
  const next = happenings.find((each) => each > at_ms);
  if (next === undefined) return null;
  const to = at_ms + passed_ms;
  return next - to > LONGEST_PAUSE_MS ? next - LONGEST_PAUSE_MS : to;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
