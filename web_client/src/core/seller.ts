/** The seller's page without its looks: every act of the seller, and everything the service tells it, meet here. */

import type { SellerApi, Signing } from "./api";
import { realTimers, type Timers } from "./backoff";
import { keep, type KeptPhoto, type Still } from "./capture";
import type { CommandArgs, IceServer, Incoming, Outgoing, PhoneRefusal } from "./messages";
import { NoRoom, type PhotoStore } from "./photo-store";
import { Refused, Unreached } from "./problems";
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

/** A short memory that survives a reload and needs no waiting: where the seller was. */
export interface Memory {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

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

/** What an operator's "take the photo now" needs from the camera on the screen. */
export type Shutter = () => Promise<Readonly<Record<string, unknown>>>;

const POLL_MS = 5_000;
const START_AGAIN_MS = 4_000;
/** How long a notice stays that asks nothing of the seller; the style sheet fades it out at the end of it. */
export const PASSING_MS = 6_000;
/** Events after which the view is read again; the others change nothing the seller sees. */
const UNSEEN = new Set(["step.entered", "upload.created", "command.sent", "command.acknowledged"]);

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
  /** Set by the camera while it is on the screen. */
  shutter: Shutter | null = null;
  /** Where the browsers may find a path to each other, as the service says when the line opens. */
  iceServers: readonly IceServer[] = [];
  readonly queue: UploadQueue;

  private readonly timers: Timers;
  private socket: SessionSocket | null = null;
  private token: string | null = null;
  private refreshing: Promise<void> | null = null;
  private isStale = false;
  private poll: unknown = null;
  private passing: unknown = null;

  constructor(private readonly world: SellerWorld) {
    this.timers = world.timers ?? realTimers;
    this.queue = new UploadQueue(
      world.store,
      world.uploader,
      (waiting) => this.queued(waiting),
      (photo) => this.arrived(photo.captureId),
      () => void this.refresh(),
      this.timers,
    );
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
    if (place.screen !== "step") return;
    this.say({ type: "watch.step", step_id: place.stepId });
    // Only tells operators where the seller is; without a network the phone's own memory is enough.
    this.world.api.enterStep(place.stepId).catch(() => undefined);
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

  async help(): Promise<void> {
    await this.world.api.help();
    this.dispatch({ is: "noticed", notice: { is: "help_coming" } });
  }

  async speak(language: Language): Promise<void> {
    this.world.api.language = language;
    if (this.state.at === "inside") await this.refresh();
  }

  answerCall(answer: "accept" | "decline" | "end"): void {
    this.say({ type: `call.${answer}` });
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
    this.socket?.start();
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
    this.store.dispatch(happening);
    const state = this.state;
    if (state.at !== "inside") return;
    if (happening.is === "went" || happening.is === "viewed") this.remember(state);
    if (happening.is === "noticed") this.letPass(happening.notice);
    this.pollWhileAwaiting(state);
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
    this.dispatch({ is: "viewed", view, remembered: this.remembered(id) });
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
    const place = this.inside.place;
    if (place.screen === "step") this.world.api.enterStep(place.stepId).catch(() => undefined);
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
    for (const listener of this.onMessage) listener(message);
    switch (message.type) {
      case "welcome": {
        this.iceServers = message.ice_servers;
        const place = this.inside.place;
        if (place.screen === "step") this.say({ type: "watch.step", step_id: place.stepId });
        break;
      }
      case "event":
        this.happened(message.event.kind, message.event.actor.kind, message.event.data);
        break;
      case "presence":
        this.dispatch({ is: "present", operators: message.operators });
        break;
      case "call":
        this.dispatch({
          is: "called",
          call: { id: message.call_id, operatorName: message.operator_name, state: message.state },
        });
        break;
      case "hint":
        this.dispatch({ is: "hinted", hint: { code: message.code, isOk: message.ok } });
        break;
      case "command":
        void this.obey(message.id, message.name, message.args);
        break;
      default:
        break; // The live call's own messages.
    }
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

  /** Do what the operator asks and say what really happened. */
  private async obey(id: string, name: string, args: CommandArgs): Promise<void> {
    const answer = (ok: boolean, effect: Readonly<Record<string, unknown>> | null, error: PhoneRefusal | null): void => {
      this.say({ type: "ack", id, ok, effect, error });
    };
    const place = this.inside.place;
    const isWorking = place.screen === "step" || place.screen === "review" || place.screen === "damage";
    if (name === "go_to_step") {
      const stepId = String(args["step_id"] ?? "");
      if (!this.inside.view.steps.some((step) => step.id === stepId)) return answer(false, null, "step-unknown");
      if (!isWorking) return answer(false, null, "not-taking-photos");
      this.goToStep(stepId);
      const operator = this.inside.call?.operatorName ?? this.inside.operators[0] ?? "";
      this.dispatch({ is: "noticed", notice: { is: "operator_moved", stepId, operator } });
      return answer(true, { step_id: stepId }, null);
    }
    if (name !== "take_photo") return answer(false, null, "command-unknown");
    if (this.shutter === null) return answer(false, null, "camera-closed");
    try {
      return answer(true, await this.shutter(), null);
    } catch (error) {
      return answer(false, null, error instanceof NoRoom ? "no-room" : "photo-failed");
    }
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

  // --- where the seller was ---------------------------------------------------------------------

  private remember(state: Inside): void {
    this.world.memory.set(`place:${state.view.inspection.id}`, JSON.stringify(state.place));
  }

  private remembered(inspectionId: string): Place | null {
    const text = this.world.memory.get(`place:${inspectionId}`);
    if (text === null) return null;
    try {
      return JSON.parse(text) as Place;
    } catch {
      return null;
    }
  }
}
