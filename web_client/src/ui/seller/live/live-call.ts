/** Joins camera, screen, voice and finger of this phone to the live line: hints for the seller, and the call with an operator. */

import { effect } from "@preact/signals";

import { AnalysisSender } from "../../../core/analysis";
import { languageOf } from "../../../core/chat";
import { PeerCall, told, type LinkState, type SignalPayload } from "../../../core/call";
import { CannotDo, type Effect } from "../../../core/commands";
import { setTorch, setZoom } from "../../../core/lens";
import { allows, type CommandArgs, type Incoming, type LiveLevel } from "../../../core/messages";
import { MirrorSender } from "../../../core/mirror";
import { RecordingUploads } from "../../../core/recording";
import type { Seller } from "../../../core/seller";
import { liveLevelOf, mayBeAnalysed, unsent } from "../../../core/session";
import { camera, switchTheCamera } from "../camera-state";
import { state } from "../context";
import { analysisPath, forTheDesk, isSharingScreen, link, livePanel, microphone, readsAloud } from "../live-state";
import { freeze, thawWithTheStep, unfreeze } from "./freeze";
import { JpegFeed } from "./jpeg-feed";
import { ScreenRecorder, type ScreenEvent } from "./mirror-recorder";
import { PhoneStatus } from "./phone-status";
import { joinPointer } from "./pointing";
import { CallRecorder } from "./recorder";
import { playSound, readAloud, Voice } from "./voice";
import { ViewerCalls } from "./viewer-calls";

/** Relay credentials are asked for anew so often during a call; they live at least twice as long. */
const NEW_ICE_MS = 4 * 60_000;
const LOOK_AT_LINK_MS = 3_000;

/** The call as the phone carries it out; made once, lives as long as the page. */
export class LiveCall {
  private readonly analysis: AnalysisSender;
  private readonly voice: Voice;
  private readonly screen = new ScreenRecorder();
  private readonly status: PhoneStatus;
  private readonly viewers: ViewerCalls;
  private readonly recorder: CallRecorder;
  private readonly uploads: RecordingUploads;
  private peer: PeerCall | null = null;
  private mirror: MirrorSender | null = null;
  private leavePointer: () => void = () => undefined;
  private shared: MediaStream | null = null;
  private analysed: MediaStreamTrack | null = null;
  private level: LiveLevel = "off";

  constructor(
    private readonly seller: Seller,
    inspectionId: string,
  ) {
    const jpegs = new JpegFeed((bytes) => seller.sayBytes(bytes));
    this.analysis = new AnalysisSender({
      iceServers: () => this.iceServers,
      relayOnly: () => seller.isRelayOnly,
      send: (message) => seller.say(message),
      onPath: (path) => {
        analysisPath.value = path;
        jpegs.run(path === "jpeg");
      },
    });
    this.voice = new Voice((track) => {
      void this.peer?.speak(track);
      this.recorder.mix();
    });
    this.status = new PhoneStatus(seller);
    this.viewers = new ViewerCalls({
      iceServers: () => this.iceServers,
      isRelayOnly: () => seller.isRelayOnly,
      send: (viewerId, payload) => seller.say({ type: "signal", viewer_id: viewerId, payload }),
    });
    this.uploads = new RecordingUploads(inspectionId, seller.kept, seller.service, () => this.arePhotosSent(), () => {
      void this.recorder.stop();
    });
    this.recorder = new CallRecorder(seller.service, this.uploads, this.screen, () => ({
      mine: this.voice.track,
      theirs: this.voice.heard,
    }));
    this.learnCommands(inspectionId);
    seller.onMessage.add((message) => void this.hear(message));
    effect(() => this.followCamera());
    effect(() => this.showTheCamera());
    effect(() => this.followCall());
    effect(() => this.followRecordingConsent());
    thawWithTheStep();
    void this.uploads.resume();
    this.watchTheNetwork();
  }

  // --- what the sheets of the page do -----------------------------------------------------------

  toggleMute(): void {
    if (microphone.peek() === "on" || microphone.peek() === "muted") this.voice.mute(microphone.peek() === "on");
    else void this.voice.open();
  }

