/** What the service answers with, as the pages read it: the shapes of the HTTP contract, shared by both pages. */

import type { ChatMessage, LiveLevel } from "./messages";

export type { ChatMessage, LiveLevel };
export type Language = "fr" | "en";
export type Purpose = "listing" | "collection" | "delivery" | "return";
export type InspectionState =
  | "ordered"
  | "invited"
  | "in_progress"
  | "review"
  | "seller_signed"
  | "signed_off"
  | "sealed"
  | "cancelled"
  | "expired"
  | "rejected";
export type CaptureState = "received" | "judged" | "accepted" | "retake" | "overridden";
export type StepStatus = "open" | "sent" | "retake" | "done" | "skipped";
export type Voice = "model" | "operator" | "seller";
/** `x1, y1, x2, y2` in pixels of the upright photo. */
export type Box = readonly [number, number, number, number];

export interface Vehicle {
  readonly plate: string | null;
  readonly vin: string | null;
  readonly make: string | null;
  readonly model: string | null;
  readonly first_registration: string | null;
  readonly fuel: string | null;
  readonly declared_mileage_km: number | null;
}

export interface Actor {
  readonly kind: "platform" | "seller" | "operator" | "service";
  readonly name: string;
}

export interface Advice {
  readonly code: string;
  readonly sentence: string;
}

export interface Detection {
  readonly kind: string;
  readonly box: Box;
  readonly score: number;
}

/** The model's opinion of one photo; reasons are codes, put into words by the pages. */
export interface Judgement {
  readonly model_set: string;
  readonly width: number;
  readonly height: number;
  readonly asked: string | null;
  readonly view: string;
  readonly view_score: number;
  readonly views: Readonly<Record<string, number>>;
  readonly accepted: boolean;
  readonly reasons: readonly string[];
  readonly quality: {
    readonly sharpness: number;
    readonly brightness: number;
    readonly clipped_share: number;
    readonly faults: readonly string[];
  };
  readonly scene: readonly Detection[];
  readonly detections: readonly Detection[];
  readonly odometer: {
    readonly reading: string | null;
    readonly confidence: number;
    readonly unit: string | null;
    readonly box: Box | null;
    readonly why_not: string | null;
  } | null;
  readonly seconds: number;
  /** Absent in records from before plates and numbers were read. */
  readonly plate?: Identity | null;
  readonly vin?: Identity | null;
  /** Photos that look like copies of this one, or it of them. */
  readonly same_as?: readonly { readonly capture_id: string; readonly inspection_id: string }[];
}

/** Whether what stands on the car is what was ordered; the text that was read is not kept. `no` is a doubt. */
export interface Identity {
  readonly matches_order: "yes" | "no" | "not_read" | "not_stated";
  readonly confidence: number;
  readonly box: Box | null;
  readonly why_not: string | null;
  readonly evidence: readonly string[];
}

export interface CaptureView {
  readonly id: string;
  readonly step_id: string | null;
  readonly attempt: number;
  readonly state: CaptureState;
  readonly received_at: string;
  readonly thumb_url: string;
  readonly photo_url: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly judgement: Judgement | null;
  readonly decided_by: Actor | null;
  readonly decision_reason: string | null;
  readonly advice: Advice | null;
}

export interface FindingView {
  readonly id: string;
  readonly capture_id: string | null;
  readonly more_capture_ids: readonly string[];
  readonly source: Voice;
  readonly kind: string;
  readonly kind_label: string;
  readonly box: Box | null;
  readonly part: string | null;
  readonly severity: "minor" | "major" | null;
  readonly model_score: number | null;
  readonly text: string | null;
  readonly verdict: "confirmed" | "rejected" | null;
  readonly verdict_by: Actor | null;
  readonly verdict_note: string | null;
  readonly dispute: string | null;
}

export interface StepView {
  readonly id: string;
  readonly kind: "photo" | "reading";
  readonly title: string;
  readonly instruction: string;
  readonly overlay_url: string | null;
  readonly example_url: string | null;
  readonly required: boolean;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly failed_attempts: number;
  readonly can_keep: boolean;
  readonly capture: CaptureView | null;
  readonly advice: Advice | null;
}

