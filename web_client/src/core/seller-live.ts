/** The seller's side of a live session without its looks: consent, call, chat, and what an operator asks of the phone. */

import { carryOut, CannotDo, type CommandActs, type Effect, type Outcome } from "./commands";
import {
  END_REASONS,
  MOST_CHAT_CHARACTERS,
  type ChatMessage,
  type CommandArgs,
  type EndReason,
  type Incoming,
  type LiveLevel,
  type Outgoing,
} from "./messages";
import { Refused, Unreached } from "./problems";
import type { Happening, Inside } from "./session";
import type { Consents } from "./views";

/** What an operator's "take the photo now" needs from the camera on the screen. */
export type Shutter = () => Promise<Effect>;

/** The part of the seller's case that a live session needs. */
export interface LiveCase {
  inside(): Inside;
  dispatch(happening: Happening): void;
  say(message: Outgoing): boolean;
  consent(consents: Consents): Promise<void>;
  goToStep(stepId: string): void;
  chat(): Promise<readonly ChatMessage[]>;
  newId(): string;
}

/** So many answers are remembered, as the service does. */
const REMEMBERED_ANSWERS = 64;

/** Screens from which an operator may lead the seller to a photo. */
const WORKING = new Set(["step", "review", "damage"]);

export class SellerLive {
  /** What an operator may make this phone do; the camera and the live call add theirs. */
  readonly acts: CommandActs = {
    go_to_step: (args) => this.beMoved(args),
    take_photo: () => this.press(),
  };

  /** What became of commands, by id: one that comes again, by a service that was started anew, is answered, not done. */
  private readonly outcomes = new Map<string, Promise<Outcome>>();

  /** Set by the camera while it is on the screen. */
  shutter: Shutter | null = null;

  /** What the seller tapped while the line was down, to be said when it is back. */
  private ended: string | null = null;
  private pauseWanted: boolean | null = null;

  constructor(private readonly case_: LiveCase) {}

  // --- the call ---------------------------------------------------------------------------------

  /** Say how much an operator may do from now on; `off` ends a call. `recording`: also whether a call may be recorded. */
  async allow(level: LiveLevel, recording?: boolean): Promise<void> {
    const { consents } = this.case_.inside().view;
    const wanted = { ...consents, live_level: level, live_video: level !== "off", recording: recording ?? consents.recording };
    if (wanted.live_level === consents.live_level && wanted.recording === consents.recording) return;
    await this.case_.consent(wanted);
  }

  /** Answer a call, with what the operator may do. */
  async accept(level: LiveLevel, recording?: boolean): Promise<void> {
    await this.allow(level, recording);
    this.case_.say({ type: "call.accept" });
  }

  declineCall(): void {
    this.case_.say({ type: "call.decline" });
  }

  /** Hang up: here at once, also while the line is down; the service hears of it when it can. */
  endCall(): void {
    const { call } = this.case_.inside();
    if (call === null) return;
    if (!this.case_.say({ type: "call.end" })) this.ended = call.id;
    this.case_.dispatch({ is: "called", call: { ...call, state: "ended" } });
  }

  /** Show nothing for a while: at once, whatever becomes of the line. */
  pauseCall(isPaused: boolean): void {
    const { call } = this.case_.inside();
    if (call === null) return;
    this.pauseWanted = this.case_.say({ type: isPaused ? "call.pause" : "call.resume" }) ? null : isPaused;
    this.case_.dispatch({ is: "called", call: { ...call, isPaused } });
  }

  endViewer(viewerId: string): void {
    this.case_.say({ type: "viewer.end", viewer_id: viewerId });
  }

  /** Write to the operators: it stands there at once, on its way until the service confirms it. */
  write(text: string): void {
    const trimmed = text.trim().slice(0, MOST_CHAT_CHARACTERS);
    if (trimmed === "") return;
    const sentence = { id: this.case_.newId(), text: trimmed, isRefused: false };
    this.case_.dispatch({ is: "wrote", unsaid: [...this.case_.inside().unsaid, sentence] });
    this.case_.say({ type: "chat", id: sentence.id, text: sentence.text });
  }

  /** Try again with a sentence that was refused; gone by then, it was said. */
  writeAgain(id: string): void {
    const sentence = this.case_.inside().unsaid.find((each) => each.id === id);
    if (sentence === undefined) return;
    this.refused(id, false);
    this.case_.say({ type: "chat", id, text: sentence.text });
  }

  private refused(id: unknown, isRefused: boolean): void {
    const { unsaid } = this.case_.inside();
    if (!unsaid.some((each) => each.id === id)) return;
    this.case_.dispatch({ is: "wrote", unsaid: unsaid.map((each) => (each.id === id ? { ...each, isRefused } : each)) });
  }

