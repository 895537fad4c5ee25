import { useEffect, useMemo, useState } from "preact/hooks";
import { AfterSeal, correctionQuestion, mayCorrect } from "./after-seal";
import { CallPanel } from "./call-panel";
import { CaseHeader } from "./case-header";
import { browseKeys, liveKeys, mayLeave, whyNoMark } from "./case-keys";
import { CaseModel, type StageMode } from "./case-model";
import { api, carName, go, language, me, notice, t, takeIntent } from "./desk";
import { Ask, type Question } from "./dialogs";
import { useKeys } from "./keys";
import { Chat } from "./live/chat";
import { CommandBar, Commands } from "./live/command-bar";
import { Glance } from "./live/glance";
import { Voice } from "./live/picture";
import { LiveStage } from "./live/stage";
import { Annotations, Findings, Log, Odometer, Points, Signatures } from "./panels";
import { PhotoStage, PhotoStrip, type Decisions } from "./photo-stage";
import { damageQuestion, drawingQuestion, handOverQuestion, keepQuestion, retakeQuestion, takeOverQuestion } from "./questions";
import { NoCase } from "./no-case";
import { Looked } from "./people/looked";
import { PublicationPanel } from "./publication/panel";
import { StepList } from "./step-list";
import type { OperatorView } from "./views";

/** One inspection at a glance: steps, the live picture or a photo, what each voice says of it, and the line to the seller. */
export function Case({ id, isCovered }: { readonly id: string; readonly isCovered: boolean }) {
  const model = useMemo(() => new CaseModel(id), [id]);
  const [question, setQuestion] = useState<Question | null>(null);
  const [isMarking, setMarking] = useState(false);

  useEffect(() => {
    void model.open(takeIntent() === "join");
    return () => model.close();
  }, [model]);
  useEffect(() => void model.refresh(), [model, language.value]);
  useCaseTakenAway(model);
  const isLive = model.live.isLive.value;
  useEffect(() => void (model.stage.value = isLive ? "live" : "photo"), [isLive]);
  const sellerStep = model.sellerStep.value;
  useEffect(() => {
    if (isLive && model.follows.value && sellerStep !== null) model.choose(sellerStep);
  }, [isLive, sellerStep]);
  useTitle(model);
  useCallSaid(model);

  const view = model.view.value;
  const ask = {
    drawing: () => setQuestion(drawingQuestion(model)),
    correct: (kind: "addendum" | "withdrawal") => {
      if (mayCorrect(model)) setQuestion(correctionQuestion(model, kind));
    },
    handOver: () => {
      if (model.mayWrite.value) void handOverQuestion(model).then(setQuestion);
    },
    takeOver: () => {
      const holder = view?.inspection.claimed_by ?? null;
      const isSupervisor = me.value?.role === "supervisor" || me.value?.role === "admin";
      if (holder !== null && !model.isMine.value && isSupervisor) setQuestion(takeOverQuestion(model, holder.name));
    },
  };
  const decisions = decisionsOn(model, setQuestion);
  const toggleClaim = (): void =>
    void model.act(() => (model.isMine.value ? api.release(id) : api.claim(id)));
  const leave = (): void => {
    const { drawing } = model.live;
    if (isMarking) setMarking(false);
    else if (drawing.frame.value?.isOver) drawing.drop();
    else if (drawing.frame.value !== null) model.live.command("unfreeze");
    else if (isLive && model.stage.value !== "live") model.stage.value = "live";
    else if (mayLeave(model)) go("/operator");
  };

  useKeys({
    ...browseKeys(model),
    ...liveKeys(model),
    a: decisions.accept,
    r: decisions.retake,
    o: decisions.keep,
    m: () => {
      const why = whyNoMark(model);
      notice.value = why;
      setMarking(why === null && !isMarking);
    },
    d: ask.drawing,
    c: toggleClaim,
    A: () => ask.correct("addendum"),
    X: () => ask.correct("withdrawal"),
    H: ask.handOver,
    T: ask.takeOver,
    // The list of keys lies on top: Escape closes that, and never the case beneath it.
    Escape: isCovered ? undefined : leave,
  });

  if (view === null) return model.isMissing.value ? <NoCase /> : <main class="case" aria-busy="true" />;
  // Nobody is called about a case that is closed, unless somebody still talks.
  const isOver = OVER.has(view.inspection.state) && !isLive && !model.live.isInCall.value;
  return (
    <main class={`case ${isLive ? "is-live" : ""}`}>
      <CaseHeader model={model} onClaim={toggleClaim} onHandOver={ask.handOver} onTakeOver={ask.takeOver} />
      <StepList model={model} />
      <section class="stage">
        {isLive && <Modes model={model} />}
        {isLive && (
          <div class="live-part" hidden={model.stage.value === "photo"}>
            <LiveStage model={model} onKeep={ask.drawing} />
            <PhotoStrip model={model} decisions={decisions} />
          </div>
        )}
        {(!isLive || model.stage.value === "photo") && (
          <PhotoStage
            model={model}
            decisions={decisions}
            isMarking={isMarking}
            onMarking={setMarking}
            onMark={(box) => {
              setMarking(false);
              const capture = model.capture.value;
              if (capture) setQuestion(damageQuestion(model, capture.id, box));
            }}
          />
        )}
        {model.live.isAccepted.value && <CommandBar model={model} />}
      </section>
      <aside>
        <AfterSeal model={model} ask={setQuestion} />
        {!isOver && <CallPanel model={model} />}
        {(isLive || model.live.phone.value !== null) && <Glance model={model} />}
        {!isOver && <Commands model={model} />}
        {(!isOver || model.live.chat.messages.value.length > 0) && <Chat model={model} />}
        <Findings model={model} />
        <Annotations model={model} />
        <Odometer model={model} />
        <Points model={model} />
        <Signatures model={model} ask={setQuestion} />
        <PublicationPanel id={id} state={view.inspection.state} titles={titlesOf(view)} />
        <Log model={model} />
        {me.value?.role !== "operator" && <Looked id={id} />}
      </aside>
      {isLive && <Voice model={model} />}
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </main>
  );
}

