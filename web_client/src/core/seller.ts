/** The seller's page without its looks: every act of the seller, and everything the service tells it, meet here. */

import type { SellerApi, Signing } from "./api";
import { realTimers, type Timers } from "./backoff";
import { keep, type KeptPhoto, type Still } from "./capture";
import type { IceServer, Incoming, LiveLevel, Outgoing } from "./messages";
import { NoRoom, type PhotoStore } from "./photo-store";
import { rememberedPlace, rememberedUnsaid, rememberPlace, rememberUnsaid, type Memory } from "./place-memory";
import { Refused, Unreached } from "./problems";
import { SellerLive } from "./seller-live";
import { SessionSocket, sessionUrl, type LineState, type SocketLike } from "./session-socket";
import {
  isAwaiting,
  isPassing,
  newsOf,
  nextStep,
  reduce,
  START,
  type Happening,
  type Inside,
  type Notice,
  type Place,
  type SellerState,
  type StopReason,
} from "./session";
import { Store } from "./store";
import { UploadQueue, type Uploader, type Waiting } from "./upload-queue";
import type { Consents, Language, SellerView } from "./views";

export interface SellerWorld {
  readonly api: SellerApi;
  readonly store: PhotoStore;
  readonly uploader: Uploader;
  readonly openSocket: (url: string) => SocketLike;
  readonly page: { readonly protocol: string; readonly host: string };
  readonly memory: Memory;
  readonly newId: () => string;
  readonly now: () => Date;
  readonly isOnline: () => boolean;
  readonly timers?: Timers;
}

const POLL_MS = 5_000;
const START_AGAIN_MS = 4_000;
/** How long a notice stays that asks nothing of the seller; the style sheet fades it out at the end of it. */
export const PASSING_MS = 6_000;
/** The record hears of a step when the step is on the screen, and in the mirror of whoever sent the seller there and waits. */
const SHOWN_FIRST_MS = 300;
/** Events after which the view is read again; the others change nothing the seller sees. */
const UNSEEN = new Set([
  "step.entered",
  "upload.created",
  "command.sent",
  "command.acknowledged",
  "chat.said",
  "call.paused",
  "call.resumed",
  "viewer.joined",
  "viewer.left",
  "frame.frozen",
]);

/** The case is closed: photos still on the phone are of no use to anybody, and are not kept there. */
const OVER = "inspection-closed";

/** Reasons to stop, by the problem's slug. */
const STOPS: Readonly<Record<string, StopReason>> = {
  "link-unknown": "link_unknown",
  "link-expired": "link_expired",
  "session-missing": "no_link",
  "session-taken-over": "taken_over",
  "rate-limited": "too_many_tries",
};

export class Seller {
  readonly store = new Store<SellerState, Happening>(START, reduce);
  /** Hears every message of the line; the live call plugs in here. */
  readonly onMessage = new Set<(message: Incoming) => void>();
  /** Where the browsers may find a path to each other, as the service says when the line opens. */
  iceServers: readonly IceServer[] = [];
  /** Whether only the relay may be used. */
  isRelayOnly = false;
  readonly queue: UploadQueue;
  readonly live: SellerLive;

  private readonly timers: Timers;
  private socket: SessionSocket | null = null;
  private token: string | null = null;
  private refreshing: Promise<void> | null = null;
  private isStale = false;
  private toldStep: string | null = null;
  private poll: unknown = null;
  private passing: unknown = null;

  constructor(private readonly world: SellerWorld) {
    this.timers = world.timers ?? realTimers;
    this.live = new SellerLive({
      inside: () => this.inside,
      dispatch: (happening) => this.dispatch(happening),
      say: (message) => this.say(message),
      consent: (consents) => this.consent(consents),
      goToStep: (stepId) => this.goToStep(stepId),
      chat: () => world.api.chat(),
      newId: world.newId,
    });
    this.queue = new UploadQueue(
      world.store,
      world.uploader,
      (waiting) => this.queued(waiting),
      (photo) => this.arrived(photo.captureId),
      () => void this.refresh(),
      this.timers,
    );
  }

  /** The service, for what the live session asks of it by itself. */
  get service(): SellerApi {
    return this.world.api;
  }

  /** What is kept on the phone. */
  get kept(): PhotoStore {
    return this.world.store;
  }

  get state(): SellerState {
    return this.store.state;
  }

