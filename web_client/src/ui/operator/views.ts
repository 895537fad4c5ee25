/** What the service answers on the operator's doors; the shapes of `inspection_service/api/dto/operator.py`. */

import type {
  Actor,
  Advice,
  AnnotationView,
  CaptureView,
  ChatMessage,
  Consents,
  CorrectionView,
  EventView,
  FindingView,
  InspectionState,
  Language,
  Purpose,
  StepView,
  Vehicle,
  Voice,
  Withheld,
} from "../../core/views";

export interface OperatorRef {
  readonly id: string;
  readonly name: string;
}

export type Role = "operator" | "supervisor" | "admin";

/** The operator at this desk. */
export interface Me extends OperatorRef {
  readonly role: Role;
}

/** Somebody a case may be handed to. */
export interface Colleague extends OperatorRef {
  readonly role: Role;
  /** Whether a page of the desk is open. */
  readonly online: boolean;
  /** Open cases held. */
  readonly cases: number;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export type Need = "help" | "failed_twice" | "stalled" | "sign_off";

export interface QueueItem {
  readonly id: string;
  readonly state: InspectionState;
  readonly vehicle: Vehicle;
  readonly platform_name: string;
  readonly seller_name: string | null;
  readonly progress: Progress;
  readonly current_step: string | null;
  readonly step_title: string | null;
  readonly age_s: number;
  readonly last_event_at: string | null;
  /** The most urgent first: help > failed_twice > stalled > sign_off. */
  readonly needs: readonly Need[];
  readonly need_since: string | null;
  /** What went wrong last, when the step it happened on is still open. */
  readonly failure: {
    readonly step_id: string | null;
    readonly step_title: string | null;
    readonly code: string;
    readonly sentence: string;
    readonly at: string;
  } | null;
  readonly claimed_by: OperatorRef | null;
  readonly call: { readonly state: "ringing" | "accepted"; readonly operator_name: string } | null;
  readonly live: { readonly seller: boolean };
}

export interface QueuePage {
  readonly items: readonly QueueItem[];
  readonly next_cursor: string | null;
}

export interface OperatorStep extends StepView {
  readonly captures: readonly CaptureView[];
  readonly reasons: readonly Advice[];
}

export interface Statement {
  readonly control_point: string;
  readonly voice: Voice;
  readonly value: Readonly<Record<string, unknown>>;
  readonly actor: Actor;
  readonly at: string;
}

export interface ControlPoint {
  readonly id: string;
  readonly title: string;
  readonly section: string;
  readonly step: string | null;
}

export type Answer = "ok" | "minor" | "major" | "not_applicable" | "not_seen";
export const ANSWERS = ["ok", "minor", "major", "not_seen", "not_applicable"] as const satisfies readonly Answer[];

export const DAMAGE_KINDS = [
  "dent",
  "scratch",
  "crack",
  "glass_shatter",
  "lamp_broken",
  "tire_flat",
  "other_damage",
] as const;
export type DamageKind = (typeof DAMAGE_KINDS)[number];

/** Sound and picture of the session, or its mirrored screen, as a device recorded it with both sides' consent. */
export interface Recording {
  readonly id: string;
  readonly device: "seller" | "operator";
  readonly parts: Readonly<
    Partial<
      Record<
        "video" | "mirror",
        {
          readonly media_type: string;
          readonly chunks: number;
          readonly bytes: number;
          readonly chain_sha256: string;
          readonly deleted_at: string | null;
        }
      >
    >
  >;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly steps: readonly { readonly step_id: string; readonly at_s: number }[];
}

export interface FrameView {
  readonly frame_id: string;
  readonly width: number;
  readonly height: number;
  readonly at: string;
  /** When its bytes went; a frame that was kept stays. */
  readonly deleted_at: string | null;
}

/** Everything the flight recorder shows. */
export interface ReplayView {
  readonly inspection: OperatorView["inspection"];
  readonly steps: readonly OperatorStep[];
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly events: readonly EventView[];
  readonly captures: readonly CaptureView[];
  readonly annotations: readonly AnnotationView[];
  readonly recordings: readonly Recording[];
  readonly chat: readonly ChatMessage[];
  readonly frames: readonly FrameView[];
  /** Everybody whom an event names by id. */
  readonly operators: readonly OperatorRef[];
}

/** What a colleague said when handing the case over. */
export interface Handover {
  readonly by: Actor;
  readonly note: string | null;
  readonly at: string;
}

export interface OperatorView {
  readonly inspection: {
    readonly id: string;
    readonly state: InspectionState;
    readonly language: Language;
    readonly purpose: Purpose;
    readonly vehicle: Vehicle;
    readonly platform_name: string;
    readonly reference: string | null;
    readonly sign_off: "required" | "none";
    readonly current_step: string | null;
    readonly seller_name: string | null;
    readonly contact_masked: string | null;
    readonly claimed_by: OperatorRef | null;
    /** The last one, while whom it was handed to still holds it. */
    readonly handover: Handover | null;
    readonly progress: Progress;
    readonly created_at: string;
  };
  readonly checklist_title: string;
  readonly event_seq: number;
  readonly steps: readonly OperatorStep[];
  readonly damages: readonly FindingView[];
  readonly findings: readonly FindingView[];
  readonly damage_captures: readonly CaptureView[];
  readonly control_points: readonly ControlPoint[];
  readonly statements: readonly Statement[];
  readonly odometer: {
    readonly model: Readonly<Record<string, unknown>> | null;
    readonly operator: Readonly<Record<string, unknown>> | null;
    readonly declared_km: number | null;
  };
  readonly consents: Consents;
  readonly skipped: readonly { readonly step_id: string; readonly reason: string; readonly at: string }[];
  readonly signatures: readonly {
    readonly role: "seller" | "operator";
    readonly name: string;
    readonly at: string;
    readonly second_factor: "email" | "phone" | "none";
  }[];
  readonly events: readonly EventView[];
  readonly presence: { readonly seller: boolean; readonly operators: readonly string[] };
  /** The seller's newest call for a person. */
  readonly help: {
    readonly asked_at: string;
    readonly answered_at: string | null;
    /** A number to call back; whole only for who holds the case. */
    readonly call_back: string | null;
  } | null;
  readonly annotations: readonly AnnotationView[];
  readonly recordings: readonly Recording[];
  readonly report_ready: boolean;
  readonly corrections: readonly CorrectionView[];
  readonly withheld: Withheld;
  /** Photos that may show another car than the rest: a hint, for a person to look at. */
  readonly odd_photos: readonly { readonly capture_id: string; readonly why: readonly ("looks" | "colour" | "plate")[] }[];
}