const OVER: ReadonlySet<string> = new Set(["sealed", "cancelled", "expired", "rejected"]);

/** What each photo shows, in the words of whoever reads; the copies are named in those of the inspection. */
function titlesOf(view: OperatorView): ReadonlyMap<string, string> {
  return new Map(view.steps.flatMap((step) => step.captures.map((photo) => [photo.id, step.title] as const)));
}

/** What is large: phone and camera, the camera alone, a shared screen, or the photo. */
function Modes({ model }: { readonly model: CaseModel }) {
  const words = t().live;
  const modes: readonly (readonly [StageMode, string])[] = [
    ["live", ""],
    ["camera", "l"],
    ...(model.live.phone.value?.sharing_screen && model.live.screen.value ? [["screen", "w"] as const] : []),
    ["photo", "p"],
  ];
  return (
    <nav class="modes">
      {modes.map(([mode, key]) => (
        <button key={mode} aria-pressed={model.stage.value === mode} onClick={() => (model.stage.value = mode)}>
          {words.modes[mode]} {key && <kbd>{key}</kbd>}
        </button>
      ))}
    </nav>
  );
}

function decisionsOn(model: CaseModel, ask: (question: Question) => void): Decisions {
  const capture = model.capture.value;
  const mayDecide = model.mayWrite.value && capture !== null;
  return {
    mayDecide,
    accept: () =>
      void (mayDecide && capture.state !== "accepted" && model.act(() => api.accept(model.id, capture.id))),
    retake: () => mayDecide && ask(retakeQuestion(model, capture.id)),
    keep: () => mayDecide && ask(keepQuestion(model, capture.id)),
  };
}

/** The car in the tab's title, with what was written and not read: an operator works in several tabs. */
function useTitle(model: CaseModel): void {
  const view = model.view.value;
  const unread = model.live.chat.unread.value;
  useEffect(() => {
    if (view) document.title = `${unread > 0 ? `(${unread}) ` : ""}${carName(view.inspection.vehicle)}`;
  }, [view, unread]);
}

/** What Escape said of a call is no longer so once the call is over. */
function useCallSaid(model: CaseModel): void {
  const isInCall = model.live.isInCall.value;
  useEffect(() => {
    if (!isInCall && notice.value === t().live.callIsOn) notice.value = null;
  }, [isInCall]);
}

/** The platform closed its cases to this team, or the session ended: nothing of the case stays on the screen. */
function useCaseTakenAway(model: CaseModel): void {
  const line = model.live.line.value;
  useEffect(() => {
    if (line === "signed_out") me.value = null;
    if (line !== "gone" && line !== "not_yours") return;
    go("/operator");
    notice.value = t().people.takenAway;
  }, [line]);
}
