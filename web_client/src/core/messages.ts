/** The messages of one inspection's WebSocket, as unions to switch on; see the service's `media/signalling.py`. */

import type { SignalPayload } from "./call";
import type { EventView } from "./views";

export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export type CallState = "ringing" | "accepted" | "declined" | "ended";

export type CommandName = "go_to_step" | "take_photo";

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
export const END_REASONS = ["hung-up", "unanswered", "connection-lost", "consent-withdrawn"] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Why a command was not carried out: as the service says, ... */
export const SERVICE_REFUSALS = ["no-answer", "seller-absent", "no-call"] as const;
/** ... as the seller's page says, ... */
export type PhoneRefusal =
  | "step-unknown"
  | "not-taking-photos"
  | "command-unknown"
  | "camera-closed"
  | "no-room"
  | "photo-failed";
/** ... or as the operator's page knows by itself. */
export type CommandRefusal = (typeof SERVICE_REFUSALS)[number] | PhoneRefusal | "no-line";

/** What the service sends. */
export type Incoming =
  | {
      readonly type: "welcome";
      readonly role: "seller" | "operator";
      readonly heartbeat_s: number;
      readonly ice_servers: readonly IceServer[];
      readonly name: string;
    }
  | { readonly type: "event"; readonly event: EventView }
  | { readonly type: "presence"; readonly seller: boolean; readonly operators: readonly string[] }
  | {
      readonly type: "call";
      readonly call_id: string;
      readonly state: CallState;
      readonly operator_name: string;
      readonly operator_id?: string;
      readonly reason?: string;
    }
  | { readonly type: "signal"; readonly from: "seller" | "operator"; readonly payload: SignalPayload }
  | {
      readonly type: "command";
      readonly id: string;
      readonly name: CommandName;
      readonly args: Readonly<Record<string, string>>;
    }
  | ({ readonly type: "ack" } & Ack)
  | { readonly type: "hint"; readonly code: string; readonly ok: boolean; readonly view: string | null }
  | { readonly type: "analysis"; readonly description: RTCSessionDescriptionInit | null }
  | { readonly type: "problem"; readonly problem: Readonly<Record<string, unknown>> }
  | { readonly type: "pong" };

/** What becomes of a command; `effect` says what the camera really did. */
export interface Ack {
  readonly id: string;
  readonly ok: boolean;
  readonly effect: Readonly<Record<string, unknown>> | null;
  readonly error: string | null;
}

/** What a page sends. */
export type Outgoing =
  | { readonly type: "ping" }
  | { readonly type: "call.open" | "call.accept" | "call.decline" | "call.end" }
  | { readonly type: "signal"; readonly payload: SignalPayload }
  | {
      readonly type: "command";
      readonly id: string;
      readonly name: CommandName;
      readonly args: Readonly<Record<string, string>>;
    }
  | ({ readonly type: "ack" } & Ack)
  | { readonly type: "analysis.offer"; readonly description: RTCSessionDescriptionInit }
  | { readonly type: "analysis.candidate"; readonly candidate: RTCIceCandidateInit | null }
  | { readonly type: "watch.step"; readonly step_id: string };
