/** Everything the operator's page may ask of the service. */

import type { Http } from "../../core/api";
import type { AnnotationView, Box, ChatMessage, CORRECTION_REASONS, Language, StrokeView } from "../../core/views";
import type { Answer, Colleague, DamageKind, OperatorView, QueuePage, ReplayView } from "./views";

const CASES = "/v1/operator/inspections";

/** A frozen frame with what was drawn on it, to become evidence. */
export interface KeptDrawing {
  readonly strokes: readonly StrokeView[];
  readonly text: string | null;
  readonly finding: { readonly kind: DamageKind; readonly severity: "minor" | "major" } | null;
}

/** What a supervisor says about a sealed report; it is signed and stands for good. */
export interface Correction {
  readonly kind: "addendum" | "withdrawal";
  readonly reason: (typeof CORRECTION_REASONS)[number];
  readonly text: string;
}

/** Where the pages find a frozen frame, and what was recorded. */
export const frameUrl = (id: string, frameId: string): string => `${CASES}/${id}/frames/${encodeURIComponent(frameId)}`;
export const reportUrl = (id: string, ending: "pdf" | "zip"): string => `${CASES}/${id}/report.${ending}`;
export const recordingUrl = (id: string, recordingId: string, kind: "video" | "mirror"): string =>
  `${CASES}/${id}/recordings/${encodeURIComponent(recordingId)}/${kind}`;

export class OperatorApi {
  constructor(private readonly http: Http) {}

  async logout(): Promise<void> {
    await this.http.json("POST", "/v1/operator/logout", {});
  }

  queue(scope: "open" | "all", language: Language): Promise<QueuePage> {
    return this.http.json("GET", `${CASES}?scope=${scope}&lang=${language}`);
  }

  view(id: string, language: Language): Promise<OperatorView> {
    return this.http.json("GET", `${CASES}/${id}?lang=${language}`);
  }

  replay(id: string, language: Language): Promise<ReplayView> {
    return this.http.json("GET", `${CASES}/${id}/replay?lang=${language}`);
  }

  async chat(id: string): Promise<readonly ChatMessage[]> {
    return (await this.http.json<{ items: readonly ChatMessage[] }>("GET", `${CASES}/${id}/chat`)).items;
  }

  colleagues(): Promise<readonly Colleague[]> {
    return this.http.json("GET", "/v1/operator/colleagues");
  }

  /** Hold the case; `isByForce` takes it from a colleague, which a supervisor may. */
  claim(id: string, isByForce = false): Promise<unknown> {
    return this.post(id, "claim", isByForce ? { force: true } : {});
  }

  handOver(id: string, operatorId: string, note: string | null): Promise<unknown> {
    return this.post(id, "handover", note === null ? { operator_id: operatorId } : { operator_id: operatorId, note });
  }

  keepFrame(id: string, frameId: string, kept: KeptDrawing): Promise<AnnotationView> {
    return this.http.json("POST", `${CASES}/${id}/frames/${frameId}/keep`, kept);
  }

  release(id: string): Promise<unknown> {
    return this.post(id, "release");
  }

  accept(id: string, captureId: string): Promise<unknown> {
    return this.post(id, `captures/${captureId}/accept`);
  }

  retake(id: string, captureId: string, reasonCode: string, text: string | null): Promise<unknown> {
    return this.post(id, `captures/${captureId}/retake`, { reason_code: reasonCode, text });
  }

  override(id: string, captureId: string, reason: string): Promise<unknown> {
    return this.post(id, `captures/${captureId}/override`, { reason });
  }

  editOdometer(id: string, reading: string, unit: "km" | "mi"): Promise<unknown> {
    return this.http.json("PUT", `${CASES}/${id}/odometer`, { reading, unit, note: null });
  }

  state(id: string, controlPoint: string, answer: Answer): Promise<unknown> {
    return this.http.json("PUT", `${CASES}/${id}/statements/${controlPoint}`, { answer, note: null });
  }

  addFinding(
    id: string,
    finding: { capture_id: string; box: Box; kind: DamageKind; severity: "minor" | "major"; text: string | null },
  ): Promise<unknown> {
    return this.post(id, "findings", finding);
  }

  judgeFinding(id: string, findingId: string, verdict: "confirmed" | "rejected" | null): Promise<unknown> {
    return this.http.json("PUT", `${CASES}/${id}/findings/${findingId}`, { verdict });
  }

  signOff(id: string, note: string | null): Promise<unknown> {
    return this.post(id, "sign-off", { note });
  }

  /** Add to a sealed report, or withdraw it; for supervisors. */
  correct(id: string, correction: Correction): Promise<unknown> {
    return this.post(id, "corrections", correction);
  }

  private post(id: string, path: string, body: unknown = {}): Promise<unknown> {
    return this.http.json("POST", `${CASES}/${id}/${path}`, body);
  }
}
