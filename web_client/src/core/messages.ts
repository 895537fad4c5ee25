/** The messages of one inspection's WebSocket, as unions to switch on; see the service's `media/signalling.py`. */

import type { SignalPayload } from "./call";
import type { EventView } from "./views";

export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

// --- consent ------------------------------------------------------------------------------------

/** What a seller may allow an operator, each including the ones before. */
export const LIVE_LEVELS = ["off", "watch", "point", "steer"] as const;
export type LiveLevel = (typeof LIVE_LEVELS)[number];

/** Whether what is allowed covers what is wanted. */
export function allows(allowed: LiveLevel, wanted: LiveLevel): boolean {
  return LIVE_LEVELS.indexOf(allowed) >= LIVE_LEVELS.indexOf(wanted);
}

// --- call and commands --------------------------------------------------------------------------

export type CallState = "ringing" | "accepted" | "declined" | "ended";

/** Somebody who looks on beside the operator of the call: a supervisor. */
export interface Viewer {
  readonly viewer_id: string;
  readonly name: string;
}

/** Every command and the level it takes; the service's `media/signalling.py` has the same table. */
export const COMMANDS = {
  go_to_step: "steer",
  take_photo: "steer",
  torch: "steer",
  zoom: "steer",
  switch_camera: "steer",
  freeze: "point",
  unfreeze: "point",
  show_example: "point",
  play_sound: "watch",
  request_microphone: "watch",
  record: "watch",
} as const satisfies Record<string, LiveLevel>;
export type CommandName = keyof typeof COMMANDS;
export type CommandArgs = Readonly<Record<string, string | number | boolean>>;

/** What a hint can say; the service's `vision/judgement.py` has the same list. */
export const HINT_CODES = [
  "ok",
  "no_car",
  "other_side",
  "wrong_view",
  "too_small",
  "cut_off",
  "dark",
  "blur",
  "glare",
  "screen_photo",
  "not_readable",
] as const;
export type HintCode = (typeof HINT_CODES)[number];

/** Why a call ended; the service's `media/signalling.py` has the same list. */
export const END_REASONS = ["hung-up", "unanswered", "connection-lost", "consent-withdrawn", "handed-over", "closed"] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Why a command was not carried out: as the service says, ... */
export const SERVICE_REFUSALS = [
  "no-answer",
  "seller-absent",
  "no-call",
  "paused",
  "level-needed",
  "claim-needed",
] as const;
/** ... as the seller's page says, ... */
export type PhoneRefusal =
  | "step-unknown"
  | "not-taking-photos"
  | "command-unknown"
  | "camera-closed"
  | "no-room"
  | "photo-failed"
  /** This phone or browser cannot do it at all. */
  | "unsupported"
  /** It was asked of the camera, and the camera did not do it. */
  | "no-effect"
  /** The seller, or the phone on the seller's behalf, said no. */
  | "denied"
  | "no-network";
/** ... or as the operator's page knows by itself. */
export type CommandRefusal = (typeof SERVICE_REFUSALS)[number] | PhoneRefusal | "no-line";

/** What becomes of a command; `effect` says what the camera really did. */
export interface Ack {
  readonly id: string;
  readonly ok: boolean;
  readonly effect: Readonly<Record<string, unknown>> | null;
  readonly error: string | null;
}

// --- the phone, as its page tells of it ---------------------------------------------------------

export interface ZoomRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** What this phone and browser can do; a button for what they cannot is disabled, with the reason. */
export interface PhoneCapabilities {
  readonly torch: boolean;
  readonly zoom: ZoomRange | null;
  /** Cameras to switch between. */
  readonly cameras: number;
  readonly take_photo: boolean;
  readonly screen_share: boolean;
  readonly mirror: boolean;
  readonly vibrate: boolean;
  readonly sound: boolean;
  readonly recording: boolean;
}

export type Facing = "environment" | "user";
export type Microphone = "off" | "on" | "muted" | "denied";

