/**
 * The two WebRTC connections of a live session.
 *
 * `PeerCall` joins the two browsers: camera and voices, peer to peer. `AnalysisSender` sends a small copy of the camera to the
 * service, which answers with hints. Neither knows a socket: they are given `send` and told what arrived.
 *
 * The seller's side makes every offer, because it brings the camera; the operator's side answers, and asks for an offer when
 * it needs one. So two offers never cross.
 */

export type CallRole = "seller" | "operator";

export type SignalPayload =
  | { readonly description: RTCSessionDescriptionInit }
  | { readonly candidate: RTCIceCandidateInit | null }
  /** From the operator's side: offer again, over a new path, or from the beginning because this page is new. */
  | { readonly renegotiate: "path" | "all" };

export type LinkState = "connecting" | "connected" | "interrupted" | "failed";

/** How long `disconnected` may last before the path is looked for again. */
const RESTART_AFTER_MS = 2_000;
/** A browser that is refused by every relay may stay `new` for ever and never say `failed`. */
const FAILED_AFTER_MS = 15_000;
/** What a phone's upload carries beside the photos. */
const CAMERA_BITS_PER_S = 2_000_000;

export interface PeerCallOptions {
  readonly role: CallRole;
  readonly iceServers: readonly RTCIceServer[];
  readonly send: (payload: SignalPayload) => void;
  readonly onRemoteStream: (stream: MediaStream) => void;
  readonly onState: (state: LinkState) => void;
}

/** Camera and voices between the seller's and the operator's browser. */
export class PeerCall {
  readonly #connection: RTCPeerConnection;
  readonly #options: PeerCallOptions;
  readonly #remote = new MediaStream();
  #voice: MediaStreamTrack | null = null;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #failTimer: ReturnType<typeof setTimeout> | undefined;
  #everConnected = false;

  constructor(options: PeerCallOptions) {
    this.#options = options;
    this.#connection = new RTCPeerConnection({ iceServers: [...options.iceServers] });
    this.#connection.onicecandidate = ({ candidate }) => options.send({ candidate: candidate?.toJSON() ?? null });
    this.#connection.ontrack = ({ track }) => {
      this.#remote.addTrack(track);
      options.onRemoteStream(this.#remote);
    };
    this.#connection.onconnectionstatechange = () => this.#follow();
    if (options.role === "seller") {
      this.#connection.onnegotiationneeded = () => void this.#offer();
      this.#connection.addTransceiver("audio", { direction: "sendrecv" });
    }
    this.#failTimer = setTimeout(() => this.#giveUp(), FAILED_AFTER_MS);
    options.onState("connecting");
  }

  /** Send this camera, in place of another one or as the first. */
  async showCamera(track: MediaStreamTrack): Promise<void> {
    const video = this.#connection.getTransceivers().find((each) => each.receiver.track.kind === "video");
    if (video !== undefined) {
      await video.sender.replaceTrack(track);
      return;
    }
    this.#connection.addTransceiver(track, {
      direction: "sendonly",
      sendEncodings: [{ maxBitrate: CAMERA_BITS_PER_S }],
    });
  }

  /** Send this voice; `null` only listens. */
  async speak(track: MediaStreamTrack | null): Promise<void> {
    this.#voice = track;
    await this.#audio()?.sender.replaceTrack(track);
  }

  /**
   * Whether an offer comes from another connection than the one this call is joined to: the other page was loaded anew, and
   * this call must be too.
   *
   * Source: RFC 8866, section 5.2: the session id of the origin line names the sender's session.
   */
  isFromAnother(payload: SignalPayload): boolean {
    if (!("description" in payload) || payload.description.type !== "offer") return false;
    const known = this.#connection.remoteDescription?.sdp;
    return known !== undefined && sessionIdOf(known) !== sessionIdOf(payload.description.sdp ?? "");
  }

  /** Take what the other side's browser sent; a late word to a call that is over is nothing. */
  async receive(payload: SignalPayload): Promise<void> {
    if (this.#connection.signalingState === "closed") return;
    if ("renegotiate" in payload) {
      this.restart();
    } else if ("candidate" in payload) {
      await this.#connection.addIceCandidate(payload.candidate ?? undefined);
    } else {
      await this.#connection.setRemoteDescription(payload.description);
      if (payload.description.type === "offer") await this.#answer();
    }
  }

  /** Look for a new network path now: the phone changed from Wi-Fi to 4G, or the page came back to the front. */
  restart(): void {
    if (this.#connection.signalingState === "closed" || !this.#everConnected) return;
    if (this.#options.role === "seller") this.#connection.restartIce();
    else this.#options.send({ renegotiate: "path" });
  }

  close(): void {
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#failTimer);
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  async #offer(): Promise<void> {
    await this.#connection.setLocalDescription();
    this.#sendLocal();
  }

  async #answer(): Promise<void> {
    const audio = this.#audio();
    if (audio !== undefined) {
      audio.direction = "sendrecv";
      await audio.sender.replaceTrack(this.#voice);
    }
    await this.#connection.setLocalDescription();
    this.#sendLocal();
  }

  #audio(): RTCRtpTransceiver | undefined {
    return this.#connection.getTransceivers().find((each) => each.receiver.track.kind === "audio");
  }

  #sendLocal(): void {
    const description = this.#connection.localDescription;
    if (description) this.#options.send({ description: description.toJSON() });
  }

  #follow(): void {
    clearTimeout(this.#restartTimer);
    switch (this.#connection.connectionState) {
      case "connected":
        this.#everConnected = true;
        clearTimeout(this.#failTimer);
        this.#options.onState("connected");
        break;
      case "disconnected":
        this.#options.onState("interrupted");
        this.#restartTimer = setTimeout(() => this.restart(), RESTART_AFTER_MS);
        this.#failTimer = setTimeout(() => this.#giveUp(), FAILED_AFTER_MS);
        break;
      case "failed":
        if (this.#everConnected) {
          this.#options.onState("interrupted");
          this.restart();
        } else {
          this.#giveUp();
        }
        break;
      default:
        break;
    }
  }

  #giveUp(): void {
    if (this.#connection.connectionState !== "connected") this.#options.onState("failed");
  }
}

function sessionIdOf(sdp: string): string | undefined {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1];
}

