/** One open inspection on the desk: its view, kept fresh by the event log, and what the operator has before the eyes. */

import { computed, signal } from "@preact/signals";
import type { EventView, FindingView, LiveLevel } from "../../core/views";
import { api, attempt, language, me, notice, t } from "./desk";
import { LiveModel } from "./live/live-model";
import { TELLS_ALL, viewAfter } from "./view-after";
import type { OperatorStep, OperatorView } from "./views";

/** What is large in the middle. */
export type StageMode = "photo" | "live" | "camera" | "screen";

const OVER = ["sealed", "cancelled", "expired", "rejected"];
/** Such events come one after the other while the phone obeys, whose picture is what the operator waits for. */
const SHOWN_TOGETHER_MS = 300;

export class CaseModel {
  readonly view = signal<OperatorView | null>(null);
  readonly stepId = signal<string | null>(null);
  readonly captureId = signal<string | null>(null);
  readonly findingId = signal<string | null>(null);
  readonly stage = signal<StageMode>("photo");
  /** Whether the chosen step follows the seller's. */
  readonly follows = signal(true);
  /** The case could not be read: there is none of this name, or not for this desk. */
  readonly isMissing = signal(false);
  readonly live: LiveModel;

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
  readonly isOver = computed(() => OVER.includes(this.view.value?.inspection.state ?? ""));
  /** Whether this desk may change the case: it holds it, and the case is not over. */
  readonly mayWrite = computed(() => this.isMine.value && !this.isOver.value);
  /** Whether this desk may take the case: nobody holds it. */
  readonly mayClaim = computed(() => {
    const inspection = this.view.value?.inspection;
    return inspection !== undefined && inspection.claimed_by === null && !this.isOver.value;
  });
  /** Whether a photo is large in the middle, and not a live picture. */
  readonly isPhotoShown = computed(() => !this.live.isLive.value || this.stage.value === "photo");
  /** The step on the seller's phone: as the phone says it now, else as the record has it. */
  readonly sellerStep = computed(
    () => this.live.phone.value?.screen.step_id ?? this.view.value?.inspection.current_step ?? null,
  );
  readonly level = computed<LiveLevel>(() => this.view.value?.consents.live_level ?? "off");
  readonly recording = computed(
    () => (this.view.value?.recordings ?? []).find((each) => each.ended_at === null) ?? null,
  );

  private loading: Promise<boolean> | null = null;
  private isStale = false;
  private untold: readonly EventView[] = [];
  private telling: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: string) {
    this.live = new LiveModel({
      id,
      me: () => me.value?.id,
      isMine: () => this.mayWrite.value,
      level: () => this.level.value,
      isRecording: () => this.recording.value !== null,
      changed: (event) => void this.changed(event),
      say: (problem) => (notice.value = problemInWords(problem)),
      lastFrame: () => lastFrame(this.view.value?.events ?? []),
      loadChat: () => api.chat(id),
    });
  }

  /** Read the case and listen; `joins` claims it and rings or connects at once. */
  async open(joins = false): Promise<void> {
    this.isMissing.value = !(await this.refresh());
    if (this.isMissing.value) return;
    this.stepId.value ??= this.view.value?.inspection.current_step ?? null;
    this.live.open(this.view.value?.event_seq ?? 0, this.view.value?.presence.seller ?? false);
    if (joins) await this.join();
  }

  close(): void {
    clearTimeout(this.telling);
    this.live.close();
  }

  /** Take the case if nobody holds it, and call the seller. */
  async join(): Promise<void> {
    if (this.mayClaim.value && !(await this.act(() => api.claim(this.id)))) return;
    if (!this.mayWrite.value || this.live.isInCall.value) return;
    await this.live.toggleCall();
  }

  /** Read the case anew; several requests at once become one more reading at the end, and all wait for it. */
  refresh(): Promise<boolean> {
    this.isStale = true;
    this.loading ??= this.read().finally(() => (this.loading = null));
    return this.loading;
  }

  private async read(): Promise<boolean> {
    let isRead = false;
    do {
      this.isStale = false;
      isRead = await attempt(async () => (this.view.value = await api.view(this.id, language.value)));
    } while (this.isStale && isRead);
    return isRead;
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
    this.follows.value = stepId === this.sellerStep.value;
    const step = this.view.value?.steps.find((each) => each.id === stepId);
    // A photo that was asked for is shown; otherwise a live picture stays.
    if (captureId !== null || !this.live.isLive.value) this.stage.value = "photo";
    else if (this.stage.value === "photo" && (step?.captures.length ?? 0) === 0) this.stage.value = "live";
  }

  /** Choose a finding and show its photo, also one of declared damage, which belongs to no step. */
  showFinding({ id, capture_id }: Pick<FindingView, "id" | "capture_id">): void {
    const step = this.view.value?.steps.find((each) => each.captures.some((photo) => photo.id === capture_id));
    if (step) this.choose(step.id, capture_id);
    else {
      this.captureId.value = capture_id;
      if (this.hasPhoto(capture_id)) {
        this.stage.value = "photo";
        this.follows.value = false; // The seller's next step does not take it away.
      }
    }
    this.findingId.value = id;
  }

  /** Whether what a finding speaks of is before the eyes, as far as there is a photo of it. */
  isShown({ capture_id }: Pick<FindingView, "capture_id">): boolean {
    if (!this.hasPhoto(capture_id)) return true;
    return this.isPhotoShown.value && this.capture.value?.id === capture_id;
  }

  private hasPhoto(captureId: string | null): boolean {
    const { steps = [], damage_captures = [] } = this.view.value ?? {};
    return [...steps.flatMap((each) => each.captures), ...damage_captures].some((each) => each.id === captureId);
  }

  /** Go to the step the seller is on, and stay with the seller from now on. */
  followSeller(): void {
    const step = this.sellerStep.value;
    if (step !== null) this.choose(step);
    this.follows.value = true;
  }

  private async changed(event: EventView): Promise<void> {
    if (event.kind === "consent.withdrawn" && event.actor.kind === "seller") notice.value = t().live.levelChanged;
    if (!TELLS_ALL.has(event.kind)) return void (await this.refresh());
    this.untold = [...this.untold, event];
    this.telling ??= setTimeout(() => this.tell(), SHOWN_TOGETHER_MS);
  }

  private tell(): void {
    const [view, untold] = [this.view.value, this.untold];
    this.untold = [];
    this.telling = undefined;
    if (view === null) return;
    const next = viewAfter(view, untold);
    // What is being read now may be older than these events.
    if (next === null || this.loading !== null) void this.refresh();
    else this.view.value = next;
  }
}

/** The newest frame of a log that the seller's camera was frozen on. */
function lastFrame(events: readonly EventView[]): { id: string; width: number; height: number } | null {
  const found = events.filter((each) => each.kind === "frame.frozen").at(-1)?.data;
  if (found === undefined) return null;
  return { id: String(found.frame_id), width: Number(found.width), height: Number(found.height) };
}

function problemInWords(problem: Readonly<Record<string, unknown>>): string {
  const slug = String(problem.type).split(":").at(-1);
  if (slug === "seller-absent") return t().callAbsent;
  if (slug === "claim-needed") return t().callClaim;
  if (slug === "consent-missing") return t().callAsksConsent;
  if (slug === "viewers-full") return t().live.viewersFull;
  if (slug === "no-call") {
    return typeof problem.operator_name === "string" ? t().callTaken(problem.operator_name) : t().callOver;
  }
  return String(problem.detail ?? slug);
}
