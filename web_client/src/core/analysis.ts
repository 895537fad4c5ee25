/**
 * The second connection of a phone: a small copy of the camera to the service, which answers with hints.
 *
 * First as video over UDP. The service's peer knows no ICE restart, so a lost connection is replaced by a new one. Where that
 * does not come about, small JPEG pictures go over the WebSocket instead, and UDP is tried again now and then.
 */

import { realTimers, type Timers } from "./backoff";

/** What the analysis needs at most: the service looks at 640x360, three times a second. */
export const ANALYSIS_SIZE = { width: 640, height: 360 } as const;
export const ANALYSIS_FPS = 3;
const ANALYSIS_BITS_PER_S = 250_000;
const REBUILD_FIRST_MS = 1_000;
const REBUILD_MAX_MS = 30_000;
const CONNECT_LIMIT_MS = 8_000;
const MOST_FAILURES = 3;
const TRY_UDP_AGAIN_MS = 60_000;

/** How the frames go; `null` while nothing is sent. */
export type AnalysisPath = "peer" | "jpeg" | null;

export interface AnalysisSenderOptions {
  readonly iceServers: () => readonly RTCIceServer[];
  readonly relayOnly?: () => boolean;
  readonly send: (
    message:
      | { readonly type: "analysis.offer"; readonly description: RTCSessionDescriptionInit }
      | { readonly type: "analysis.candidate"; readonly candidate: RTCIceCandidateInit | null },
  ) => void;
  /** `jpeg`: send pictures over the line until told otherwise. */
  readonly onPath?: (path: AnalysisPath) => void;
  readonly connect?: (configuration: RTCConfiguration) => RTCPeerConnection;
  readonly timers?: Timers;
}

export class AnalysisSender {
  readonly #options: AnalysisSenderOptions;
  readonly #timers: Timers;
  #connection: RTCPeerConnection | undefined;
  #track: MediaStreamTrack | undefined;
  #timer: unknown = null;
  #limit: unknown = null;
  #delayMs = REBUILD_FIRST_MS;
  #failures = 0;
  #path: AnalysisPath = null;

  constructor(options: AnalysisSenderOptions) {
    this.#options = options;
    this.#timers = options.timers ?? realTimers;
  }

  get path(): AnalysisPath {
    return this.#path;
  }

  /** Begin, or go on with another camera. */
  start(track: MediaStreamTrack): void {
    const isNew = this.#track === undefined;
    this.#track = track;
    if (isNew) this.#failures = 0;
    this.#delayMs = REBUILD_FIRST_MS;
    void this.#build();
  }

  /** Take the service's answer; `null` says that it lost us and waits for a new offer. */
  async receive(description: RTCSessionDescriptionInit | null): Promise<void> {
    const connection = this.#connection;
    if (description === null) {
      this.#failed();
    } else if (connection?.signalingState === "have-local-offer") {
      await connection.setRemoteDescription(description).catch(() => {
        if (this.#connection === connection) this.#failed();
      });
    }
  }

  stop(): void {
    this.#track = undefined;
    this.#drop();
    this.#go(null);
  }

  async #build(): Promise<void> {
    this.#drop();
    const track = this.#track;
    if (!track || track.readyState !== "live") return;
    const configuration: RTCConfiguration = {
      iceServers: [...this.#options.iceServers()],
      iceTransportPolicy: this.#options.relayOnly?.() ? "relay" : "all",
    };
    const connection = (this.#options.connect ?? ((c) => new RTCPeerConnection(c)))(configuration);
    this.#connection = connection;
    this.#limit = this.#timers.set(() => this.#failed(true), CONNECT_LIMIT_MS);
    const height = Math.min(track.getSettings().height ?? 720, track.getSettings().width ?? 1280);
    connection.addTransceiver(track, {
      direction: "sendonly",
      sendEncodings: [
        {
          scaleResolutionDownBy: Math.max(1, height / ANALYSIS_SIZE.height),
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
      if (this.#connection === connection) this.#follow(connection.connectionState);
    };
    const offer = await connection.createOffer();
    // The offer leaves before the candidates do: the service needs it first.
    if (this.#connection !== connection || !offer.sdp) return;
    this.#options.send({ type: "analysis.offer", description: { type: "offer", sdp: offer.sdp } });
    await connection.setLocalDescription(offer);
  }

  #follow(state: RTCPeerConnectionState): void {
    if (state === "connected") {
      this.#timers.clear(this.#limit);
      this.#delayMs = REBUILD_FIRST_MS;
      this.#failures = 0;
      this.#go("peer");
    } else if (state === "disconnected" || state === "failed") {
      this.#failed();
    }
  }

  /** It did not come about, or was lost: again a little later; or by pictures, when it keeps failing. */
  #failed(isTimeUp = false): void {
    if (this.#track === undefined) return;
    this.#drop();
    this.#failures += 1;
    if (isTimeUp || this.#failures >= MOST_FAILURES || this.#path === "jpeg") {
      this.#go("jpeg");
      this.#timer = this.#timers.set(() => void this.#build(), TRY_UDP_AGAIN_MS);
      return;
    }
    this.#timer = this.#timers.set(() => void this.#build(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, REBUILD_MAX_MS);
  }

  #go(path: AnalysisPath): void {
    if (this.#path === path) return;
    this.#path = path;
    this.#options.onPath?.(path);
  }

  #drop(): void {
    this.#timers.clear(this.#timer);
    this.#timers.clear(this.#limit);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }
}
