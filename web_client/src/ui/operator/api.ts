/** Everything the operator's page may ask of the service. */

import type { Http } from "../../core/api";
import type { Box, Language } from "../../core/views";
import type { Answer, DamageKind, OperatorRef, OperatorView, QueuePage } from "./views";

const CASES = "/v1/operator/inspections";

export class OperatorApi {
  constructor(private readonly http: Http) {}

  async me(): Promise<OperatorRef> {
    return (await this.http.json<{ operator: OperatorRef }>("GET", "/v1/operator/me")).operator;
  }

  async login(email: string, password: string): Promise<OperatorRef> {
    const answer = await this.http.json<{ operator: OperatorRef }>("POST", "/v1/operator/login", { email, password });
    return answer.operator;
  }

  async logout(): Promise<void> {
    await this.http.json("POST", "/v1/operator/logout", {});
  }

  queue(scope: "open" | "all", language: Language): Promise<QueuePage> {
    return this.http.json("GET", `${CASES}?scope=${scope}&lang=${language}`);
  }

  view(id: string, language: Language): Promise<OperatorView> {
    return this.http.json("GET", `${CASES}/${id}?lang=${language}`);
  }

  claim(id: string): Promise<unknown> {
    return this.post(id, "claim");
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

  private post(id: string, path: string, body: unknown = {}): Promise<unknown> {
    return this.http.json("POST", `${CASES}/${id}/${path}`, body);
  }
}
