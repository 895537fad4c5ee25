/** One open inspection on the desk: its view, kept fresh by the event log, and the live line to the seller. */

import { computed, signal } from "@preact/signals";
import { PeerCall, type LinkState } from "../../core/call";
import type { Ack, CallState, CommandName, CommandRefusal, IceServer, Incoming } from "../../core/messages";
import { SessionSocket, sessionUrl, type LineState } from "../../core/session-socket";
import { api, attempt, language, me, notice, t } from "./desk";
import type { OperatorStep, OperatorView } from "./views";

export interface SentCommand {
  readonly id: string;
  readonly name: CommandName;
  readonly ack: Ack | null;
}

export class CaseModel {
  readonly view = signal<OperatorView | null>(null);
  readonly stepId = signal<string | null>(null);
  readonly captureId = signal<string | null>(null);
  readonly findingId = signal<string | null>(null);
  readonly line = signal<LineState>("connecting");
  readonly seller = signal(false);
  readonly call = signal<{ readonly state: CallState; readonly isMine: boolean; readonly reason?: string } | null>(null);
  readonly link = signal<LinkState | null>(null);
  readonly remote = signal<MediaStream | null>(null);
  readonly isMuted = signal(false);
  readonly hasMicrophone = signal(true);
  /** Whether the camera, and not a photo, is on the stage. */
  readonly showsLive = signal(false);
  readonly hint = signal<{ readonly code: string; readonly ok: boolean } | null>(null);
  readonly commands = signal<readonly SentCommand[]>([]);

  readonly step = computed<OperatorStep | null>(() => {
    const steps = this.view.value?.steps ?? [];
    return steps.find((each) => each.id === this.stepId.value) ?? steps[0] ?? null;
  });
  readonly capture = computed(() => {
    const step = this.step.value;
    const all = [...(step?.captures ?? []), ...(this.view.value?.damage_captures ?? [])];
    return all.find((each) => each.id === this.captureId.value) ?? step?.capture ?? step?.captures.at(-1) ?? null;
  });
  readonly isMine = computed(() => {
    const holder = this.view.value?.inspection.claimed_by;
    return holder !== null && holder !== undefined && holder.id === me.value?.id;
  });

  /** Whether this desk may change the case: it holds it, and the case is not over. */
  readonly mayWrite = computed(() => {
    const state = this.view.value?.inspection.state ?? "";
    return this.isMine.value && !["sealed", "cancelled", "expired", "rejected"].includes(state);
  });

  private socket: SessionSocket | null = null;
  private peer: PeerCall | null = null;
  private microphone: MediaStream | null = null;
  private iceServers: readonly IceServer[] = [];
  private isLoading = false;
  private isStale = false;
  private numbered = 0;

  constructor(readonly id: string) {}

  async open(): Promise<void> {
    if (!(await this.refresh())) return;
    this.stepId.value ??= this.view.value?.inspection.current_step ?? null;
    this.seller.value = this.view.value?.presence.seller ?? false;
    this.socket = new SessionSocket({
      url: sessionUrl(location, this.id, "operator"),
      open: (url) => new WebSocket(url),
      onMessage: (message) => void this.hear(message),
      onState: (state) => (this.line.value = state),
      after: this.view.value?.event_seq ?? 0,
    });
    this.socket.start();
    addEventListener("online", this.wake);
  }

  close(): void {
    removeEventListener("online", this.wake);
    if (this.call.value?.isMine && this.isInCall) this.socket?.send({ type: "call.end" });
    this.hangUp();
    this.socket?.close();
  }

  /** Read the case anew; several requests at once become one more reading at the end. */
  async refresh(): Promise<boolean> {
    if (this.isLoading) {
      this.isStale = true;
      return true;
    }
    this.isLoading = true;
    try {
      let isRead = false;
      do {
        this.isStale = false;
        isRead = await attempt(async () => (this.view.value = await api.view(this.id, language.value)));
      } while (this.isStale && isRead);
      return isRead;
    } finally {
      this.isLoading = false;
    }
  }

  /** Do something to the case and show the case as it is afterwards. */
  async act(work: () => Promise<unknown>): Promise<boolean> {
    const isDone = await attempt(work);
    const said = notice.value;
    await this.refresh();
    notice.value ??= said;
    return isDone;
  }

