/**
 * Where the seller is, as one value, and every way it may change, as one pure function.
 *
 * What the service knows is in `view`; what only this phone knows (photos on their way, the place on the page, the line)
 * is beside it. What people see is derived from both by the functions at the end.
 */

import type { CallState, ChatMessage, EndReason, LiveLevel, Unsaid, Viewer } from "./messages";
import type { LineState } from "./session-socket";
import type { Waiting } from "./upload-queue";
import type { Advice, InspectionState, LinkPreview, SellerView, StepView } from "./views";

/** Why this page cannot go on by itself. */
export type StopReason =
  | "no_link"
  | "link_unknown"
  | "link_expired"
  | "taken_over"
  | "other_tab"
  | "insecure"
  | "too_many_tries"
  | "unexpected";

/** The part of the work that is on the screen. */
export type Place =
  | { readonly screen: "consents" }
  /** `shot` is the photo just taken whose verdict is awaited; `null` shows the camera. */
  | { readonly screen: "step"; readonly stepId: string; readonly shot: string | null }
  | { readonly screen: "review" }
  | { readonly screen: "damage" }
  | { readonly screen: "sign" }
  | { readonly screen: "done" }
  | { readonly screen: "closed" };

/** One line of news at the top of the screen, until it is tapped away. */
export type Notice =
  | { readonly is: "retake_asked"; readonly stepId: string }
  | { readonly is: "retake_judged"; readonly stepId: string }
  /** Photos besides the checklist; `stepId` is the first of those that are new to the seller. */
  | { readonly is: "photos_asked"; readonly stepId: string; readonly count: number }
  | { readonly is: "operator_moved"; readonly stepId: string; readonly operator: string }
  | { readonly is: "help_coming" }
  /** A call ended, and not by this phone. */
  | { readonly is: "call_over"; readonly operator: string; readonly reason: EndReason }
  | { readonly is: "no_room" }
  /** A photo of declared damage the service will not have; it stays on the phone until this is tapped away. */
  | { readonly is: "damage_refused"; readonly captureId: string; readonly slug: string };

/** Whether a notice asks nothing of the seller, so that it leaves by itself instead of covering the picture. */
export function isPassing(notice: Notice): boolean {
  return notice.is === "operator_moved" || notice.is === "help_coming" || notice.is === "call_over";
}

export interface Call {
  readonly id: string;
  readonly operatorName: string;
  readonly state: CallState;
  readonly isPaused: boolean;
  readonly viewers: readonly Viewer[];
}

export interface Hint {
  readonly code: string;
  readonly isOk: boolean;
}

export interface Inside {
  readonly at: "inside";
  readonly view: SellerView;
  readonly place: Place;
  readonly waiting: readonly Waiting[];
  /** Photos the service has got since this page was opened, with the number of the view that was shown then. */
  readonly arrived: Readonly<Record<string, number>>;
  readonly line: LineState;
  readonly isOnline: boolean;
  readonly operators: readonly string[];
  readonly call: Call | null;
  readonly hint: Hint | null;
  readonly notice: Notice | null;
  readonly chat: readonly ChatMessage[];
  /** What the seller wrote and the service has not confirmed. */
  readonly unsaid: readonly Unsaid[];
  /** Messages of an operator that were not shown yet. */
  readonly unread: number;
}

export type SellerState =
  | { readonly at: "starting" }
  /** The service does not answer; the page keeps trying. */
  | { readonly at: "unreached" }
  | { readonly at: "stopped"; readonly why: StopReason }
  | { readonly at: "welcome"; readonly token: string; readonly preview: LinkPreview }
  | {
      readonly at: "takeover";
      readonly token: string;
      readonly preview: LinkPreview;
      readonly sentTo: string | null;
    }
  | Inside;

