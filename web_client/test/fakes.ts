/** Small stand-ins: a clock one turns by hand, a socket one speaks through, and a case to look at. */

import type { Timers } from "../src/core/backoff";
import type { KeptPhoto } from "../src/core/capture";
import type { SocketLike } from "../src/core/session-socket";
import type { CaptureView, SellerView, StepView } from "../src/core/views";

export class FakeTimers implements Timers {
  private time = 0;
  private waiting: { at: number; action: () => void }[] = [];

  now(): number {
    return this.time;
  }

  set(action: () => void, delay_ms: number): unknown {
    const entry = { at: this.time + delay_ms, action };
    this.waiting.push(entry);
    return entry;
  }

  clear(handle: unknown): void {
    this.waiting = this.waiting.filter((entry) => entry !== handle);
  }

  /** Let time pass; everything due happens in order. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = this.waiting.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.clear(due);
      this.time = due.at;
      due.action();
    }
    this.time = end;
  }
}

export class FakeSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  readonly sent: { type: string; [key: string]: unknown }[] = [];
  readonly bytesSent: ArrayBuffer[] = [];
  bufferedAmount = 0;
  isClosed = false;

  constructor(readonly url: string) {}

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (typeof data === "string") this.sent.push(JSON.parse(data) as { type: string });
    else this.bytesSent.push(data as ArrayBuffer);
  }

  close(): void {
    this.isClosed = true;
  }

  opens(): void {
    this.onopen?.call(this as unknown as WebSocket, {} as Event);
  }

  says(message: object): void {
    this.onmessage?.call(this as unknown as WebSocket, { data: JSON.stringify(message) } as MessageEvent);
  }

  breaks(code = 1006): void {
    this.onclose?.call(this as unknown as WebSocket, { code } as CloseEvent);
  }
}

/** Let everything that is already decided take effect; the stand-in database answers over several turns of the loop. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function photo(captureId: string, stepId: string | null = "front", inspectionId = "i1"): KeptPhoto {
  return {
    captureId,
    inspectionId,
    stepId,
    bytes: new Uint8Array([1, 2, 3, captureId.length]).buffer,
    mediaType: "image/jpeg",
    method: "video_frame",
    width: 4,
    height: 3,
    sha256: "0".repeat(64),
    takenAt: `2026-11-22T10:00:0${captureId.length % 10}.000Z`,
  };
}

export function capture(id: string, changes: Partial<CaptureView> = {}): CaptureView {
  return {
    id,
    step_id: "front",
    attempt: 1,
    state: "received",
    received_at: "2026-11-22T10:00:00.000Z",
    thumb_url: "",
    photo_url: "",
    width: null,
    height: null,
    judgement: null,
    decided_by: null,
    decision_reason: null,
    advice: null,
    ...changes,
  };
}

export function step(id: string, changes: Partial<StepView> = {}): StepView {
  return {
    id,
    kind: "photo",
    title: id,
    instruction: "",
    overlay_url: null,
    example_url: null,
    required: true,
    status: "open",
    attempts: 0,
    failed_attempts: 0,
    can_keep: false,
    capture: null,
    advice: null,
    ...changes,
  };
}

export function view(changes: Partial<SellerView> = {}, inspection: Partial<SellerView["inspection"]> = {}): SellerView {
  return {
    inspection: {
      id: "i1",
      state: "in_progress",
      language: "fr",
      purpose: "listing",
      vehicle: {
        plate: "DEMO 123",
        vin: null,
        make: null,
        model: null,
        first_registration: null,
        fuel: null,
        declared_mileage_km: null,
      },
      platform_name: "Demo",
      deadline_at: null,
      current_step: null,
      ...inspection,
    },
    consents: { photos: true, live_video: false, live_level: "off", location: false, recording: false },
    event_seq: 1,
    steps: [step("front"), step("rear"), step("wheel")],
    damages: [],
    findings: [],
    signature: null,
    code: { masked: null },
    report_ready: false,
    corrections: [],
    withheld: { personal_values: false, photos: 0, report: false },
    help: null,
    annotations: [],
    call: null,
    review_sha256: "",
    texts_language: "fr",
    ...changes,
  };
}
