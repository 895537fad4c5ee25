import { useEffect, useMemo, useState } from "preact/hooks";
import type { Box } from "../../core/views";
import { CallPanel, LiveVideo } from "./call-panel";
import { CaseModel } from "./case-model";
import { api, carName, go, language, me, t } from "./desk";
import { Ask, type Question } from "./dialogs";
import { useKeys } from "./keys";
import { Findings, Log, Odometer, Points, Signatures } from "./panels";
import { Photo } from "./photo";
import type { DamageKind } from "./views";

/** One inspection at a glance: steps, the photo, what each voice says of it, and the line to the seller. */
export function Case({ id, isCovered }: { readonly id: string; readonly isCovered: boolean }) {
  const model = useMemo(() => new CaseModel(id), [id]);
  const [question, setQuestion] = useState<Question | null>(null);
  const [isMarking, setMarking] = useState(false);

  useEffect(() => {
    void model.open();
    return () => model.close();
  }, [model]);
  useEffect(() => void model.refresh(), [model, language.value]);

  useEffect(() => {
    if (model.view.value) document.title = carName(model.view.value.inspection.vehicle);
  }, [model.view.value]);

  const view = model.view.value;
  const step = model.step.value;
  const capture = model.capture.value;
  const texts = t();
  const findings = (view?.findings ?? []).filter((each) => each.capture_id === capture?.id);
  const mayDecide = model.mayWrite.value && capture !== null;

  const accept = (): void => void (mayDecide && capture.state !== "accepted" && model.act(() => api.accept(id, capture.id)));
  const retake = (): void => {
    if (!mayDecide) return;
    setQuestion({
      title: texts.retakeWhy,
      choices: step?.reasons ?? [],
      textLabel: texts.ownWords,
      isTextNeeded: false,
      onAnswer: (code, text) => void model.act(() => api.retake(id, capture.id, code, text)),
    });
  };
  const keep = (): void => {
    if (!mayDecide) return;
    setQuestion({
      title: texts.keepWhy,
      choices: [],
      textLabel: texts.keepWhy,
      isTextNeeded: true,
      onAnswer: (_, text) => void model.act(() => api.override(id, capture.id, text ?? "")),
    });
  };
  const mark = (box: Box): void => {
    setMarking(false);
    if (!capture) return;
    setQuestion({
      title: texts.addFinding,
      choices: Object.entries(texts.kinds).map(([code, sentence]) => ({ code, sentence })),
      textLabel: texts.ownWords,
      isTextNeeded: false,
      onAnswer: (kind, text) =>
        void model.act(() =>
          api.addFinding(id, { capture_id: capture.id, box, kind: kind as DamageKind, severity: "minor", text }),
        ),
    });
  };
  const toggleClaim = (): void => void model.act(() => (model.isMine.value ? api.release(id) : api.claim(id)));
  const walk = (by: 1 | -1): void => {
    const steps = view?.steps ?? [];
    const next = steps[steps.findIndex((each) => each.id === step?.id) + by];
    if (next) model.choose(next.id);
  };
  const nextFinding = (): void => {
    const all = view?.findings ?? [];
    const next = all[(all.findIndex((each) => each.id === model.findingId.value) + 1) % Math.max(1, all.length)];
    if (!next) return;
    const owner = view?.steps.find((each) => each.captures.some((photo) => photo.id === next.capture_id));
    if (owner) model.choose(owner.id, next.capture_id);
    model.findingId.value = next.id;
  };
  const judge = (verdict: "confirmed" | "rejected"): void => {
    const chosen = model.findingId.value;
    if (chosen && model.mayWrite.value) void model.act(() => api.judgeFinding(id, chosen, verdict));
  };

  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    ArrowDown: () => walk(1),
    ArrowUp: () => walk(-1),
    a: accept,
    r: retake,
    o: keep,
    n: nextFinding,
    y: () => judge("confirmed"),
    x: () => judge("rejected"),
    m: () => setMarking(mayDecide && !isMarking),
    c: toggleClaim,
    v: () => void model.toggleCall(),
    g: () => step && model.command("go_to_step", { step_id: step.id }),
    t: () => model.command("take_photo"),
    l: () => (model.showsLive.value = model.remote.value !== null && !model.showsLive.value),
    // The list of keys lies on top: Escape closes that, and never the case beneath it.
    Escape: () => (isCovered ? undefined : isMarking ? setMarking(false) : go("/operator")),
  });

  if (view === null) return <main class="case" aria-busy="true" />;
  const { inspection } = view;
  const holder = inspection.claimed_by;
  const isOver = ["sealed", "cancelled", "expired", "rejected"].includes(inspection.state);

  return (
    <main class="case">
      <header>
        <button onClick={() => go("/operator")} title={texts.back} aria-label={texts.back}>
          ←
        </button>
        <h1>{carName(inspection.vehicle)}</h1>
        <span class={`state ${inspection.state}`}>{texts.states[inspection.state]}</span>
        <span>{texts.photosOf(inspection.progress.done, inspection.progress.total)}</span>
        <span>
          <span class={`dot ${model.seller.value ? "on" : ""}`} /> {inspection.seller_name ?? texts.seller}{" "}
          {model.seller.value ? texts.online : texts.offline}
        </span>
        <span class="faint">
          {inspection.platform_name}
          {inspection.reference && ` · ${inspection.reference}`}
        </span>
        {model.line.value !== "open" && <span class="warning">{texts.reconnecting}</span>}
        <span class="space" />
        {holder && holder.id !== me.value?.id && <span class="warning">{texts.claimedBy(holder.name)}</span>}
        {!isOver && (holder === null || model.isMine.value) && (
          <button class={model.isMine.value ? "" : "primary"} onClick={toggleClaim}>
            {model.isMine.value ? texts.release : texts.claim} <kbd>c</kbd>
          </button>
        )}
        {view.report_ready && (
          <a class="button primary" href={`/v1/operator/inspections/${id}/report.pdf`} target="_blank" rel="noreferrer">
            {texts.report}
          </a>
        )}
      </header>

      <ol class="steps" aria-label={view.checklist_title}>
        {view.steps.map((each) => (
          <li key={each.id}>
            <button
              aria-current={each.id === step?.id}
              class={`${each.status} ${each.id === inspection.current_step ? "current" : ""}`}
              onClick={() => model.choose(each.id)}
            >
              {each.capture ? <img src={each.capture.thumb_url} alt="" loading="lazy" /> : <span class="blank" />}
              <span>
                {each.title}
                <small>
                  {texts.statuses[each.status]}
                  {each.failed_attempts > 0 && ` · ${each.failed_attempts} ✕`}
                </small>
              </span>
            </button>
          </li>
        ))}
        {view.damage_captures.map((each, index) => (
          <li key={each.id}>
            <button aria-current={each.id === capture?.id} onClick={() => (model.captureId.value = each.id)}>
              <img src={each.thumb_url} alt="" loading="lazy" />
              <span>
                {texts.seller} {index + 1}
                <small>{texts.findings}</small>
              </span>
            </button>
          </li>
        ))}
      </ol>

      <section class="stage">
        {model.showsLive.value ? (
          <LiveVideo model={model} />
        ) : capture ? (
          <>
            <Photo
              key={capture.id}
              capture={capture}
              findings={findings}
              chosen={model.findingId.value}
              isMarking={isMarking}
              onChoose={(finding) => (model.findingId.value = finding)}
              onMark={mark}
            />
            <Verdict model={model} />
            <div class="actions">
              <button disabled={!mayDecide || capture.state === "accepted"} onClick={accept}>
                {texts.accept} <kbd>a</kbd>
              </button>
              <button disabled={!mayDecide} onClick={retake}>
                {texts.retake} <kbd>r</kbd>
              </button>
              <button disabled={!mayDecide || capture.state !== "retake"} onClick={keep}>
                {texts.keep} <kbd>o</kbd>
              </button>
              <button disabled={!mayDecide} aria-pressed={isMarking} onClick={() => setMarking(!isMarking)}>
                {texts.addFinding} <kbd>m</kbd>
              </button>
              <span class="space" />
              {(step?.captures.length ?? 0) > 1 &&
                step?.captures.map((each) => (
                  <button
                    key={each.id}
                    class="attempt"
                    aria-pressed={each.id === capture.id}
                    onClick={() => model.choose(step.id, each.id)}
                  >
                    {texts.attempt} {each.attempt}
                  </button>
                ))}
            </div>
          </>
        ) : (
          <p class="empty">
            {step?.title}: {step?.status === "skipped" ? texts.notSeen(skipReason(model)) : texts.noPhoto}
          </p>
        )}
      </section>

      <aside>
        <CallPanel model={model} />
        <Findings model={model} />
        <Odometer model={model} />
        <Points model={model} />
        <Signatures model={model} ask={setQuestion} />
        <Log model={model} />
      </aside>
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </main>
  );
}

