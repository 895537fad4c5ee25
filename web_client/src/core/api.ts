/** The doors of the service as typed functions; every call ends in a value, a `Refused` or an `Unreached`. */

import { refusedFrom, Unreached } from "./problems";
import type { OpenRecording, RecordingChunk, RecordingDoor, RecordingKind } from "./recording";
import type { ChatMessage, Consents, FindingView, FrameKept, Language, LinkPreview, SellerView } from "./views";

/** The part of `fetch` that is needed, so that tests hand in their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 20_000;
/** A few MB on slow 4G. */
const BYTES_TIMEOUT_MS = 60_000;

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
    const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    return this.ask(method, path, headers, body === undefined ? null : JSON.stringify(body), TIMEOUT_MS, signal);
  }

  /** Send bytes as they are and read JSON. @throws Refused, Unreached */
  async bytes<T>(method: string, path: string, bytes: ArrayBuffer, headers: Record<string, string>): Promise<T> {
    return this.ask(method, path, headers, bytes, BYTES_TIMEOUT_MS);
  }

  private async ask<T>(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | ArrayBuffer | null,
    limit_ms: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const limit = AbortSignal.timeout(limit_ms);
    const init: RequestInit = {
      method,
      credentials: "same-origin",
      headers,
      body,
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
export class SellerApi implements RecordingDoor {
  /** In which language the service words its texts. */
  language: Language | null = null;

  /** The same when this page asks twice: an answer that was lost on the way is given once more. */
  private readonly browser = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

  constructor(private readonly http: Http) {}

  preview(token: string): Promise<LinkPreview> {
    return this.http.json("POST", "/v1/seller/preview", { token });
  }

  join(token: string, code: string | null): Promise<SellerView> {
    const { browser } = this;
    return this.view("POST", "/session", code === null ? { token, browser } : { token, code, browser });
  }

  sendTakeoverCode(token: string): Promise<{ sent_to: string }> {
    return this.http.json("POST", "/v1/seller/takeover", { token });
  }

  inspection(signal?: AbortSignal): Promise<SellerView> {
    return this.view("GET", "/inspection", undefined, signal);
  }

  consent(consents: Consents): Promise<SellerView> {
    return this.view("PUT", "/consents", { ...consents, live_video: consents.live_level !== "off" });
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

  /** Ask for a person; `phone` is a number to call back, when the seller left one. */
  help(phone: string | null): Promise<SellerView> {
    return this.view("POST", "/help", phone === null ? {} : { phone });
  }

  /** "I'll continue alone." */
  withdrawHelp(): Promise<SellerView> {
    return this.view("DELETE", "/help");
  }

  async chat(): Promise<readonly ChatMessage[]> {
    return (await this.http.json<{ items: readonly ChatMessage[] }>("GET", "/v1/seller/chat")).items;
  }

  /** Keep the full-resolution picture that an operator froze. */
  freeze(bytes: ArrayBuffer, mediaType: string): Promise<FrameKept> {
    return this.http.bytes("POST", "/v1/seller/frames", bytes, { "Content-Type": mediaType });
  }

  /** Begin to record, or add a kind to a recording that was begun. */
  record(kind: RecordingKind, mediaType: string, startedAt: string, recordingId: string | null): Promise<{ recording_id: string }> {
    const known = recordingId === null ? {} : { recording_id: recordingId };
    return this.http.json("POST", "/v1/seller/recordings", { kind, media_type: mediaType, started_at: startedAt, ...known });
  }

  async sendChunk(chunk: RecordingChunk): Promise<void> {
    const path = `/v1/seller/recordings/${chunk.recordingId}/${chunk.kind}/chunks/${chunk.n}`;
    await this.http.bytes("PUT", path, chunk.bytes, {
      "Content-Type": "application/octet-stream",
      "Digest-SHA256": chunk.sha256,
    });
  }

  async finishRecording(id: string, chunks: OpenRecording["chunks"]): Promise<void> {
    await this.http.json("POST", `/v1/seller/recordings/${id}/finish`, { chunks });
  }

  private view(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<SellerView> {
    const query = this.language === null ? "" : `?lang=${this.language}`;
    return this.http.json(method, `/v1/seller${path}${query}`, body, signal);
  }
}