  // --- coming in --------------------------------------------------------------------------------

  /** Open the page: with the token of the link, or with the session an earlier page left. */
  async start(token: string | null): Promise<void> {
    this.token = token;
    try {
      if (token === null) {
        this.enter(await this.world.api.inspection());
        return;
      }
      const preview = await this.world.api.preview(token);
      if (preview.link === "yours") this.enter(await this.world.api.join(token, null));
      else this.dispatch({ is: "previewed", token, preview });
    } catch (error) {
      this.couldNotStart(error, token);
    }
  }

  /** Spend the link: the seller tapped Start. */
  async begin(): Promise<void> {
    const state = this.state;
    if (state.at !== "welcome") return;
    try {
      this.enter(await this.world.api.join(state.token, null));
    } catch (error) {
      if (error instanceof Refused && error.slug === "link-used-elsewhere") this.dispatch({ is: "used_elsewhere" });
      else this.stopOr(error);
    }
  }

  async sendTakeoverCode(): Promise<void> {
    const state = this.state;
    if (state.at !== "takeover") return;
    const { sent_to } = await this.world.api.sendTakeoverCode(state.token);
    this.dispatch({ is: "code_sent", sentTo: sent_to });
  }

  async takeOver(code: string): Promise<void> {
    const state = this.state;
    if (state.at === "takeover") this.enter(await this.world.api.join(state.token, code));
  }

  /** The address to open in another browser; `null` once the token is gone. */
  get link(): string | null {
    return this.token === null ? null : `${this.world.page.protocol}//${this.world.page.host}/s#${this.token}`;
  }

  // --- steps ------------------------------------------------------------------------------------

  go(place: Place): void {
    this.dispatch({ is: "went", place });
  }

  goToStep(stepId: string): void {
    this.go({ screen: "step", stepId, shot: null });
  }

  /** On to the next thing to photograph, or to the review. */
  next(): void {
    const state = this.inside;
    const step = nextStep(state, state.place.screen === "step" ? state.place.stepId : null);
    if (step === null) this.go({ screen: "review" });
    else this.goToStep(step.id);
  }

  /**
   * Keep a photo for the step on the screen, or for declared damage when `stepId` is null.
   *
   * @returns The photo's id, once it is safe on the phone.
   * @throws NoRoom
   */
  async shoot(still: Still, stepId: string | null): Promise<string> {
    const photo: KeptPhoto = await keep(still, {
      inspectionId: this.inside.view.inspection.id,
      stepId,
      takenAt: this.world.now(),
      captureId: this.world.newId(),
    });
    for (const old of this.inside.waiting) {
      // A new photo takes the place of the refused one of its step; photos of damage do not replace each other.
      if (stepId !== null && old.state === "refused" && old.stepId === stepId) await this.queue.discard(old.captureId);
    }
    try {
      await this.queue.add(photo);
    } catch (error) {
      if (error instanceof NoRoom) this.dispatch({ is: "noticed", notice: { is: "no_room" } });
      throw error;
    }
    if (stepId !== null) this.dispatch({ is: "went", place: { screen: "step", stepId, shot: photo.captureId } });
    return photo.captureId;
  }

  async keepAnyway(captureId: string, reason: string): Promise<void> {
    this.saw(await this.world.api.keep(captureId, reason));
  }

  async skip(stepId: string, reason: string): Promise<void> {
    this.saw(await this.world.api.skip(stepId, reason));
    this.next();
  }

  // --- the rest of the case ---------------------------------------------------------------------

  async consent(consents: Consents): Promise<void> {
    this.saw(await this.world.api.consent(consents));
    this.queue.wake(); // Photos may have been waiting for it.
  }

  async declareDamage(clientId: string, text: string, captureIds: readonly string[]): Promise<void> {
    await this.world.api.declareDamage(clientId, text, captureIds);
    await this.refresh();
  }

  async dispute(findingId: string, text: string): Promise<void> {
    await this.world.api.dispute(findingId, text);
    await this.refresh();
  }

  async submit(): Promise<void> {
    this.saw(await this.world.api.submit());
  }

  async reopen(): Promise<void> {
    this.saw(await this.world.api.reopen());
  }

  async sendSigningCode(): Promise<string> {
    return (await this.world.api.sendSigningCode()).sent_to;
  }

