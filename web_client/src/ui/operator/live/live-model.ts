/**
 * The live side of one case: the line to the service, the call with the phone, and everything said over both.
 *
 * The case itself (photos, findings, who holds it) is the `Host`'s; this only tells it that something changed.
 */

import { computed, signal } from "@preact/signals";
import { Backoff } from "../../../core/backoff";
import { PeerCall, told, type LinkState } from "../../../core/call";
import {
  type Ack,
  type CallState,
  type ChatMessage,
  type CommandArgs,
  type CommandName,
  type CommandRefusal,
  type IceServer,
  type Incoming,
  type LiveLevel,
  type PhoneState,
  type Viewer,
} from "../../../core/messages";
import { SessionSocket, sessionUrl, type LineState } from "../../../core/session-socket";
import type { EventView } from "../../../core/views";
import { ChatModel } from "./chat-model";
import { acknowledged, lensAfter, numbered, outcomeOf, sent, type SentCommand, type Situation } from "./commands";
import { DrawingModel, type FrozenFrame } from "./drawing-model";
import { Microphone } from "./microphone";

/** What the live side must know of the case, and tell it. */
export interface Host {
  readonly id: string;
  readonly me: () => string | undefined;
  readonly isMine: () => boolean;
  readonly level: () => LiveLevel;
  readonly isRecording: () => boolean;
  readonly changed: (event: EventView) => void;
  readonly say: (problem: Readonly<Record<string, unknown>>) => void;
  /** The newest frozen frame of the record, for a page that was loaded while the picture stands still. */
  readonly lastFrame: () => Omit<FrozenFrame, "isOver"> | null;
  readonly loadChat: () => Promise<readonly ChatMessage[]>;
}

export interface CallView {
  readonly id: string;
  readonly state: CallState;
  readonly isMine: boolean;
  /** It is in another tab of this operator. */
  readonly isElsewhere: boolean;
  readonly operatorName: string;
  readonly isPaused: boolean;
  readonly viewers: readonly Viewer[];
  readonly reason?: string;
}

/** The service waits ten seconds for the phone; a little later this page no longer waits for the service. */
const COMMAND_TIMEOUT_MS = 13_000;
/** ... and a minute for a seller who is being asked. */
const SELLER_ASKED_MS = 63_000;
/** Fresh credentials of the relay are asked for so long before the old ones end. */
const ICE_AHEAD_MS = 60_000;
/** A try that was replaced after so long without a connection is one that failed, and not a page loaded anew. */
const TRY_MS = 10_000;
/** A viewer that was offered nothing asks for it. */
const OFFER_TIMEOUT_MS = 5_000;

export class LiveModel {
  readonly line = signal<LineState>("connecting");
  /** Whether the seller's page is connected; `null`: not known, as while the line to the service is away. */
  readonly seller = signal<boolean | null>(null);
  readonly call = signal<CallView | null>(null);
  readonly link = signal<LinkState | null>(null);
  readonly remote = signal<MediaStream | null>(null);
  readonly screen = signal<MediaStream | null>(null);
  /** The data channel of the mirrored screen, new with every connection. */
  readonly mirror = signal<RTCDataChannel | null>(null);
  readonly phone = signal<PhoneState | null>(null);
  readonly hint = signal<{ readonly code: string; readonly ok: boolean } | null>(null);
  readonly commands = signal<readonly SentCommand[]>([]);
  readonly microphone = new Microphone();
  /** Looking on at a colleague's call: asked for, or joined. */
  readonly watching = signal<"no" | "asked" | "joined">("no");
  readonly chat: ChatModel;
  readonly drawing: DrawingModel;

  readonly isAccepted = computed(() => this.call.value?.state === "accepted" && isHere(this.call.value));
  readonly isInCall = computed(
    () => this.call.value !== null && isUnderWay(this.call.value) && isHere(this.call.value),
  );
  /** Whether the seller's camera is to be seen here, by call or by looking on. */
  readonly isLive = computed(() => this.isAccepted.value || this.watching.value === "joined");

  #socket: SessionSocket | null = null;
  #peer: PeerCall | null = null;
  #iceServers: readonly IceServer[] = [];
  #isRelayOnly = false;
  #pageId: string | null = null;
  /** The call that rang or went on when the line opened. */
  #callOnArrival: string | null = null;
  #isClosed = false;
  #viewerId: string | null = null;
  #iceTimer: ReturnType<typeof setTimeout> | undefined;
  #peerSince = 0;
  #rebuildTimer: ReturnType<typeof setTimeout> | undefined;
  #offerTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #rebuilds = new Backoff(1_000, 15_000);
  #wantsCall = false;
  #count = 0;

