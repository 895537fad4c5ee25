/**
 * The connection between two browsers: camera, voices, mirrored screen and pointer, peer to peer.
 *
 * It knows no socket: it is given `send` and told what arrived. The seller's side makes every offer, because it brings the
 * camera; the other side answers, and asks for an offer when it needs one. So two offers never cross.
 *
 * A call has one `main` connection, to the operator. Each supervisor who looks on has a `viewer` connection of his own: a
 * small picture and nothing else.
 */

import { MIRROR_CHANNEL } from "./mirror";
import { PathOrder } from "./path-order";
import { LOOK_EVERY_MS, PathWatch, trafficIn } from "./path-watch";
import { POINTER_CHANNEL } from "./pointer";

/** `operator` is every side that looks on, also a supervisor's. */
export type CallRole = "seller" | "operator";
export type CallKind = "main" | "viewer";

export type SignalPayload =
  | { readonly description: RTCSessionDescriptionInit }
  | { readonly candidate: RTCIceCandidateInit | null }
  /** From the operator's side: offer again, over a new path, or from the beginning because this page is new. */
  | { readonly renegotiate: "path" | "all" };

export type LinkState = "connecting" | "connected" | "interrupted" | "failed";

/** What people are told of a connection: one try after another that fails is no path, not "connecting" for ever. */
export function told(before: LinkState | null, now: LinkState): LinkState {
  return before === "failed" && now === "connecting" ? "failed" : now;
}

/** How long `disconnected` may last before the path is looked for again. */
const RESTART_AFTER_MS = 2_000;
/** Several signs of one change of the network come at once: one search, and a later one if it found nothing. */
const CHANGE_MS = 1_000;
/** How long a search may take; one begun while there was no network at all finds nothing later either. */
const SEARCH_MS = 4_000;
/** Carries the letters that say that the path is there: nobody reads them, a late one is worth nothing. */
const LIFE_CHANNEL = { label: "life", id: 3 } as const;
/** A browser that is refused by every relay may stay `new` for ever and never say `failed`. */
const FAILED_AFTER_MS = 15_000;
/** What a phone's upload carries beside the photos. */
const CAMERA_BITS_PER_S = 2_000_000;
const SCREEN_BITS_PER_S = 1_000_000;
/** What a second viewer gets: enough to follow, little enough not to spoil the operator's picture. */
const VIEWER_BITS_PER_S = 400_000;
const VIEWER_HEIGHT_PX = 360;

export interface PeerCallOptions {
  readonly role: CallRole;
  /** Default `main`. */
  readonly kind?: CallKind;
  readonly iceServers: readonly RTCIceServer[];
  /** Only through the relay: UDP is blocked, or addresses must not be told. */
  readonly relayOnly?: boolean;
  readonly send: (payload: SignalPayload) => void;
  /** The other side's camera (operator) or voice; may be told more than once, always the same stream. */
  readonly onRemoteStream: (stream: MediaStream) => void;
  /** The seller's whole screen, once it was shared; `phone.sharing_screen` says whether it still is. */
  readonly onScreenStream?: (stream: MediaStream) => void;
  /** `failed` is final: close this call and make another. */
  readonly onState: (state: LinkState) => void;
}

/** What a call is like now, as the browser counts it; `null` for what it does not tell. */
export interface CallHealth {
  readonly rtt_ms: number | null;
  /** Through a relay, and so slower than need be. */
  readonly isRelayed: boolean;
  /** Pictures of the camera sent (seller) or decoded (operator) since the beginning. */
  readonly frames: number;
  readonly width: number;
  readonly height: number;
}

/** One connection between the seller's browser and another one. */
export class PeerCall {
  /** Carries the mirrored screen; `null` on a viewer's connection. */
  readonly mirror: RTCDataChannel | null;
  /** Carries pointing and drawing; `null` on a viewer's connection. */
  readonly pointer: RTCDataChannel | null;
  readonly #connection: RTCPeerConnection;
  readonly #options: PeerCallOptions;
  readonly #remote = new MediaStream();
  readonly #watch = new PathWatch();
  readonly #order = new PathOrder();
  readonly #life: RTCDataChannel | null;
  #camera: MediaStreamTrack | null = null;
  #screen: MediaStreamTrack | null = null;
  #voice: MediaStreamTrack | null = null;
  #isPaused = false;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #failTimer: ReturnType<typeof setTimeout> | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;
  #searchTimer: ReturnType<typeof setTimeout> | undefined;
  #everConnected = false;
  #isLooking = false;
  /** When the last search for a path began, and whether it has found none so far. */
  #searchedAt = Number.NEGATIVE_INFINITY;
  #isSearching = false;