  async sign(signing: Signing): Promise<void> {
    this.saw(await this.world.api.sign(signing));
  }

  /** Ask for a person, who may then do this much. */
  async help(level: LiveLevel): Promise<void> {
    await this.live.allow(level);
    this.saw(await this.world.api.help(null));
    this.dispatch({ is: "noticed", notice: { is: "help_coming" } });
  }

  /** Where to call back, when nobody has come yet. */
  async leaveNumber(phone: string): Promise<void> {
    this.saw(await this.world.api.help(phone));
  }

  async withdrawHelp(): Promise<void> {
    this.saw(await this.world.api.withdrawHelp());
  }

  async speak(language: Language): Promise<void> {
    this.world.api.language = language;
    if (this.state.at === "inside") await this.refresh();
  }

  /** Tapped away: the notice goes, and with it the refused photo it was about. */
  dismissNotice(): void {
    const news = newsOf(this.inside);
    if (news?.is === "damage_refused") void this.queue.discard(news.captureId);
    else this.dispatch({ is: "noticed", notice: null });
  }

  /** Say something on the line; the live call uses it too. */
  say(message: Outgoing): boolean {
    return this.socket?.send(message) ?? false;
  }

  // --- what the phone tells ---------------------------------------------------------------------

  /** The network came or went, or the page is shown again: try everything now. */
  woke(): void {
    this.dispatch({ is: "network", isOnline: this.world.isOnline() });
    if (this.state.at !== "inside" || !this.world.isOnline()) return;
    this.socket?.wake();
    this.queue.wake();
    void this.refresh();
  }