export type Happening =
  | { readonly is: "stopped"; readonly why: StopReason }
  | { readonly is: "unreached" }
  | { readonly is: "previewed"; readonly token: string; readonly preview: LinkPreview }
  | { readonly is: "used_elsewhere" }
  | { readonly is: "code_sent"; readonly sentTo: string }
  /** `remembered` is where an earlier page of this phone was. */
  | { readonly is: "viewed"; readonly view: SellerView; readonly remembered?: Place | null }
  | { readonly is: "went"; readonly place: Place }
  | { readonly is: "queued"; readonly waiting: readonly Waiting[] }
  | { readonly is: "arrived"; readonly captureId: string }
  | { readonly is: "line"; readonly state: LineState }
  | { readonly is: "network"; readonly isOnline: boolean }
  | { readonly is: "present"; readonly operators: readonly string[] }
  | { readonly is: "called"; readonly call: Call }
  | { readonly is: "hinted"; readonly hint: Hint | null }
  | { readonly is: "chatted"; readonly message: ChatMessage; readonly clientId?: string | undefined }
  | { readonly is: "wrote"; readonly unsaid: readonly Unsaid[] }
  /** The whole conversation, as the service has it. */
  | { readonly is: "chat_read_again"; readonly messages: readonly ChatMessage[] }
  /** The seller looks at the conversation. */
  | { readonly is: "chat_seen" }
  | { readonly is: "noticed"; readonly notice: Notice | null };

const CLOSED: ReadonlySet<InspectionState> = new Set(["cancelled", "expired", "rejected"]);
const SIGNED: ReadonlySet<InspectionState> = new Set(["seller_signed", "signed_off", "sealed"]);

export const START: SellerState = { at: "starting" };

/** The next state; the same object when nothing changes. */
export function reduce(state: SellerState, happening: Happening): SellerState {
  switch (happening.is) {
    case "stopped":
      return { at: "stopped", why: happening.why };
    case "unreached":
      return state.at === "inside" ? state : { at: "unreached" };
    case "previewed":
      return { at: "welcome", token: happening.token, preview: happening.preview };
    case "used_elsewhere":
      if (state.at !== "welcome") return state;
      return { at: "takeover", token: state.token, preview: state.preview, sentTo: null };
    case "code_sent":
      return state.at === "takeover" ? { ...state, sentTo: happening.sentTo } : state;
    case "viewed":
      return viewed(state, happening.view, happening.remembered ?? null);
    default:
      return state.at === "inside" ? inside(state, happening) : state;
  }
}

type InsideHappening = Exclude<
  Happening,
  { is: "stopped" | "unreached" | "previewed" | "used_elsewhere" | "code_sent" | "viewed" }
>;

function inside(state: Inside, happening: InsideHappening): Inside {
  switch (happening.is) {
    case "went": {
      const place = settled(happening.place, state.view);
      return { ...state, place, hint: null, notice: isAbout(state.notice, place) ? null : state.notice };
    }
    case "queued":
      return { ...state, waiting: happening.waiting };
    case "arrived":
      return { ...state, arrived: { ...state.arrived, [happening.captureId]: state.view.event_seq } };
    case "line":
      return { ...state, line: happening.state };
    case "network":
      return state.isOnline === happening.isOnline ? state : { ...state, isOnline: happening.isOnline };
    case "present":
      return { ...state, operators: happening.operators };
    case "called": {
      const isOver = happening.call.state === "ended" || happening.call.state === "declined";
      const call = isOver ? null : happening.call;
      // A hint is about a picture that nobody looks at now; the shutter must not go by it.
      return { ...state, call, hint: call?.isPaused ? null : state.hint };
    }
    case "hinted":
      return state.call?.isPaused ? state : { ...state, hint: happening.hint };
    case "noticed":
      return { ...state, notice: happening.notice };
    case "chatted":
      return chatted(said(state, happening.clientId), happening.message);
    case "wrote":
      return { ...state, unsaid: happening.unsaid };
    case "chat_read_again":
      return happening.messages.reduce(chatted, state);
    case "chat_seen":
      return state.unread === 0 ? state : { ...state, unread: 0 };
  }
}