  constructor(options: PeerCallOptions) {
    this.#options = options;
    const isMain = options.kind !== "viewer";
    this.#connection = new RTCPeerConnection(configuration(options.iceServers, options.relayOnly ?? false));
    this.#connection.onicecandidate = ({ candidate }) => options.send({ candidate: candidate?.toJSON() ?? null });
    this.#connection.ontrack = ({ track, transceiver }) => this.#received(track, transceiver);
    this.#connection.onconnectionstatechange = () => this.#follow();
    this.mirror = isMain ? this.#channel(MIRROR_CHANNEL) : null;
    this.pointer = isMain ? this.#channel(POINTER_CHANNEL) : null;
    this.#life = isMain ? this.#channel({ ...LIFE_CHANNEL, ordered: false, maxRetransmits: 0 }) : null;
    if (options.role === "seller") {
      this.#connection.onnegotiationneeded = () => void this.#offer();
      if (isMain) this.#connection.addTransceiver("audio", { direction: "sendrecv" });
      // Always there, so that the camera may come, go and be exchanged without a new offer.
      this.#connection.addTransceiver("video", {
        direction: "sendonly",
        sendEncodings: [{ maxBitrate: isMain ? CAMERA_BITS_PER_S : VIEWER_BITS_PER_S }],
      });
    }
    this.#watchTimer = setInterval(() => void this.#watchThePath(), LOOK_EVERY_MS);
    this.#failTimer = setTimeout(() => this.#giveUp(), FAILED_AFTER_MS);
    options.onState("connecting");
  }

  // --- what the seller shows --------------------------------------------------------------------

  /** Send this camera, in place of another one or as the first; `null` sends none. */
  async showCamera(track: MediaStreamTrack | null): Promise<void> {
    this.#camera = track;
    // An inspector reads scratches and digits: rather fewer pictures than smaller ones.
    if (track !== null && "contentHint" in track) track.contentHint = "detail";
    const sender = this.#videos()[0]?.sender;
    if (sender === undefined) return;
    if (this.#options.kind === "viewer" && track !== null) await shrink(sender, track);
    await sender.replaceTrack(this.#isPaused ? null : track);
  }

  /** Send the whole screen beside the camera; `null` ends it. */
  async shareScreen(track: MediaStreamTrack | null): Promise<void> {
    this.#screen = track;
    const known = this.#videos()[1];
    if (known !== undefined) await known.sender.replaceTrack(this.#isPaused ? null : track);
    else if (track !== null) {
      this.#connection.addTransceiver(this.#isPaused ? "video" : track, {
        direction: "sendonly",
        sendEncodings: [{ maxBitrate: SCREEN_BITS_PER_S }],
      });
    }
  }

  /** Stop or go on sending camera and screen; voices stay. */
  async pause(isPaused: boolean): Promise<void> {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    const [camera, screen] = this.#videos();
    await camera?.sender.replaceTrack(isPaused ? null : this.#camera);
    await screen?.sender.replaceTrack(isPaused ? null : this.#screen);
  }

  /** Send this voice; `null` only listens. */
  async speak(track: MediaStreamTrack | null): Promise<void> {
    this.#voice = track;
    await this.#audio()?.sender.replaceTrack(track);
  }

  // --- the path ---------------------------------------------------------------------------------

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

  /** Take what the other side's browser sent; a late word to a call that is over, or that is nonsense, is nothing. */
  async receive(payload: SignalPayload): Promise<void> {
    if (this.#connection.signalingState === "closed") return;
    try {
      await this.#take(payload);
    } catch (error) {
      console.warn("A word of the other browser made no sense to this one.", error);
    }
  }

  /** Use these servers from the next search for a path on: their credentials are short-lived. */
  setIce(iceServers: readonly RTCIceServer[], relayOnly: boolean): void {
    if (this.#connection.signalingState === "closed") return;
    this.#connection.setConfiguration(configuration(iceServers, relayOnly));
  }

  /**
   * Look for a new network path now: the phone changed from Wi-Fi to 4G, or the page came back to the front. The path in use
   * stays until another one works, so nothing is lost where nothing was wrong.
   */
  restart(): void {
    this.#searchUnless(CHANGE_MS);
  }

  /** What was said while the line to the other side was down has not been heard. */
  lineIsBack(): void {
    if (this.#isSearching || this.#connection.signalingState === "have-local-offer") this.restart();
  }

  /** Look for a path; if the last search is younger than this, only when it is that old and has found nothing. */
  #searchUnless(younger_ms: number): void {
    if (this.#connection.signalingState === "closed" || !this.#everConnected) return;
    const wait_ms = this.#searchedAt + younger_ms - performance.now();
    clearTimeout(this.#searchTimer);
    this.#searchTimer = setTimeout(() => this.#searchUnless(0), wait_ms > 0 ? wait_ms : SEARCH_MS);
    this.#isSearching = true;
    if (wait_ms <= 0) this.#search();
  }

  #search(): void {
    this.#searchedAt = performance.now();
    if (this.#options.role === "operator") this.#options.send({ renegotiate: "path" });
    // An offer that nobody answered (the other page was away) would keep the browser from making another.
    else if (this.#connection.signalingState === "have-local-offer") void this.#offer({ iceRestart: true });
    else this.#connection.restartIce();
  }

  async health(): Promise<CallHealth> {
    let health: CallHealth = { rtt_ms: null, isRelayed: false, frames: 0, width: 0, height: 0 };
    const report = await this.#connection.getStats();
    report.forEach((stat: Record<string, unknown>) => {
      if (stat["type"] === "candidate-pair" && stat["nominated"] === true && stat["state"] === "succeeded") {
        const rtt = stat["currentRoundTripTime"];
        const local = report.get(String(stat["localCandidateId"])) as Record<string, unknown> | undefined;
        health = {
          ...health,
          rtt_ms: typeof rtt === "number" ? Math.round(rtt * 1000) : null,
          isRelayed: local?.["candidateType"] === "relay",
        };
      }
      const isVideo = stat["kind"] === "video" && (stat["type"] === "outbound-rtp" || stat["type"] === "inbound-rtp");
      const frames = Number(stat["framesSent"] ?? stat["framesDecoded"] ?? 0);
      if (isVideo && frames >= health.frames) {
        const size = { width: Number(stat["frameWidth"] ?? 0), height: Number(stat["frameHeight"] ?? 0) };
        health = { ...health, frames, ...size };
      }
    });
    return health;
  }

  close(): void {
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#failTimer);
    clearTimeout(this.#searchTimer);
    clearInterval(this.#watchTimer);
    this.#connection.onconnectionstatechange = null;
    this.#connection.onicecandidate = null;
    this.#connection.close();
  }

  // --- within -----------------------------------------------------------------------------------

  #channel(which: RTCDataChannelInit & { readonly label: string }): RTCDataChannel {
    return this.#connection.createDataChannel(which.label, { negotiated: true, ordered: true, ...which });
  }

  #received(track: MediaStreamTrack, transceiver: RTCRtpTransceiver): void {
    if (track.kind === "video" && this.#videos().indexOf(transceiver) > 0) {
      this.#options.onScreenStream?.(new MediaStream([track]));
      return;
    }
    this.#remote.addTrack(track);
    this.#options.onRemoteStream(this.#remote);
  }

  async #take(payload: SignalPayload): Promise<void> {
    if ("renegotiate" in payload) {
      this.#searchUnless(SEARCH_MS);
    } else if ("candidate" in payload) {
      await this.#connection.addIceCandidate(payload.candidate === null ? undefined : this.#order.candidate(payload.candidate));
    } else if (payload.description.type === "answer") {
      if (this.#isForThisOffer(payload.description)) await this.#hear(payload.description);
    } else {
      await this.#hear(payload.description);
      await this.#answer();
    }
  }

  async #hear(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#connection.setRemoteDescription(this.#order.description(description));
    const path = this.#connection.getSenders()[0]?.transport?.iceTransport;
    if (path !== undefined) path.onselectedcandidatepairchange = () => this.#moved();
  }

  /**
   * Whether an answer is to what this connection offered last. When a page is loaded anew, or a call is built again, an answer
   * to the offer before may still be on its way; taken for the newer one it would join nothing to nothing.
   */
  #isForThisOffer(answer: RTCSessionDescriptionInit): boolean {
    if (this.#connection.signalingState !== "have-local-offer") return false;
    const answered = ANSWERS.exec(answer.sdp ?? "")?.[1];
    return answered === undefined || answered === originOf(this.#connection.localDescription?.sdp ?? "");
  }

  async #offer(options?: RTCOfferOptions): Promise<void> {
    if (options === undefined) await this.#connection.setLocalDescription();
    else await this.#connection.setLocalDescription(await this.#connection.createOffer(options));
    this.#sendLocal();
  }

  async #answer(): Promise<void> {
    const audio = this.#audio();
    if (audio !== undefined) {
      audio.direction = "sendrecv";
      await audio.sender.replaceTrack(this.#voice);
    }
    const offered = originOf(this.#connection.remoteDescription?.sdp ?? "");
    await this.#connection.setLocalDescription();
    const answer = this.#connection.localDescription;
    if (answer === null) return;
    this.#options.send({ description: { type: answer.type, sdp: `${answer.sdp}a=x-answers:${offered ?? ""}\r\n` } });
  }

  #audio(): RTCRtpTransceiver | undefined {
    return this.#connection.getTransceivers().find((each) => each.receiver.track.kind === "audio");
  }

  /** The camera's, then the screen's. */
  #videos(): RTCRtpTransceiver[] {
    return this.#connection.getTransceivers().filter((each) => each.receiver.track.kind === "video");
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
        this.#moved();
        this.#options.onState("connected");
        break;
      case "disconnected":
        this.#interrupted();
        this.#restartTimer = setTimeout(() => this.#searchUnless(SEARCH_MS), RESTART_AFTER_MS);
        break;
      case "failed":
        if (this.#everConnected) {
          this.#interrupted();
          this.#searchUnless(SEARCH_MS);
        } else {
          this.#giveUp();
        }
        break;
      default:
        break;
    }
  }

  /** Look for another path long before the browser would say that this one is gone. */
  async #watchThePath(): Promise<void> {
    if (this.#connection.connectionState !== "connected") {
      this.#watch.rest();
      return;
    }
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      if (this.#life?.readyState === "open" && this.#life.bufferedAmount === 0) this.#life.send(".");
      const traffic = trafficIn(await this.#connection.getStats());
      const now = performance.now();
      if (this.#watch.isLost(traffic, now)) this.#searchUnless(SEARCH_MS);
      // Nothing was wrong, or this browser does not tell of another way.
      else if (this.#watch.isHeard && now - this.#searchedAt >= CHANGE_MS) this.#moved();
    } finally {
      this.#isLooking = false;
    }
  }

  /** The search is over: the browser goes another way from now on, or hears again. */
  #moved(): void {
    if (!this.#isSearching) return;
    this.#isSearching = false;
    clearTimeout(this.#searchTimer);
    void this.#showAnew();
  }

  /**
   * Send whole pictures again. The other browser waits for what was lost on the old path, and asks for a whole one only every
   * three seconds (Chromium 156, measured); there is no other way to give it one that every browser knows.
   */
  async #showAnew(): Promise<void> {
    for (const { sender } of this.#videos()) {
      if (sender.track === null) continue;
      for (const isOn of [false, true]) {
        const parameters = sender.getParameters();
        parameters.encodings = parameters.encodings.map((each) => ({ ...each, active: isOn }));
        await sender.setParameters(parameters).catch(() => undefined); // closed meanwhile
      }
    }
  }

  #interrupted(): void {
    this.#options.onState("interrupted");
    clearTimeout(this.#failTimer);
    this.#failTimer = setTimeout(() => this.#giveUp(), FAILED_AFTER_MS);
  }

  #giveUp(): void {
    if (this.#connection.connectionState !== "connected") this.#options.onState("failed");
  }
}

function configuration(iceServers: readonly RTCIceServer[], relayOnly: boolean): RTCConfiguration {
  return { iceServers: [...iceServers], iceTransportPolicy: relayOnly ? "relay" : "all" };
}

/** Send a camera no larger than a second viewer needs. */
async function shrink(sender: RTCRtpSender, track: MediaStreamTrack): Promise<void> {
  const { width = 1280, height = 720 } = track.getSettings();
  const parameters = sender.getParameters();
  const by = Math.max(1, Math.min(width, height) / VIEWER_HEIGHT_PX);
  parameters.encodings = parameters.encodings.map((encoding) => ({ ...encoding, scaleResolutionDownBy: by }));
  await sender.setParameters(parameters).catch(() => undefined); // then at the size it has, within the same bits
}

/** Names the offer that an answer is to; browsers pass over attributes they do not know (RFC 8866, section 5.13). */
const ANSWERS = /^a=x-answers:(.+?)\r?$/m;

/** Session and version of a description: another one for every new offer of a connection. */
function originOf(sdp: string): string | undefined {
  return /^o=\S+ (\S+ \S+)/m.exec(sdp)?.[1];
}

function sessionIdOf(sdp: string): string | undefined {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1];
}