/** The whole state of the phone, sent anew whenever something of it changes. */
export interface PhoneState {
  readonly capabilities: PhoneCapabilities;
  readonly camera: {
    /** `stalled`: the browser says that it runs, and no frames come. */
    readonly state: "closed" | "open" | "denied" | "stalled" | "frozen";
    readonly facing: Facing | null;
    readonly width: number;
    readonly height: number;
    /** `null`: the camera does not tell. */
    readonly torch: boolean | null;
    readonly zoom: number | null;
    /** How the analysis gets its frames; `null` when it gets none. */
    readonly method: "peer" | "jpeg" | null;
  };
  readonly screen: { readonly screen: string; readonly step_id: string | null; readonly shot: boolean };
  readonly battery: { readonly level: number; readonly charging: boolean } | null;
  readonly network: { readonly online: boolean; readonly type: string | null; readonly rtt_ms: number | null };
  readonly uploads: { readonly waiting: number; readonly bytes: number; readonly sent_share: number | null };
  readonly visible: boolean;
  readonly microphone: Microphone;
  readonly sharing_screen: boolean;
  readonly level: LiveLevel;
}

// --- the two directions -------------------------------------------------------------------------

export interface ChatMessage {
  readonly id: string;
  readonly from: "seller" | "operator";
  readonly name: string;
  readonly text: string;
  readonly at: string;
  readonly read_aloud: boolean;
}
export const MOST_CHAT_CHARACTERS = 500;

/** A sentence of this page that the service has not confirmed. */
export interface Unsaid {
  /** The page's own, so that saying it again stores nothing twice. */
  readonly id: string;
  readonly text: string;
  /** The service will not have it; only a person tries again. */
  readonly isRefused: boolean;
}

/** What the service sends. */
export type Incoming =
  | {
      readonly type: "welcome";
      readonly role: "seller" | "operator";
      readonly heartbeat_s: number;
      readonly ice_servers: readonly IceServer[];
      /** When the relay's credentials end; `null` without a relay. */
      readonly ice_expires_at: string | null;
      /** Only the relay may be used: no address of this network is told to the other side. */
      readonly relay_only: boolean;
      readonly live_level: LiveLevel;
      readonly name: string;
      /** The call that rings or goes on; a page that believes in another one knows that it is over. */
      readonly call_id: string | null;
      /** How the service calls this page, until the line breaks. */
      readonly page_id: string;
    }
  | { readonly type: "ice"; readonly ice_servers: readonly IceServer[]; readonly expires_at: string | null }
  | { readonly type: "event"; readonly event: EventView }
  | { readonly type: "presence"; readonly seller: boolean; readonly operators: readonly string[] }
  | {
      readonly type: "call";
      readonly call_id: string;
      readonly state: CallState;
      readonly operator_name: string;
      readonly operator_id?: string;
      /** In which of the operator's pages it is. */
      readonly page_id?: string;
      readonly paused: boolean;
      readonly viewers: readonly Viewer[];
      readonly reason?: string;
    }
  | {
      readonly type: "signal";
      readonly from: "seller" | "operator";
      /** Absent for the call itself; else the second viewer whose connection this is about. */
      readonly viewer_id?: string;
      readonly payload: SignalPayload;
    }
  | { readonly type: "command"; readonly id: string; readonly name: CommandName; readonly args: CommandArgs }
  | ({ readonly type: "ack"; readonly no?: number } & Ack)
  | { readonly type: "phone"; readonly phone: PhoneState | null }
  /** `client_id`: to the author's pages, the sentence's own id. */
  | ({ readonly type: "chat"; readonly client_id?: string } & ChatMessage)
  | { readonly type: "hint"; readonly code: string; readonly ok: boolean; readonly view: string | null }
  | { readonly type: "analysis"; readonly description: RTCSessionDescriptionInit | null }
  | { readonly type: "problem"; readonly problem: Readonly<Record<string, unknown>> }
  | { readonly type: "pong" };

/** What a page sends. */
export type Outgoing =
  | { readonly type: "ping" }
  | { readonly type: "ice" }
  | { readonly type: "call.open" | "call.accept" | "call.decline" | "call.end" | "call.pause" | "call.resume" }
  | { readonly type: "watch.join" | "watch.leave" }
  | { readonly type: "viewer.end"; readonly viewer_id: string }
  | { readonly type: "signal"; readonly viewer_id?: string; readonly payload: SignalPayload }
  | { readonly type: "command"; readonly id: string; readonly name: CommandName; readonly args: CommandArgs }
  | ({ readonly type: "ack" } & Ack)
  | { readonly type: "phone"; readonly phone: PhoneState }
  | { readonly type: "chat"; readonly id: string; readonly text: string; readonly read_aloud?: boolean }
  | { readonly type: "analysis.offer"; readonly description: RTCSessionDescriptionInit }
  | { readonly type: "analysis.candidate"; readonly candidate: RTCIceCandidateInit | null }
  | { readonly type: "watch.step"; readonly step_id: string };