/** The service has this sentence of ours. */
function said(state: Inside, clientId: string | undefined): Inside {
  if (!state.unsaid.some((each) => each.id === clientId)) return state;
  return { ...state, unsaid: state.unsaid.filter((each) => each.id !== clientId) };
}

/** A message comes once, in the order of the service's times, whichever way it came first. */
function chatted(state: Inside, message: ChatMessage): Inside {
  if (state.chat.some((known) => known.id === message.id)) return state;
  const chat = [...state.chat, message].sort((a, b) => a.at.localeCompare(b.at));
  return { ...state, chat, unread: state.unread + (message.from === "operator" ? 1 : 0) };
}

function viewed(state: SellerState, view: SellerView, remembered: Place | null): SellerState {
  if (state.at === "inside") {
    // Answers may overtake each other: the log's number says which view is newer.
    if (view.event_seq < state.view.event_seq) return state;
    const place = settled(state.place, view);
    const notice = noticeOf(state, view);
    return { ...state, view, place, notice: isAbout(notice, place) ? null : notice };
  }
  const call = view.call;
  return {
    at: "inside",
    view,
    place: settled(remembered === null || isFinished(remembered) ? firstPlace(view) : remembered, view),
    waiting: [],
    arrived: {},
    line: "closed",
    isOnline: true,
    operators: [],
    call: call && {
      id: call.id,
      operatorName: call.operator_name,
      state: call.state,
      isPaused: false, // the line says, as soon as it is open
      viewers: [],
    },
    hint: null,
    notice: null,
    chat: [],
    unsaid: [],
    unread: 0,
  };
}

/**
 * The news with a newer view: steps the seller had not seen are photos somebody asked for, however the view came (the
 * line, a poll, a phone that wakes up); news about a step that is gone is none any more.
 */
function noticeOf(state: Inside, view: SellerView): Notice | null {
  const { notice } = state;
  const asked = view.steps.filter((step) => isToDo(step) && !state.view.steps.some((known) => known.id === step.id));
  const first = asked[0];
  const about = notice !== null && "stepId" in notice ? view.steps.find((step) => step.id === notice.stepId) : undefined;
  const isTaken = notice?.is === "photos_asked" && about !== undefined && !isToDo(about);
  const isOver = isTaken || (notice !== null && "stepId" in notice && about === undefined);
  if (first === undefined) return isOver ? null : notice;
  if (notice?.is === "photos_asked" && !isOver) return { ...notice, count: notice.count + asked.length };
  return { is: "photos_asked", stepId: first.id, count: asked.length };
}

/** Whether a page was left with nothing to do: whatever there is to do now is new, and is shown first. */
function isFinished(place: Place): boolean {
  return place.screen === "done" || place.screen === "closed" || place.screen === "sign";
}

/** Where a page starts that remembers nothing. */
function firstPlace(view: SellerView): Place {
  const current = view.steps.find((step) => step.id === view.inspection.current_step);
  if (current !== undefined && isToDo(current)) return { screen: "step", stepId: current.id, shot: null };
  const open = view.steps.find(isToDo);
  return open === undefined ? { screen: "review" } : { screen: "step", stepId: open.id, shot: null };
}

/** Keep a place only while the inspection's state allows it. */
function settled(place: Place, view: SellerView): Place {
  const state = view.inspection.state;
  if (CLOSED.has(state)) return { screen: "closed" };
  if (SIGNED.has(state)) return { screen: "done" };
  if (state === "review") return { screen: "sign" };
  if (!view.consents.photos) return { screen: "consents" };
  switch (place.screen) {
    case "step":
      return view.steps.some((step) => step.id === place.stepId) ? place : firstPlace(view);
    case "review":
    case "damage":
      return place;
    case "consents":
      return firstPlace(view);
    default:
      return { screen: "review" }; // It was reopened: something is to be done again.
  }
}

function isAbout(notice: Notice | null, place: Place): boolean {
  return notice !== null && "stepId" in notice && place.screen === "step" && place.stepId === notice.stepId;
}

const isToDo = (step: StepView): boolean => step.status === "open" || step.status === "retake";

// --- what people see, derived -----------------------------------------------------------------

