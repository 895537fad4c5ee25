/**
 * The two WebRTC connections of a live session.
 *
 * `PeerCall` joins the two browsers: camera and voices, peer to peer. `AnalysisSender` sends a small copy of the camera to the
 * service, which answers with hints. Neither knows a socket: they are given `send` and told what arrived.
 *
 * Source: W3C WebRTC 1.0, "perfect negotiation" example; the seller's side is the impolite one, because it brings the camera.
 */

export type CallRole = "seller" | "operator";

export type SignalPayload =
  | { readonly description: RTCSessionDescriptionInit }
  | { readonly candidate: RTCIceCandidateInit | null };

export type LinkState = "connecting" | "connected" | "interrupted" | "failed";

/** How long `disconnected` may last before the path is looked for again. */
const RESTART_AFTER_MS = 2_000;
/** A browser that is refused by every relay may stay `new` for ever and never say `failed`. */
const FAILED_AFTER_MS = 15_000;

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
  #isMakingOffer = false;
  #ignoresOffer = false;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #failTimer: ReturnType<typeof setTimeout> | undefined;
  #everConnected = false;

  constructor(options: PeerCallOptions) {
    this.#options = options;
    this.#connection = new RTCPeerConnection({ iceServers: [...options.iceServers] });
    this.#connection.onnegotiationneeded = () => void this.#offer();
    this.#connection.onicecandidate = ({ candidate }) =>
      options.send({ candidate: candidate?.toJSON() ?? null });
    this.#connection.ontrack = ({ track }) => {
      this.#remote.addTrack(track);
      options.onRemoteStream(this.#remote);
    };
    this.#connection.onconnectionstatechange = () => this.#follow();
    this.#failTimer = setTimeout(() => this.#giveUp(), FAILED_AFTER_MS);
    options.onState("connecting");
  }

  /** Send a track to the other side; the camera at full frame, capped so that a phone's upload carries it. */
  addTrack(track: MediaStreamTrack): void {
    if (track.kind === "video") {
      this.#connection.addTransceiver(track, {
        direction: "sendonly",
        sendEncodings: [{ maxBitrate: 2_000_000 }],
      });
    } else {
      this.#connection.addTrack(track);
    }
  }

  /** Ask for the other side's voice without having one to send. */
  listenOnly(): void {
    this.#connection.addTransceiver("audio", { direction: "recvonly" });
  }

  /** Put another camera in the place of the present one, without a new negotiation. */
  async replaceVideo(track: MediaStreamTrack): Promise<void> {
    const sender = this.#connection.getTransceivers().find((each) => each.sender.track?.kind === "video")?.sender;
    if (sender === undefined) this.addTrack(track);
    else await sender.replaceTrack(track);
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

  /** Take what the other side's browser sent. */
  async receive(payload: SignalPayload): Promise<void> {
    if (this.#connection.signalingState === "closed") return;
    if ("candidate" in payload) {
      try {
        await this.#connection.addIceCandidate(payload.candidate ?? undefined);
      } catch (error) {
        if (!this.#ignoresOffer) throw error;
      }
      return;
    }
    const { description } = payload;
    const collides =
      description.type === "offer" && (this.#isMakingOffer || this.#connection.signalingState !== "stable");
    this.#ignoresOffer = this.#options.role === "seller" && collides;
    if (this.#ignoresOffer) return;
    await this.#connection.setRemoteDescription(description);
    if (description.type === "offer") {
      await this.#connection.setLocalDescription();
      this.#sendLocal();
    }
  }

  /** Look for a new network path now: the phone changed from Wi-Fi to 4G, or the page came back to the front. */
  restart(): void {
    if (this.#connection.signalingState !== "closed" && this.#everConnected) this.#connection.restartIce();
  }

  stats(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  close(): void {
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#failTimer);
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  async #offer(): Promise<void> {
    try {
      this.#isMakingOffer = true;
      await this.#connection.setLocalDescription();
      this.#sendLocal();
    } finally {
      this.#isMakingOffer = false;
    }
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
