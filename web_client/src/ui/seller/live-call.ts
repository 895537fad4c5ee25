/** What the camera does besides taking photos: a small copy for the service's hints, and the call with an operator. */

import { effect } from "@preact/signals";

import { AnalysisSender } from "../../core/analysis";
import { PeerCall } from "../../core/call";
import type { Incoming } from "../../core/messages";
import type { Seller } from "../../core/seller";
import { camera } from "./camera-state";
import { state } from "./context";

/** Joins the camera to the live line for as long as the page lives. */
export class LiveCall {
  private readonly analysis: AnalysisSender;
  private peer: PeerCall | null = null;
  private microphone: MediaStream | null = null;
  private readonly voice = new Audio();
  private analysed: MediaStreamTrack | null = null;

  constructor(private readonly seller: Seller) {
    this.analysis = new AnalysisSender({
      iceServers: () => this.iceServers,
      send: (message) => seller.say(message),
    });
    this.voice.autoplay = true;
    seller.onMessage.add((message) => void this.hear(message));
    effect(() => this.followCamera());
    addEventListener("online", () => this.peer?.restart());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.peer?.restart();
    });
    // The call may have been accepted before this part was loaded.
    const now = state.peek();
    if (now.at === "inside" && now.call?.state === "accepted") void this.begin();
  }

  private get iceServers(): readonly RTCIceServer[] {
    return this.seller.iceServers as RTCIceServer[];
  }

  private get track(): MediaStreamTrack | null {
    const now = camera.peek();
    return now.is === "open" ? now.track : null;
  }

  /** Follow the camera: opened, closed, exchanged; and the consent, given or taken back. */
  private followCamera(): void {
    const now = state.value;
    const open = camera.value;
    const mayBeSeen = now.at === "inside" && now.view.consents.live_video && now.line === "open";
    const track = open.is === "open" && mayBeSeen ? open.track : null;
    if (track === this.analysed) return;
    this.analysed = track;
    if (track === null) {
      this.analysis.stop();
      return;
    }
    this.analysis.start(track);
    void this.peer?.showCamera(track);
  }

  private async hear(message: Incoming): Promise<void> {
    switch (message.type) {
      case "analysis":
        await this.analysis.receive(message.description);
        break;
      case "call":
        if (message.state === "accepted") await this.begin();
        else if (message.state !== "ringing") this.end();
        break;
      case "signal":
        if ("renegotiate" in message.payload && message.payload.renegotiate === "all") {
          this.peer?.close();
          this.peer = null;
          await this.begin();
        } else {
          await this.peer?.receive(message.payload);
        }
        break;
      default:
        break;
    }
  }

  private async begin(): Promise<void> {
    if (this.peer !== null) return;
    const peer = new PeerCall({
      role: "seller",
      iceServers: this.iceServers,
      send: (payload) => this.seller.say({ type: "signal", payload }),
      onRemoteStream: (stream) => {
        this.voice.srcObject = stream;
        void this.voice.play().catch(() => undefined); // until the next tap, where the browser wants one
      },
      onState: () => undefined,
    });
    this.peer = peer;
    if (this.track !== null) void peer.showCamera(this.track);
    const voice = await this.openMicrophone();
    if (this.peer === peer) await peer.speak(voice);
  }

  private async openMicrophone(): Promise<MediaStreamTrack | null> {
    try {
      this.microphone ??= await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      return this.microphone.getAudioTracks()[0] ?? null;
    } catch {
      return null; // the operator still sees, and the seller still hears
    }
  }

  private end(): void {
    this.peer?.close();
    this.peer = null;
    this.voice.srcObject = null;
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = null;
  }
}