  constructor(private readonly host: Host) {
    this.chat = new ChatModel({
      send: (id, text, readAloud) => this.#socket?.send({ type: "chat", id, text, read_aloud: readAloud }) ?? false,
      load: host.loadChat,
    });
    this.drawing = new DrawingModel(() => this.#peer?.pointer ?? null);
  }

  open(after: number, isSellerThere: boolean): void {
    this.seller.value = isSellerThere;
    this.#socket = new SessionSocket({
      url: sessionUrl(location, this.host.id, "operator"),
      open: (url) => new WebSocket(url),
      onMessage: (message) => void this.#hear(message),
      onState: (state) => this.#followLine(state),
      after,
    });
    this.#socket.start();
    addEventListener("online", this.#wake);
    addEventListener("offline", this.#wake);
    void this.chat.load();
  }

  /** Leave the case: an own call ends, as hanging up does. */
  close(): void {
    this.#isClosed = true;
    removeEventListener("online", this.#wake);
    removeEventListener("offline", this.#wake);
    if (this.isInCall.value) this.#socket?.send({ type: "call.end" });
    if (this.watching.value !== "no") this.#socket?.send({ type: "watch.leave" });
    this.#hangUp();
    clearTimeout(this.#iceTimer);
    this.#socket?.close();
  }

  /** What the commands are offered by. */
  get situation(): Situation {
    const call = this.call.value;
    return {
      isMine: this.host.isMine(),
      isAccepted: this.isAccepted.value,
      isPaused: call?.isPaused ?? false,
      seller: this.seller.value,
      level: this.host.level(),
      isRecording: this.host.isRecording(),
      isFrozen: this.drawing.frame.value !== null || this.phone.value?.camera.state === "frozen",
      phone: this.phone.value,
    };
  }

  // --- call -------------------------------------------------------------------------------------

  async toggleCall(): Promise<void> {
    if (this.isInCall.value) {
      this.#socket?.send({ type: "call.end" });
      return;
    }
    await this.microphone.open();
    // A page that was opened in order to call may not have its line yet.
    this.#wantsCall = !(this.#socket?.send({ type: "call.open" }) ?? false);
  }

  /** Look on at a colleague's call, small and silent; again to leave. */
  toggleWatch(): void {
    if (this.watching.value === "no") {
      this.watching.value = "asked";
      this.#socket?.send({ type: "watch.join" });
    } else {
      this.#socket?.send({ type: "watch.leave" });
      this.#stopWatching();
    }
  }

  /** Give a command; what comes of it appears in `commands`. */
  command(name: CommandName, args: CommandArgs = {}): void {
    this.#count += 1;
    const id = `${Date.now().toString(36)}-${this.#count}`;
    const isSent = this.#socket?.send({ type: "command", id, name, args }) ?? false;
    this.commands.value = sent(this.commands.value, { id, no: null, name, args, ack: null });
    const patience_ms = name === "record" ? SELLER_ASKED_MS : COMMAND_TIMEOUT_MS;
    if (isSent) setTimeout(() => this.#answered(silence(id, "no-answer")), patience_ms);
    else this.#answered(silence(id, "no-line"));
  }

  #followLine(state: LineState): void {
    // What was last heard before the line broke is not what is so when it is back: the service says it anew.
    if (state === "waiting") {
      this.seller.value = null;
      this.phone.value = null;
    }
    this.line.value = state;
  }

  #startPeer(): void {
    this.#dropPeer();
    const viewerId = this.#viewerId;
    const peer = new PeerCall({
      role: "operator",
      kind: viewerId === null ? "main" : "viewer",
      iceServers: this.#iceServers as RTCIceServer[],
      relayOnly: this.#isRelayOnly,
      send: (payload) =>
        this.#socket?.send(viewerId === null ? { type: "signal", payload } : { type: "signal", viewer_id: viewerId, payload }),
      onRemoteStream: (stream) => (this.remote.value = stream),
      onScreenStream: (stream) => (this.screen.value = stream),
      onState: (state) => this.#followLink(state),
    });
    this.#peer = peer;
    this.#peerSince = Date.now();
    this.mirror.value = peer.mirror;
    this.drawing.listen(peer.pointer);
    if (viewerId === null) void peer.speak(this.microphone.track);
  }

  #followLink(state: LinkState): void {
    this.link.value = told(this.link.peek(), state);
    if (state === "connected") this.#rebuilds.reset();
    if (state !== "failed") return;
    clearTimeout(this.#rebuildTimer);
    this.#rebuildTimer = setTimeout(() => {
      if (this.isLive.value) this.#askAnew();
    }, this.#rebuilds.next());
  }

  /** Build the connection again from the beginning; the seller's page makes the offer. */
  #askAnew(): void {
    this.#startPeer();
    const viewer = this.#viewerId === null ? {} : { viewer_id: this.#viewerId };
    this.#socket?.send({ type: "signal", ...viewer, payload: { renegotiate: "all" } });
  }

  #dropPeer(): void {
    clearTimeout(this.#rebuildTimer);
    clearTimeout(this.#offerTimer);
    this.#peer?.close();
    this.#peer = null;
    this.remote.value = null;
    this.screen.value = null;
    this.mirror.value = null;
    this.drawing.listen(null);
  }

  #hangUp(): void {
    this.#dropPeer();
    this.#viewerId = null;
    this.watching.value = "no";
    this.link.value = null;
    this.hint.value = null;
    this.drawing.drop();
    this.microphone.close();
  }

  #stopWatching(): void {
    if (this.isInCall.value) return;
    this.#hangUp();
  }

