/** The doors of the service as typed functions; every call ends in a value, a `Refused` or an `Unreached`. */

import { refusedFrom, Unreached } from "./problems";
import type { Consents, FindingView, Language, LinkPreview, SellerView } from "./views";

/** The part of `fetch` that is needed, so that tests hand in their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 20_000;

/** Ask one thing of the service; shared by both pages. */
export class Http {
  constructor(private readonly fetch: Fetch) {}

  /**
   * Send a request and read JSON.
   *
   * @throws Refused The service said no.
   * @throws Unreached No answer within 20 s, or none at all.
   */
  async json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    const init: RequestInit = {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal && "any" in AbortSignal ? AbortSignal.any([signal, limit]) : (signal ?? limit),
    };
    let response: Response;
    let text: string;
    try {
      response = await this.fetch(path, init);
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Unreached(error);
    }
    if (!response.ok) throw refusedFrom(response.status, text);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
}

export interface Signing {
  readonly name: string;
  readonly drawing_svg: string;
  readonly code: string | null;
  readonly shown_sha256: string;
}

/** Everything the seller's page may ask. */
export class SellerApi {
  /** In which language the service words its texts. */
  language: Language | null = null;

  constructor(private readonly http: Http) {}

  preview(token: string): Promise<LinkPreview> {
    return this.http.json("POST", "/v1/seller/preview", { token });
  }

  join(token: string, code: string | null): Promise<SellerView> {
    return this.view("POST", "/session", code === null ? { token } : { token, code });
  }

  sendTakeoverCode(token: string): Promise<{ sent_to: string }> {
    return this.http.json("POST", "/v1/seller/takeover", { token });
  }

  inspection(signal?: AbortSignal): Promise<SellerView> {
    return this.view("GET", "/inspection", undefined, signal);
  }

  consent(consents: Consents): Promise<SellerView> {
    return this.view("PUT", "/consents", consents);
  }

  async enterStep(stepId: string): Promise<void> {
    await this.http.json("PUT", "/v1/seller/step", { step_id: stepId });
  }

  keep(captureId: string, reason: string): Promise<SellerView> {
    return this.view("POST", `/captures/${captureId}/keep`, { reason });
  }

  skip(stepId: string, reason: string): Promise<SellerView> {
    return this.view("POST", `/steps/${stepId}/skip`, { reason });
  }

  declareDamage(clientId: string, text: string, captureIds: readonly string[]): Promise<FindingView> {
    return this.http.json("POST", "/v1/seller/damages", { client_id: clientId, text, capture_ids: captureIds });
  }

  dispute(findingId: string, text: string): Promise<FindingView> {
    return this.http.json("POST", `/v1/seller/findings/${findingId}/dispute`, { text });
  }

  submit(): Promise<SellerView> {
    return this.view("POST", "/submit", {});
  }

  reopen(): Promise<SellerView> {
    return this.view("POST", "/reopen", {});
  }

  sendSigningCode(): Promise<{ sent_to: string }> {
    return this.http.json("POST", "/v1/seller/signature/code", {});
  }

  sign(signing: Signing): Promise<SellerView> {
    return this.view("POST", "/signature", signing);
  }

  async help(): Promise<void> {
    await this.http.json("POST", "/v1/seller/help", {});
  }

  private view(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<SellerView> {
    const query = this.language === null ? "" : `?lang=${this.language}`;
    return this.http.json(method, `/v1/seller${path}${query}`, body, signal);
  }
}
