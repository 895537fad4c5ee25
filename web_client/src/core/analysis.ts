/** The second connection of a phone: a small copy of the camera to the service, which answers with hints. */

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