/** What the analysis needs at most: the service looks at 640x360, three times a second. */
const ANALYSIS_HEIGHT_PX = 360;
const ANALYSIS_FPS = 3;
const ANALYSIS_BITS_PER_S = 250_000;
const REBUILD_FIRST_MS = 1_000;
const REBUILD_MAX_MS = 30_000;

export interface AnalysisSenderOptions {
  readonly iceServers: () => readonly RTCIceServer[];
  readonly send: (
    message:
      | { readonly type: "analysis.offer"; readonly description: RTCSessionDescriptionInit }
      | { readonly type: "analysis.candidate"; readonly candidate: RTCIceCandidateInit | null },
  ) => void;
}

/**
 * Sends a small copy of the camera to the service. The service's peer knows no ICE restart, so a lost connection is replaced by
 * a new one, later and later while it keeps failing.
 */
export class AnalysisSender {
  readonly #options: AnalysisSenderOptions;
  #connection: RTCPeerConnection | undefined;
  #track: MediaStreamTrack | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delayMs = REBUILD_FIRST_MS;

  constructor(options: AnalysisSenderOptions) {
    this.#options = options;
  }

  /** Begin, or go on with another camera. */
  start(track: MediaStreamTrack): void {
    this.#track = track;
    this.#delayMs = REBUILD_FIRST_MS;
    void this.#build();
  }

  /** Take the service's answer; `null` says that it lost us and waits for a new offer. */
  async receive(description: RTCSessionDescriptionInit | null): Promise<void> {
    if (description === null) {
      this.#rebuildLater();
    } else if (this.#connection?.signalingState === "have-local-offer") {
      await this.#connection.setRemoteDescription(description);
    }
  }

  stop(): void {
    this.#track = undefined;
    clearTimeout(this.#timer);
    this.#drop();
  }

  async #build(): Promise<void> {
    clearTimeout(this.#timer);
    this.#drop();
    const track = this.#track;
    if (!track || track.readyState !== "live") return;
    const connection = new RTCPeerConnection({ iceServers: [...this.#options.iceServers()] });
    this.#connection = connection;
    const height = Math.min(track.getSettings().height ?? 720, track.getSettings().width ?? 1280);
    connection.addTransceiver(track, {
      direction: "sendonly",
      sendEncodings: [
        {
          scaleResolutionDownBy: Math.max(1, height / ANALYSIS_HEIGHT_PX),
          maxFramerate: ANALYSIS_FPS,
          maxBitrate: ANALYSIS_BITS_PER_S,
        },
      ],
    });
    connection.onicecandidate = ({ candidate }) => {
      if (this.#connection === connection) {
        this.#options.send({ type: "analysis.candidate", candidate: candidate?.toJSON() ?? null });
      }
    };
    connection.onconnectionstatechange = () => {
      if (this.#connection !== connection) return;
      if (connection.connectionState === "connected") this.#delayMs = REBUILD_FIRST_MS;
      if (["disconnected", "failed"].includes(connection.connectionState)) this.#rebuildLater();
    };
    const offer = await connection.createOffer();
    // The offer leaves before the candidates do: the service needs it first.
    if (this.#connection !== connection || !offer.sdp) return;
    this.#options.send({ type: "analysis.offer", description: { type: "offer", sdp: offer.sdp } });
    await connection.setLocalDescription(offer);
  }

  #rebuildLater(): void {
    clearTimeout(this.#timer);
    this.#drop();
    this.#timer = setTimeout(() => void this.#build(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, REBUILD_MAX_MS);
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }
}