  // --- what the service says --------------------------------------------------------------------

  async #hear(message: Incoming): Promise<void> {
    switch (message.type) {
      case "welcome":
        this.#isRelayOnly = message.relay_only;
        this.#pageId = message.page_id;
        this.#callOnArrival = message.call_id;
        this.#missedTheEnd(message.call_id);
        this.#useIce(message.ice_servers, message.ice_expires_at);
        this.#peer?.lineIsBack();
        void this.chat.load();
        if (this.watching.value !== "no") {
          this.watching.value = "asked"; // by a new connection, under a new id
          this.#socket?.send({ type: "watch.join" });
        }
        if (this.#wantsCall) this.#wantsCall = !(this.#socket?.send({ type: "call.open" }) ?? false);
        break;
      case "ice":
        this.#useIce(message.ice_servers, message.expires_at);
        break;
      case "event":
        if (message.event.kind === "command.sent") {
          this.commands.value = numbered(this.commands.value, message.event.data.id, message.event.data.no);
        }
        this.host.changed(message.event);
        break;
      case "presence":
        this.seller.value = message.seller;
        if (!message.seller) this.phone.value = null;
        break;
      case "call":
        await this.#followCall(message);
        break;
      case "signal":
        await this.#signalled(message);
        break;
      case "ack":
        this.#answered(message);
        break;
      case "phone":
        this.#followPhone(message.phone);
        break;
      case "chat":
        this.chat.hear(message);
        break;
      case "hint":
        if (!this.call.value?.isPaused) this.hint.value = message; // one about the last picture before a pause comes late
        break;
      case "problem":
        if (this.watching.value === "asked") this.watching.value = "no";
        this.chat.refused(message.problem["id"]);
        this.host.say(message.problem);
        break;
      default:
        break;
    }
  }