function skipReason(model: CaseModel): string {
  return model.view.value?.skipped.find((each) => each.step_id === model.step.value?.id)?.reason ?? "";
}

/** What the model and the people decided about the photo, in one line each. */
function Verdict({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const capture = model.capture.value;
  if (!capture) return null;
  const judgement = capture.judgement;
  return (
    <dl class="verdict">
      <div>
        <dt>{texts.model}</dt>
        <dd>
          {judgement ? (
            <>
              <strong class={judgement.accepted ? "good" : "bad"}>
                {judgement.accepted ? texts.accepted : texts.refused}
              </strong>{" "}
              {texts.viewFound}: {judgement.view} ({Math.round(judgement.view_score * 100)} %)
              {judgement.asked !== judgement.view && judgement.asked !== null && ` · ${texts.asked}: ${judgement.asked}`}
              {capture.advice && ` · ${capture.advice.sentence}`}
            </>
          ) : (
            texts.judging
          )}
        </dd>
      </div>
      {capture.decided_by && capture.decided_by.kind !== "service" && (
        <div>
          <dt>{capture.decided_by.kind === "operator" ? capture.decided_by.name : texts.seller}</dt>
          <dd>
            {texts[capture.state === "accepted" ? "accepted" : capture.state === "overridden" ? "keep" : "retake"]}
            {capture.decision_reason && `: ${capture.decision_reason}`}
          </dd>
        </div>
      )}
    </dl>
  );
}