  choose(stepId: string, captureId: string | null = null): void {
    this.stepId.value = stepId;
    this.captureId.value = captureId;
    this.findingId.value = null;
    const hasPhoto = this.view.value?.steps.find((each) => each.id === stepId)?.capture !== null;
    this.showsLive.value = this.remote.value !== null && !hasPhoto;
  }

  get isInCall(): boolean {
    return this.call.value?.state === "ringing" || this.call.value?.state === "accepted";
  }

  // --- call -------------------------------------------------------------------------------------

  async toggleCall(): Promise<void> {
    if (this.isInCall) {
      this.socket?.send({ type: "call.end" });
      return;
    }
    notice.value = null;
    await this.openMicrophone();
    this.socket?.send({ type: "call.open" });
  }

  toggleMute(): void {
    this.isMuted.value = !this.isMuted.value;
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !this.isMuted.value;
  }

  command(name: CommandName, args: Readonly<Record<string, string>> = {}): void {
    this.numbered += 1;
    const id = `${Date.now().toString(36)}-${this.numbered}`;
    const isSent = this.socket?.send({ type: "command", id, name, args }) ?? false;
    const ack: Ack | null = isSent ? null : { id, ok: false, effect: null, error: "no-line" satisfies CommandRefusal };
    this.commands.value = [{ id, name, ack }, ...this.commands.value].slice(0, 5);
  }

  private async openMicrophone(): Promise<void> {
    try {
      this.microphone ??= await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      this.hasMicrophone.value = true;
    } catch {
      this.hasMicrophone.value = false; // the operator can still see, and hear the seller
    }
  }

  private startPeer(): void {
    this.peer?.close();
    this.peer = new PeerCall({
      role: "operator",
      iceServers: this.iceServers as RTCIceServer[],
      send: (payload) => this.socket?.send({ type: "signal", payload }),
      onRemoteStream: (stream) => (this.remote.value = stream),
      onState: (state) => (this.link.value = state),
    });
    void this.peer.speak(this.microphone?.getAudioTracks()[0] ?? null);
  }

  private hangUp(): void {
    this.peer?.close();
    this.peer = null;
    this.remote.value = null;
    this.showsLive.value = false;
    this.link.value = null;
    this.hint.value = null;
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = null;
  }

  // --- what the service says --------------------------------------------------------------------

  private async hear(message: Incoming): Promise<void> {
    switch (message.type) {
      case "welcome":
        this.iceServers = message.ice_servers;
        break;
      case "event":
        await this.refresh();
        break;
      case "presence":
        this.seller.value = message.seller;
        break;
      case "call":
        await this.followCall(message);
        break;
      case "signal":
        if (this.peer?.isFromAnother(message.payload)) this.startPeer(); // the seller's page was loaded anew
        await this.peer?.receive(message.payload);
        break;
      case "ack":
        this.commands.value = this.commands.value.map((each) => (each.id === message.id ? { ...each, ack: message } : each));
        break;
      case "hint":
        this.hint.value = message;
        break;
      case "problem":
        notice.value = this.problemInWords(message.problem);
        break;
      default:
        break;
    }
  }

  private async followCall(message: Extract<Incoming, { type: "call" }>): Promise<void> {
    const isMine = message.operator_id === me.value?.id;
    const isNewPage = this.call.value === null;
    this.call.value = { state: message.state, isMine, ...(message.reason ? { reason: message.reason } : {}) };
    if (!isMine) return;
    if (message.state === "accepted") {
      this.showsLive.value = true;
      await this.openMicrophone();
      if (this.peer === null) this.startPeer();
      // Loaded in the middle of the call: the seller's page offered to a page that is gone.
      if (isNewPage) this.socket?.send({ type: "signal", payload: { renegotiate: "all" } });
    } else if (message.state !== "ringing") {
      this.hangUp();
    }
  }

  private problemInWords(problem: Readonly<Record<string, unknown>>): string {
    const slug = String(problem.type).split(":").at(-1);
    if (slug === "seller-absent") return t().callAbsent;
    if (slug === "claim-needed") return t().callClaim;
    if (slug === "consent-missing") return t().callAsksConsent;
    if (slug === "no-call") {
      return typeof problem.operator_name === "string" ? t().callTaken(problem.operator_name) : t().callOver;
    }
    return String(problem.detail ?? slug);
  }

  private readonly wake = (): void => {
    this.socket?.start();
    this.peer?.restart();
  };
}