  #followPhone(phone: PhoneState | null): void {
    this.phone.value = phone;
    const isAsked = this.commands.value.some((each) => each.name === "freeze" && each.ack === null);
    const known = this.host.lastFrame();
    if (phone?.camera.state === "frozen" && this.isAccepted.value && this.drawing.frame.value === null && !isAsked && known) {
      this.drawing.show(known);
    }
    this.drawing.follow(phone?.camera.state ?? null);
  }

  #useIce(servers: readonly IceServer[], expiresAt: string | null): void {
    this.#iceServers = servers;
    this.#peer?.setIce(servers as RTCIceServer[], this.#isRelayOnly);
    clearTimeout(this.#iceTimer);
    if (expiresAt === null) return;
    const in_ms = Math.max(ICE_AHEAD_MS, Date.parse(expiresAt) - Date.now() - ICE_AHEAD_MS);
    this.#iceTimer = setTimeout(() => this.#socket?.send({ type: "ice" }), in_ms);
  }

  async #signalled(message: Extract<Incoming, { type: "signal" }>): Promise<void> {
    const viewerId = message.viewer_id ?? null;
    if (viewerId !== null && (this.watching.value === "no" || this.isInCall.value)) return;
    if (viewerId === null && !this.isAccepted.value) return;
    // A new id means a new connection, as does an offer from a page that was loaded anew.
    if (viewerId !== this.#viewerId || this.#peer === null || this.#peer.isFromAnother(message.payload)) {
      this.#viewerId = viewerId;
      if (viewerId !== null) this.watching.value = "joined";
      // The phone gives up and offers again a moment before we would: that try has failed all the same.
      if (this.link.peek() === "connecting" && Date.now() - this.#peerSince > TRY_MS) this.link.value = "failed";
      this.#startPeer();
    }
    await this.#peer?.receive(message.payload);
  }

  #answered(ack: Ack & { readonly no?: number }): void {
    const before = this.commands.value.find((each) => each.id === ack.id);
    this.commands.value = acknowledged(this.commands.value, ack);
    if (before === undefined || before.ack !== null) return;
    const now = this.commands.value.find((each) => each.id === ack.id);
    if (now === undefined || outcomeOf(now).is !== "done") return;
    this.drawing.obeyed(now);
    this.phone.value = lensAfter(this.phone.value, now);
  }

  async #followCall(message: Extract<Incoming, { type: "call" }>): Promise<void> {
    const isMine = message.operator_id === this.host.me();
    const isElsewhere = isMine && message.page_id !== this.#pageId;
    const isNewHere = this.#isNewHere(message.call_id);
    const wasLooking = this.watching.value;
    this.call.value = {
      id: message.call_id,
      state: message.state,
      isMine,
      isElsewhere,
      operatorName: message.operator_name,
      isPaused: message.paused ?? false,
      viewers: message.viewers ?? [],
      ...(message.reason ? { reason: message.reason } : {}),
    };
    if (this.call.value.isPaused) this.hint.value = null;
    if (!isMine) {
      const isSentAway = wasLooking === "joined" && !(message.viewers ?? []).some((each) => each.viewer_id === this.#viewerId);
      if (wasLooking !== "no" && (message.state !== "accepted" || isSentAway)) this.#stopWatching();
      if (wasLooking === "asked" && message.state === "accepted") this.#expectOffer(message.viewers ?? []);
      return;
    }
    if (message.state === "accepted" && !isElsewhere) {
      this.#viewerId = null;
      await this.microphone.open();
      // Both may have happened while the browser asked for the microphone: the call's end, and the seller's offer.
      if (!this.isAccepted.value || this.#isClosed) return this.#hangUp();
      if (this.#peer === null) this.#startPeer();
      else await this.#peer.speak(this.microphone.track);
      if (isNewHere) this.#socket?.send({ type: "signal", payload: { renegotiate: "all" } });
    } else if (message.state !== "ringing" || isElsewhere) {
      this.#hangUp();
    }
  }

  /**
   * Whether the phone made its offer to another page: this one was loaded in the middle of the call, or takes it over from
   * another tab. To a call that begins now, also one that is answered at once, the phone makes an offer by itself.
   */
  #isNewHere(callId: string): boolean {
    const known = this.call.value;
    return known?.id === callId ? known.isElsewhere && known.state === "accepted" : this.#callOnArrival === callId;
  }

  /** The line is back: a call that ended meanwhile is over here too. */
  #missedTheEnd(callId: string | null): void {
    const call = this.call.value;
    if (call === null || call.id === callId || !isUnderWay(call)) return;
    this.call.value = { ...call, state: "ended", viewers: [], reason: "connection-lost" };
    this.#hangUp();
  }

  /** The service took this page in as a viewer; should the phone's offer have been lost, it is asked for. */
  #expectOffer(viewers: readonly Viewer[]): void {
    clearTimeout(this.#offerTimer);
    const newest = viewers.at(-1);
    if (newest === undefined) return;
    this.#offerTimer = setTimeout(() => {
      if (this.watching.value === "asked") {
        this.#socket?.send({ type: "signal", viewer_id: newest.viewer_id, payload: { renegotiate: "all" } });
      }
    }, OFFER_TIMEOUT_MS);
  }

  readonly #wake = (): void => {
    this.#socket?.wake();
    this.#peer?.restart();
  };
}

function isHere(call: CallView): boolean {
  return call.isMine && !call.isElsewhere;
}

function isUnderWay(call: CallView): boolean {
  return call.state === "ringing" || call.state === "accepted";
}

function silence(id: string, error: CommandRefusal): Ack {
  return { id, ok: false, effect: null, error };
}
