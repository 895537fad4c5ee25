/** A small picture of the camera for each supervisor who looks on; the seller is told of every one of them. */

import { PeerCall, type SignalPayload } from "../../../core/call";
import type { Viewer } from "../../../core/messages";

export interface ViewerCallsOptions {
  readonly iceServers: () => readonly RTCIceServer[];
  readonly isRelayOnly: () => boolean;
  readonly send: (viewerId: string, payload: SignalPayload) => void;
}

export class ViewerCalls {
  private readonly calls = new Map<string, PeerCall>();
  private camera: MediaStreamTrack | null = null;

  constructor(private readonly options: ViewerCallsOptions) {}

  /** These look on now, at this camera; `null` shows them nothing. */
  follow(viewers: readonly Viewer[], camera: MediaStreamTrack | null): void {
    for (const [id, call] of this.calls) {
      if (viewers.some((viewer) => viewer.viewer_id === id)) continue;
      call.close();
      this.calls.delete(id);
    }
    for (const { viewer_id: id } of viewers) {
      if (!this.calls.has(id)) this.connect(id);
    }
    this.showCamera(camera);
  }

  showCamera(camera: MediaStreamTrack | null): void {
    if (this.camera === camera) return;
    this.camera = camera;
    for (const call of this.calls.values()) void call.showCamera(camera);
  }

  async receive(viewerId: string, payload: SignalPayload): Promise<void> {
    if (!this.calls.has(viewerId)) return; // gone, or never said to be there
    if ("renegotiate" in payload && payload.renegotiate === "all") this.connect(viewerId);
    else await this.calls.get(viewerId)?.receive(payload);
  }

  restart(): void {
    for (const call of this.calls.values()) call.restart();
  }

  private connect(id: string): void {
    this.calls.get(id)?.close();
    const call = new PeerCall({
      role: "seller",
      kind: "viewer",
      iceServers: this.options.iceServers(),
      relayOnly: this.options.isRelayOnly(),
      send: (payload) => this.options.send(id, payload),
      onRemoteStream: () => undefined,
      onState: (now) => {
        if (now === "failed") setTimeout(() => this.calls.get(id) === call && this.connect(id), 0);
      },
    });
    this.calls.set(id, call);
    void call.showCamera(this.camera);
  }
}