/** The line of news to show: what just happened, else a refused photo of damage, which no step's screen would show. */
export function newsOf(state: Inside): Notice | null {
  if (state.notice !== null) return state.notice;
  const photo = state.waiting.find((waiting) => waiting.stepId === null && waiting.state === "refused");
  if (photo === undefined) return null;
  return { is: "damage_refused", captureId: photo.captureId, slug: photo.slug ?? "unknown" };
}

/** A step's status with what this phone knows: `kept` is a photo that the service does not have yet. */
export type SeenStatus = StepView["status"] | "kept";

export function seenStatus(state: Inside, step: StepView): SeenStatus {
  return state.waiting.some((photo) => photo.stepId === step.id && photo.state !== "refused") ? "kept" : step.status;
}

/** Steps with nothing to do for the seller now. */
export function doneCount(state: Inside): number {
  return state.view.steps.filter((step) => !isStillToDo(state, step)).length;
}

function isStillToDo(state: Inside, step: StepView): boolean {
  const status = seenStatus(state, step);
  return status === "open" || status === "retake";
}

/** The step to go to after this one: the next to do, round to the first, `null` when none is left. */
export function nextStep(state: Inside, afterId: string | null): StepView | null {
  const steps = state.view.steps;
  const from = steps.findIndex((step) => step.id === afterId) + 1;
  const round = [...steps.slice(from), ...steps.slice(0, from)];
  return round.find((step) => step.id !== afterId && isStillToDo(state, step)) ?? null;
}

/** What is known about the photo just taken. */
export type Verdict =
  | { readonly is: "waiting" }
  | { readonly is: "sending"; readonly share: number }
  | { readonly is: "refused"; readonly slug: string }
  | { readonly is: "checking" }
  | { readonly is: "good" }
  /** The new photo was refused, and an earlier one that was accepted stands. */
  | { readonly is: "earlier" }
  | { readonly is: "again"; readonly advice: Advice | null; readonly canKeep: boolean };

export function verdictOf(state: Inside, step: StepView, shot: string): Verdict {
  const photo = state.waiting.find((waiting) => waiting.captureId === shot);
  if (photo !== undefined) {
    if (photo.state === "refused") return { is: "refused", slug: photo.slug ?? "unknown" };
    return photo.state === "sending" ? { is: "sending", share: photo.share } : { is: "waiting" };
  }
  if (step.capture?.id !== shot) {
    // The step shows another photo: either the view is older than the upload, or an earlier photo stands.
    const isNewer = state.view.event_seq > (state.arrived[shot] ?? -1);
    return step.status === "done" && isNewer ? { is: "earlier" } : { is: "checking" };
  }
  switch (step.capture.state) {
    case "accepted":
    case "overridden":
      return { is: "good" };
    case "retake":
      return { is: "again", advice: step.capture.advice ?? step.advice, canKeep: step.can_keep };
    default:
      return { is: "checking" };
  }
}

/** Photos that have not reached the service, and so would be missed if this phone were lost. */
export function unsent(state: Inside): readonly Waiting[] {
  return state.waiting.filter((photo) => photo.state !== "refused");
}

/** What an operator of the present call may do now: nothing while there is none, or while it is paused. */
export function liveLevelOf(state: SellerState): LiveLevel {
  if (state.at !== "inside" || state.call?.state !== "accepted" || state.call.isPaused) return "off";
  return state.view.consents.live_level;
}

/** Whether the service may look at the camera: agreed to, there to be told, and not while the seller shows nothing. */
export function mayBeAnalysed(state: SellerState): boolean {
  if (state.at !== "inside" || state.line !== "open" || state.call?.isPaused) return false;
  return state.view.consents.live_level !== "off";
}

/** Whether something the service does is awaited: a verdict, or the seal. */
export function isAwaiting(state: Inside): boolean {
  const { place, view } = state;
  if (place.screen === "done") return !view.report_ready;
  return view.steps.some((step) => step.status === "sent") || (place.screen === "step" && place.shot !== null);
}