export interface Consents {
  readonly photos: boolean;
  /** Follows from `live_level`: whether it is more than `off`. */
  readonly live_video: boolean;
  /** What an operator may do in a live session. */
  readonly live_level: LiveLevel;
  readonly location: boolean;
  readonly recording: boolean;
}

/** The seller asked for a person, and what is known about when one comes. */
export interface HelpView {
  readonly asked_at: string;
  /** Sellers who wait longer already. */
  readonly ahead: number;
  /** Seconds, from the waits of today's queue; `null` when nobody can know. */
  readonly wait_s: number | null;
  readonly operators_online: number;
  /** The number to call back, masked. */
  readonly call_back: string | null;
}

/** A frozen frame that became evidence, with what was drawn on it. */
export interface AnnotationView {
  readonly id: string;
  readonly frame_id: string;
  readonly step_id: string | null;
  readonly strokes: readonly StrokeView[];
  readonly text: string | null;
  readonly by: Actor;
  readonly at: string;
  readonly finding_id: string | null;
}

/** A line on a frame; `width` is a share of the frame's width, as are the points of its width and height. */
export interface StrokeView {
  readonly points: readonly (readonly [number, number])[];
  readonly width: number;
}

/** A frozen frame, as the service took it. */
export interface FrameKept {
  readonly frame_id: string;
  readonly width: number;
  readonly height: number;
}

export type CorrectionKind = "addendum" | "withdrawal" | "redaction";
/** Why a person corrects a report. */
export const CORRECTION_REASONS = ["mistake", "new_information", "wrong_vehicle", "fraud", "dispute", "other"] as const;
export type CorrectionReason = (typeof CORRECTION_REASONS)[number] | "erasure_request" | "retention" | "publication";

/** One signed entry made after a report; `reason` is a `CorrectionReason`, or one of a newer service. */
export interface CorrectionView {
  readonly no: number;
  readonly kind: CorrectionKind;
  readonly at: string;
  readonly by: Actor;
  readonly reason: string;
  readonly text: string;
}

/** What of a sealed inspection is no longer kept. */
export interface Withheld {
  readonly personal_values: boolean;
  /** How many photos lost their bytes. */
  readonly photos: number;
  /** The report's files are gone, too. */
  readonly report: boolean;
}

export interface LinkPreview {
  readonly platform_name: string;
  readonly purpose: Purpose;
  readonly language: Language;
  readonly vehicle: Pick<Vehicle, "plate" | "make" | "model">;
  readonly steps_total: number;
  readonly minutes: number;
  /** What is still to take: after a request for one more photo, one. */
  readonly steps_left: number;
  readonly minutes_left: number;
  readonly state: InspectionState;
  readonly link: "ready" | "in_use" | "yours";
  readonly code_sent_to: string | null;
}

export interface SellerView {
  readonly inspection: {
    readonly id: string;
    readonly state: InspectionState;
    readonly language: Language;
    readonly purpose: Purpose;
    readonly vehicle: Vehicle;
    readonly platform_name: string;
    readonly deadline_at: string | null;
    readonly current_step: string | null;
  };
  readonly consents: Consents;
  readonly event_seq: number;
  readonly steps: readonly StepView[];
  readonly damages: readonly FindingView[];
  readonly findings: readonly FindingView[];
  readonly signature: { readonly name: string; readonly at: string } | null;
  readonly code: { readonly masked: string | null };
  readonly report_ready: boolean;
  readonly corrections: readonly CorrectionView[];
  readonly withheld: Withheld;
  /** `null`: nobody was asked, or somebody has come. */
  readonly help: HelpView | null;
  readonly annotations: readonly AnnotationView[];
  readonly call: {
    readonly id: string;
    readonly operator_name: string;
    readonly state: "ringing" | "accepted" | "declined" | "ended";
  } | null;
  readonly review_sha256: string;
  readonly texts_language: Language;
}

/** One line of the append-only log of an inspection. */
export interface EventView {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly actor: Actor;
  readonly data: Readonly<Record<string, unknown>>;
}
