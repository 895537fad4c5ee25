/**
 * Sends a photo in pieces that survive a broken network: the announcement is ours, the pieces are tus-js-client's.
 *
 * The announcement is repeatable (same `capture_id`, same address), and every transfer starts by asking how far the last
 * one came, so nothing has to be remembered on the phone but the photo itself. The library is loaded after the camera.
 *
 * Source: tus 1.0.0, https://tus.io/protocols/resumable-upload
 */

import type { KeptPhoto } from "./capture";
import type { Fetch } from "./api";
import { refusedFrom, Unreached } from "./problems";
import type { Uploader } from "./upload-queue";

const DOOR = "/v1/uploads";
/** One piece: about two seconds on slow 4G, so that little is sent twice after a break. */
const PIECE_BYTES = 512 * 1024;

const loadTus = (): Promise<typeof import("tus-js-client")> => import("tus-js-client");

/** Fetch the library while there is a network, before the first photo needs it. */
export function preloadUploader(): void {
  void loadTus().catch(() => undefined); // Asked for again with the first photo.
}

function metadata(photo: KeptPhoto): string {
  const entries: [string, string][] = [
    ["capture_id", photo.captureId],
    ["sha256", photo.sha256],
    ["media_type", photo.mediaType],
    ["method", photo.method],
    ["taken_at", photo.takenAt],
  ];
  if (photo.stepId !== null) entries.push(["step_id", photo.stepId]);
  return entries.map(([key, value]) => `${key} ${btoa(value)}`).join(",");
}

export class TusUploader implements Uploader {
  constructor(private readonly fetch: Fetch) {}

  async upload(photo: KeptPhoto, signal: AbortSignal, onProgress: (share: number) => void): Promise<void> {
    const address = await this.announce(photo, signal);
    const { Upload } = await loadTus().catch((error: unknown) => {
      throw new Unreached(error);
    });
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(new Blob([photo.bytes]), {
        uploadUrl: address,
        chunkSize: PIECE_BYTES,
        retryDelays: null, // The queue decides when to try again.
        storeFingerprintForResuming: false,
        removeFingerprintOnSuccess: false,
        onProgress: (sent, total) => onProgress(total === null || total === 0 ? 0 : sent / total),
        onSuccess: () => resolve(),
        onError: (error) => {
          const response = "originalResponse" in error ? error.originalResponse : null;
          const status = response?.getStatus() ?? 0;
          reject(status >= 400 ? refusedFrom(status, response?.getBody() ?? "") : new Unreached(error));
        },
      });
      signal.addEventListener("abort", () => {
        void upload.abort();
        reject(new Unreached(signal.reason));
      });
      upload.start();
    });
  }

  /** Say what will come; the answer is where to. */
  private async announce(photo: KeptPhoto, signal: AbortSignal): Promise<string> {
    let response: Response;
    let body: string;
    try {
      response = await this.fetch(DOOR, {
        method: "POST",
        credentials: "same-origin",
        headers: {
          "Tus-Resumable": "1.0.0",
          "Upload-Length": String(photo.bytes.byteLength),
          "Upload-Metadata": metadata(photo),
        },
        signal,
      });
      body = await response.text();
    } catch (error) {
      throw new Unreached(error);
    }
    if (!response.ok) throw refusedFrom(response.status, body);
    const address = response.headers.get("Location");
    if (address === null) throw refusedFrom(502, "");
    return address;
  }
}