  /** Read what was written while this page was away. */
  async readChat(): Promise<void> {
    try {
      this.case_.dispatch({ is: "chat_read_again", messages: await this.case_.chat() });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreached)) throw error;
    }
  }

  seeChat(): void {
    this.case_.dispatch({ is: "chat_seen" });
  }

  /** Take what the line says of the live session; the connection's own messages are for others. */
  hear(message: Incoming): void {
    switch (message.type) {
      case "presence":
        this.case_.dispatch({ is: "present", operators: message.operators });
        break;
      case "call":
        this.called(message);
        break;
      case "chat":
        this.case_.dispatch({ is: "chatted", message, clientId: message.client_id });
        break;
      case "problem":
        this.refused(message.problem["id"], true);
        break;
      case "hint":
        this.case_.dispatch({ is: "hinted", hint: { code: message.code, isOk: message.ok } });
        break;
      case "command":
        void this.obey(message.id, message.name, message.args);
        break;
      default:
        break;
    }
  }

  /** What may not have got through on the old line goes again. */
  private sayAgain(): void {
    for (const { id, text, isRefused } of this.case_.inside().unsaid) {
      if (!isRefused) this.case_.say({ type: "chat", id, text });
    }
  }

  /** The line is back: a call that ended meanwhile shows nothing of this phone any more. */
  welcomed(callId: string | null | undefined): void {
    this.sayAgain();
    const { call } = this.case_.inside();
    // A service of before the update does not say.
    if (callId === undefined || call === null || call.id === callId) return;
    this.case_.dispatch({ is: "called", call: { ...call, state: "ended" } });
    if (call.state !== "accepted") return;
    const reason = "connection-lost" satisfies EndReason;
    this.case_.dispatch({ is: "noticed", notice: { is: "call_over", operator: call.operatorName, reason } });
  }

  /** The service says how the call stands. */
  private called(message: Extract<Incoming, { type: "call" }>): void {
    const { call } = this.case_.inside();
    const { call_id: id, state, operator_name: operatorName } = message;
    if (state === "accepted" && this.ended === id) {
      this.case_.say({ type: "call.end" });
      return;
    }
    this.ended = null;
    const isPaused = this.pausedAfter(message);
    this.case_.dispatch({ is: "called", call: { id, operatorName, state, isPaused, viewers: message.viewers ?? [] } });
    const reason = END_REASONS.find((known) => known === message.reason) satisfies EndReason | undefined;
    if (state === "ended" && call?.state === "accepted" && reason !== undefined) {
      this.case_.dispatch({ is: "noticed", notice: { is: "call_over", operator: call.operatorName, reason } });
    }
  }

  /** Whether the call is paused: what the seller tapped while the line was down counts, and is said now. */
  private pausedAfter(message: Extract<Incoming, { type: "call" }>): boolean {
    const told = message.paused ?? false;
    const wanted = this.pauseWanted;
    this.pauseWanted = null;
    if (wanted === null || wanted === told || message.state !== "accepted") return told;
    this.case_.say({ type: wanted ? "call.pause" : "call.resume" });
    return wanted;
  }

  /** Do what the operator asks, once, and say what really happened. */
  private async obey(id: string, name: string, args: CommandArgs): Promise<void> {
    let outcome = this.outcomes.get(id);
    if (outcome === undefined) {
      const { call, view } = this.case_.inside();
      const allowed = { level: view.consents.live_level, isPaused: call?.isPaused ?? false };
      outcome = carryOut(name, args, allowed, this.acts);
      this.outcomes.set(id, outcome);
      for (const oldest of this.outcomes.keys()) {
        if (this.outcomes.size <= REMEMBERED_ANSWERS) break;
        this.outcomes.delete(oldest);
      }
    }
    this.case_.say({ type: "ack", id, ...(await outcome) });
  }

  private beMoved(args: CommandArgs): Effect {
    const stepId = String(args["step_id"] ?? "");
    const { place, view, call, operators } = this.case_.inside();
    if (!view.steps.some((step) => step.id === stepId)) throw new CannotDo("step-unknown");
    if (!WORKING.has(place.screen)) throw new CannotDo("not-taking-photos");
    this.case_.goToStep(stepId);
    const operator = call?.operatorName ?? operators[0] ?? "";
    this.case_.dispatch({ is: "noticed", notice: { is: "operator_moved", stepId, operator } });
    return { step_id: stepId };
  }

  private press(): Promise<Effect> {
    if (this.shutter === null) throw new CannotDo("camera-closed");
    return this.shutter();
  }
}