  /** Share the whole screen beside the camera; the browser asks which. */
  async shareScreen(isOn: boolean): Promise<void> {
    if (!isOn) {
      this.stopSharing();
      return;
    }
    try {
      this.shared = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false });
    } catch {
      return; // The seller thought better of it.
    }
    const track = this.shared.getVideoTracks()[0] ?? null;
    track?.addEventListener("ended", () => this.stopSharing()); // by the browser's own button
    if (this.peer === null) {
      this.stopSharing(); // The call ended while the browser asked.
      return;
    }
    isSharingScreen.value = track !== null;
    await this.peer.shareScreen(track);
  }

  stopRecording(): void {
    void this.recorder.stop();
  }

  // --- following ---------------------------------------------------------------------------------

  private get iceServers(): readonly RTCIceServer[] {
    return this.seller.iceServers as RTCIceServer[];
  }

  private arePhotosSent(): boolean {
    const now = state.peek();
    return now.at === "inside" && now.isOnline && unsent(now).length === 0;
  }

  /** Follow the camera for those who look on, also while the line is down; a pause holds for all of them. */
  private showTheCamera(): void {
    const open = camera.value;
    const track = open.is === "open" ? open.track : null;
    const now = state.peek();
    const isPaused = now.at === "inside" && (now.call?.isPaused ?? false);
    void this.peer?.showCamera(track);
    this.viewers.showCamera(isPaused ? null : track);
  }

  /** Follow the camera for the analysis: opened, closed, exchanged; the consent, given or taken back; and a pause. */
  private followCamera(): void {
    const open = camera.value;
    const track = mayBeAnalysed(state.value) && open.is === "open" ? open.track : null;
    if (track === this.analysed) return;
    this.analysed = track;
    if (track === null) this.analysis.stop();
    else this.analysis.start(track);
  }

  /** Follow the call: there, paused, over; and what the operator may do in it. */
  private followCall(): void {
    const now = state.value;
    const call = now.at === "inside" && now.call?.state === "accepted" ? now.call : null;
    const mayBeSeen = now.at === "inside" && now.view.consents.live_level !== "off";
    if (call === null || !mayBeSeen) {
      this.end();
      return;
    }
    if (this.peer === null) this.begin();
    void this.peer?.pause(call.isPaused);
    this.mirror?.pause(call.isPaused);
    this.viewers.follow(call.viewers, call.isPaused ? null : this.track);
    this.recorder.pause(call.isPaused);
    this.level = liveLevelOf(now);
    if (!allows(this.level, "point")) unfreeze();
  }

  private followRecordingConsent(): void {
    const now = state.value;
    if (now.at === "inside" && !now.view.consents.recording) void this.recorder.stop(true);
  }

  private get track(): MediaStreamTrack | null {
    const now = camera.peek();
    return now.is === "open" ? now.track : null;
  }

  private async hear(message: Incoming): Promise<void> {
    switch (message.type) {
      case "welcome":
        this.peer?.setIce(this.iceServers, this.seller.isRelayOnly);
        this.peer?.lineIsBack();
        this.status.again();
        this.uploads.wake();
        break;
      case "ice":
        this.peer?.setIce(this.iceServers, this.seller.isRelayOnly);
        break;
      case "analysis":
        await this.analysis.receive(message.description);
        break;
      case "chat":
        this.readAloud(message);
        break;
      case "signal":
        if (message.viewer_id !== undefined) await this.viewers.receive(message.viewer_id, message.payload);
        else await this.receive(message.payload);
        break;
      default:
        break;
    }
  }

  /** Only what comes now: nobody wants yesterday's sentences shouted on opening the page. */
  private readAloud(message: Extract<Incoming, { type: "chat" }>): void {
    const now = state.peek();
    if (now.at !== "inside" || message.from !== "operator" || !message.read_aloud || !readsAloud.get()) return;
    readAloud(message.text, languageOf(message.text, now.view.inspection.language));
  }

  private async receive(payload: SignalPayload): Promise<void> {
    if ("renegotiate" in payload && payload.renegotiate === "all") this.rebuild();
    else await this.peer?.receive(payload);
  }

  // --- the connection to the operator -------------------------------------------------------------

  private begin(): void {
    let made: PeerCall | null = null;
    const peer = new PeerCall({
      role: "seller",
      iceServers: this.iceServers,
      relayOnly: this.seller.isRelayOnly,
      send: (payload) => this.seller.say({ type: "signal", payload }),
      onRemoteStream: (stream) => {
        this.voice.hear(stream);
        this.recorder.mix();
      },
      onState: (now) => this.linkIs(now, made),
    });
    made = peer;
    this.peer = peer;
    void peer.showCamera(this.track);
    void peer.shareScreen(this.shared?.getVideoTracks()[0] ?? null);
    void peer.speak(this.voice.track);
    if (microphone.peek() === "off") void this.voice.open();
    this.showScreen(peer);
    if (peer.pointer !== null) this.leavePointer = joinPointer(peer.pointer, () => this.level);
  }

  private showScreen(peer: PeerCall): void {
    if (peer.mirror === null) return;
    const mirror = new MirrorSender({
      channel: peer.mirror,
      takeSnapshot: () => this.screen.snapshot(),
      rewrite: forTheDesk,
    });
    this.mirror = mirror;
    this.screen.add(this.saw);
  }

  private readonly saw = (event: ScreenEvent): void => this.mirror?.emit(event);

  private linkIs(now: LinkState, peer: PeerCall | null): void {
    if (peer !== null && this.peer !== peer) return; // of a connection that was replaced
    link.value = told(link.peek(), now);
    if (now !== "failed") return;
    // Nothing the browser does brings it back: from the beginning. The operator's page follows a new offer.
    setTimeout(() => {
      if (this.peer === peer) this.rebuild();
    }, 0);
  }

  private rebuild(): void {
    this.drop();
    const now = state.peek();
    if (now.at === "inside" && now.call?.state === "accepted") {
      this.begin();
      void this.peer?.pause(now.call.isPaused);
      this.mirror?.pause(now.call.isPaused);
    }
  }

  private drop(): void {
    this.leavePointer();
    this.leavePointer = () => undefined;
    this.mirror?.close();
    this.mirror = null;
    this.screen.remove(this.saw);
    const peer = this.peer;
    this.peer = null;
    peer?.close();
  }

  private end(): void {
    if (this.peer === null) return;
    this.drop();
    this.viewers.follow([], null);
    this.voice.close();
    this.stopSharing();
    unfreeze();
    void this.recorder.stop();
    this.status.rtt_ms = null;
    this.level = "off";
    link.value = null;
    if (livePanel.peek().is === "control" || livePanel.peek().is === "recording_ask") livePanel.value = { is: "none" };
  }

  private stopSharing(): void {
    for (const track of this.shared?.getTracks() ?? []) track.stop();
    this.shared = null;
    isSharingScreen.value = false;
    void this.peer?.shareScreen(null);
  }

  private watchTheNetwork(): void {
    const again = (): void => {
      this.peer?.restart();
      this.viewers.restart();
      this.uploads.wake();
    };
    addEventListener("online", again);
    (navigator as { connection?: EventTarget }).connection?.addEventListener("change", () => {
      this.seller.woke();
      again();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") again();
    });
    setInterval(() => this.peer !== null && this.seller.say({ type: "ice" }), NEW_ICE_MS);
    setInterval(() => {
      void this.peer?.health().then(({ rtt_ms }) => (this.status.rtt_ms = rtt_ms));
    }, LOOK_AT_LINK_MS);
  }

  // --- what an operator may make the phone do -----------------------------------------------------

  private learnCommands(inspectionId: string): void {
    const { acts } = this.seller.live;
    acts.torch = async (args) => ({ torch: await setTorch(this.lens(), args["on"] === true) });
    acts.zoom = async (args) => ({ zoom: await setZoom(this.lens(), Number(args["level"])) });
    acts.switch_camera = () => switchTheCamera();
    acts.freeze = () => freeze((bytes, type) => this.seller.service.freeze(bytes, type), inspectionId);
    acts.unfreeze = () => unfreeze();
    acts.show_example = (args) => showExample(args);
    acts.play_sound = () => playSound();
    acts.request_microphone = () => this.voice.request();
    acts.record = (args) => this.record(args["on"] === true);
  }

  private lens(): MediaStreamTrack {
    const { track } = this;
    if (track === null) throw new CannotDo("camera-closed");
    return track;
  }

  private async record(on: boolean): Promise<Effect> {
    if (!on) {
      await this.recorder.stop();
      return { recording_id: null };
    }
    const now = state.peek();
    const isAgreed = now.at === "inside" && (now.view.consents.recording || (await askToRecord()));
    if (!isAgreed || this.peer === null) throw new CannotDo("denied");
    return { recording_id: await this.recorder.start() };
  }
}

/** Ask the seller; a second question takes the first one's place. */
function askToRecord(): Promise<boolean> {
  const before = livePanel.peek();
  if (before.is === "recording_ask") before.answer(false);
  return new Promise((answer) => {
    livePanel.value = { is: "recording_ask", answer };
  });
}

function showExample(args: CommandArgs): Effect {
  const now = state.peek();
  const stepId = String(args["step_id"] ?? "");
  const step = now.at === "inside" ? now.view.steps.find((each) => each.id === stepId) : undefined;
  if (step === undefined) throw new CannotDo("step-unknown");
  if (step.example_url === null) throw new CannotDo("unsupported");
  livePanel.value = { is: "example", stepId };
  return { step_id: stepId };
}