  /** Read the case again; calls that come while one is under way are answered by one more. */
  refresh(): Promise<void> {
    this.isStale = true;
    this.refreshing ??= this.readUntilFresh().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  /** Send bytes of a picture that is only worth something now. */
  sayBytes(bytes: ArrayBuffer): boolean {
    return this.socket?.sendBytes(bytes) ?? false;
  }

  private async readUntilFresh(): Promise<void> {
    while (this.isStale) {
      this.isStale = false;
      try {
        this.saw(await this.world.api.inspection());
      } catch (error) {
        if (error instanceof Refused && error.status === 401) this.stop(STOPS[error.slug] ?? "no_link");
        return; // Not reached: the next event, wake-up or poll tries again.
      }
    }
  }

  // --- inside -----------------------------------------------------------------------------------

  private get inside(): Inside {
    const state = this.state;
    if (state.at !== "inside") throw new Error(`not inside an inspection but ${state.at}`);
    return state;
  }

  private dispatch(happening: Happening): void {
    const before = this.state;
    this.store.dispatch(happening);
    const state = this.state;
    if (state.at !== "inside") return;
    if (before.at === "inside" && state.unsaid !== before.unsaid) {
      rememberUnsaid(this.world.memory, state.view.inspection.id, state.unsaid);
    }
    if (happening.is === "went" || happening.is === "viewed") {
      rememberPlace(this.world.memory, state.view.inspection.id, state.place);
    }
    if (happening.is === "noticed") this.letPass(happening.notice);
    this.tellTheStep(state.place);
    this.pollWhileAwaiting(state);
  }

  /** Say where the seller is, however they came there: hints are for that step, and operators follow. */
  private tellTheStep(place: Place): void {
    const stepId = place.screen === "step" ? place.stepId : null;
    if (stepId === this.toldStep) return;
    this.toldStep = stepId;
    if (stepId === null) return;
    this.say({ type: "watch.step", step_id: stepId });
    // Without a network the phone's own memory is enough.
    this.timers.set(() => void this.world.api.enterStep(stepId).catch(() => undefined), SHOWN_FIRST_MS);
  }

  private letPass(notice: Notice | null): void {
    this.timers.clear(this.passing);
    if (notice === null || !isPassing(notice)) return;
    this.passing = this.timers.set(() => this.dispatch({ is: "noticed", notice: null }), PASSING_MS);
  }

  private saw(view: SellerView | undefined): void {
    if (view === undefined) void this.refresh();
    else this.dispatch({ is: "viewed", view });
  }

  private enter(view: SellerView): void {
    const id = view.inspection.id;
    this.dispatch({ is: "viewed", view, remembered: rememberedPlace(this.world.memory, id) });
    this.dispatch({ is: "wrote", unsaid: rememberedUnsaid(this.world.memory, id) });
    this.dispatch({ is: "network", isOnline: this.world.isOnline() });
    void this.queue.resume(id);
    this.socket = new SessionSocket({
      url: sessionUrl(this.world.page, id, "seller"),
      open: this.world.openSocket,
      onMessage: (message) => this.heard(message),
      onState: (line) => this.lineIs(line),
      after: view.event_seq,
      timers: this.timers,
    });
    this.socket.start();
  }

  private queued(waiting: readonly Waiting[]): void {
    const state = this.state;
    const before = state.at === "inside" ? state.waiting : [];
    this.dispatch({ is: "queued", waiting });
    for (const photo of waiting) {
      if (photo.state !== "refused" || before.some((b) => b.captureId === photo.captureId && b.state === "refused")) {
        continue;
      }
      if (photo.slug === OVER) void this.queue.discard(photo.captureId);
      else this.tellOfRefusal(photo);
    }
  }

  /** A photo the service will not have, when the seller has already gone on; of damage, `newsOf` tells. */
  private tellOfRefusal(photo: Waiting): void {
    const state = this.state;
    if (state.at !== "inside" || photo.stepId === null) return;
    const isShown = state.place.screen === "step" && state.place.shot === photo.captureId;
    if (!isShown) this.dispatch({ is: "noticed", notice: { is: "retake_judged", stepId: photo.stepId } });
  }

  private arrived(captureId: string): void {
    this.dispatch({ is: "arrived", captureId });
    void this.refresh();
  }

  private heard(message: Incoming): void {
    switch (message.type) {
      case "welcome":
        this.welcomed(message);
        break;
      case "ice":
        this.iceServers = message.ice_servers;
        break;
      case "event":
        this.happened(message.event.kind, message.event.actor.kind, message.event.data);
        break;
      default:
        this.live.hear(message);
    }
    for (const listener of this.onMessage) listener(message);
  }

  private welcomed(message: Extract<Incoming, { type: "welcome" }>): void {
    this.iceServers = message.ice_servers;
    this.isRelayOnly = message.relay_only ?? false; // a service of before the update does not say
    this.live.welcomed(message.call_id);
    const place = this.inside.place;
    if (place.screen === "step") this.say({ type: "watch.step", step_id: place.stepId });
    if (this.inside.chat.length > 0) void this.live.readChat(); // what was written while the line was down
  }

  private happened(kind: string, by: string, data: Readonly<Record<string, unknown>>): void {
    const stepId = typeof data["step_id"] === "string" ? data["step_id"] : null;
    const place = this.inside.place;
    const isElsewhere = stepId !== null && !(place.screen === "step" && place.stepId === stepId);
    if (kind === "capture.retake_asked" && isElsewhere && stepId !== null) {
      const is = by === "operator" ? "retake_asked" : "retake_judged";
      this.dispatch({ is: "noticed", notice: { is, stepId } });
    }
    if (!UNSEEN.has(kind)) void this.refresh();
  }

  private lineIs(line: LineState): void {
    this.dispatch({ is: "line", state: line });
    if (line === "replaced") this.stop("other_tab");
    if (line === "signed_out" || line === "not_yours") void this.refresh();
  }

  private pollWhileAwaiting(state: Inside): void {
    if (!isAwaiting(state)) {
      this.timers.clear(this.poll);
      this.poll = null;
    } else if (this.poll === null) {
      this.poll = this.timers.set(() => {
        this.poll = null;
        void this.refresh().then(() => {
          const now = this.state;
          if (now.at === "inside") this.pollWhileAwaiting(now);
        });
      }, POLL_MS);
    }
  }

  private couldNotStart(error: unknown, token: string | null): void {
    if (error instanceof Unreached || (error instanceof Refused && error.status >= 500)) {
      this.dispatch({ is: "unreached" });
      this.timers.set(() => void this.start(token), START_AGAIN_MS);
    } else {
      this.stopOr(error);
    }
  }

  private stopOr(error: unknown): void {
    if (!(error instanceof Refused)) throw error;
    const why = STOPS[error.slug];
    if (why === undefined) {
      this.stop("unexpected");
      return;
    }
    this.stop(why);
  }

  private stop(why: StopReason): void {
    this.queue.stop();
    this.socket?.close();
    this.timers.clear(this.poll);
    this.dispatch({ is: "stopped", why });
  }
}
