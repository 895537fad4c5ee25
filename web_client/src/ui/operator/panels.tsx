import { useState } from "preact/hooks";
import type { EventView } from "../../core/views";
import type { CaseModel } from "./case-model";
import { frameUrl } from "./api";
import { api, t } from "./desk";
import type { Question } from "./dialogs";
import { Marked } from "./marked";
import { sealingWait } from "./sealing";
import { ANSWERS, type Answer } from "./views";

interface Props {
  readonly model: CaseModel;
}

/** Everything anybody said about damage, the voices kept apart. */
export function Findings({ model }: Props) {
  const texts = t();
  const view = model.view.value!;
  const titleOf = (captureId: string | null): string =>
    view.steps.find((step) => step.captures.some((each) => each.id === captureId))?.title ?? texts.seller;
  return (
    <section>
      <h2>
        {texts.findings} <small>{view.findings.length}</small>
      </h2>
      {view.findings.length === 0 && <p class="faint">{texts.noFindings}</p>}
      <ul class="findings">
        {view.findings.map((each) => (
          <li key={each.id} class={each.verdict ?? ""} aria-current={each.id === model.findingId.value}>
            <button class="plain" onClick={() => model.showFinding(each)}>
              <strong>{each.kind_label}</strong> {titleOf(each.capture_id)}
              <small>
                {each.source === "model" && `${texts.model}, ${texts.score} ${(each.model_score ?? 0).toFixed(2)}`}
                {each.source === "operator" && texts.operator}
                {each.source === "seller" && texts.seller}
                {each.text && ` · ${each.text}`}
                {each.dispute && ` · ${texts.disputed}${texts.colon}${each.dispute}`}
              </small>
            </button>
            {model.isOver.value && each.verdict !== null && <span class="faint">{texts[each.verdict]}</span>}
            {!model.isOver.value && (["confirmed", "rejected"] as const).map((verdict) => (
              <button
                key={verdict}
                disabled={!model.mayWrite.value}
                aria-pressed={each.verdict === verdict}
                aria-label={`${verdict === "confirmed" ? texts.confirm : texts.reject}${texts.colon}${each.kind_label}`}
                title={verdict === "confirmed" ? `${texts.confirm} (y)` : `${texts.reject} (x)`}
                onClick={() =>
                  void model.act(() => api.judgeFinding(model.id, each.id, each.verdict === verdict ? null : verdict))
                }
              >
                {verdict === "confirmed" ? "✓" : "✕"}
              </button>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Frozen frames that became evidence, with what was drawn on them. */
export function Annotations({ model }: Props) {
  const { annotations } = model.view.value!;
  if (annotations.length === 0) return null;
  return (
    <section>
      <h2>
        {t().annotations} <small>{annotations.length}</small>
      </h2>
      <ul class="annotations">
        {annotations.map((each) => (
          <li key={each.id}>
            <a href={frameUrl(model.id, each.frame_id)} target="_blank" rel="noreferrer">
              <Marked src={frameUrl(model.id, each.frame_id)} strokes={each.strokes} />
            </a>
            <span>
              {each.text ?? ""}
              <small>
                {each.by.name} · {new Date(each.at).toLocaleTimeString()}
              </small>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The mileage by its voices; what the operator reads stands beside what the model reads. */
export function Odometer({ model }: Props) {
  const texts = t();
  const { odometer } = model.view.value!;
  const [typed, setTyped] = useState<string | null>(null);
  const ofModel = odometer.model?.reading as string | null | undefined;
  const ofOperator = odometer.operator?.reading as string | null | undefined;
  const value = typed ?? ofOperator ?? ofModel ?? "";
  const submit = (event: Event): void => {
    event.preventDefault();
    void model.act(() => api.editOdometer(model.id, value, "km")).then((isDone) => isDone && setTyped(null));
  };
  const form = (
    <form class="inline" onSubmit={submit}>
      <input
        inputMode="numeric"
        pattern="[0-9]{1,7}"
        required
        size={7}
        aria-label={texts.odometer}
        value={value}
        disabled={!model.mayWrite.value}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />{" "}
      km <button disabled={!model.mayWrite.value || !/^[0-9]{1,7}$/.test(value) || value === (ofOperator ?? "")}>{texts.save}</button>
    </form>
  );
  return (
    <section>
      <h2>{texts.odometer}</h2>
      <dl class="pairs">
        <dt>{texts.model}</dt>
        <dd>{ofModel ? texts.read(ofModel, Number(odometer.model?.confidence ?? 0)) : texts.notRead}</dd>
        <dt>{texts.declared}</dt>
        <dd>{odometer.declared_km === null ? "–" : `${odometer.declared_km} km`}</dd>
        <dt>{texts.operator}</dt>
        <dd>
          {model.isOver.value ? (ofOperator ? `${ofOperator} km` : texts.notRead) : form}
        </dd>
      </dl>
    </section>
  );
}

/** The checklist's control points; those of the step on the screen come first. */
export function Points({ model }: Props) {
  const texts = t();
  const view = model.view.value!;
  const said = new Map(
    view.statements.filter((each) => each.voice === "operator").map((each) => [each.control_point, each.value.answer]),
  );
  const here = model.step.value?.id;
  const points = view.control_points
    .filter((each) => each.id !== "odometer")
    .sort((a, b) => Number(b.step === here) - Number(a.step === here));
  return (
    <section>
      <h2>
        {texts.points} <small>{texts.photosOf(said.size - Number(said.has("odometer")), points.length)}</small>
      </h2>
      <ul class="points">
        {points.map((point) => (
          <li key={point.id} class={point.step === here ? "here" : ""}>
            {model.isOver.value ? (
              <Fact what={point.title} is={texts.answers[String(said.get(point.id))] ?? "–"} />
            ) : (
              <label>
                <span>{point.title}</span>
                <select
                  value={String(said.get(point.id) ?? "")}
                  disabled={!model.mayWrite.value}
                  onChange={(event) => {
                    const answer = event.currentTarget.value as Answer;
                    void model.act(() => api.state(model.id, point.id, answer));
                  }}
                >
                  <option value="" disabled>
                    –
                  </option>
                  {ANSWERS.map((answer) => (
                    <option key={answer} value={answer}>
                      {texts.answers[answer]}
                    </option>
                  ))}
                </select>
              </label>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What was said and can no longer be changed. */
function Fact({ what, is }: { readonly what: string; readonly is: string }) {
  return (
    <div class="fact">
      <span>{what}</span> <span>{is}</span>
    </div>
  );
}

/** Who signed, and the operator's own last act. */
export function Signatures({ model, ask }: Props & { readonly ask: (question: Question) => void }) {
  const texts = t();
  const view = model.view.value!;
  const state = view.inspection.state;
  const answered = new Set(view.statements.filter((each) => each.voice === "operator").map((each) => each.control_point));
  const unanswered = view.control_points.filter((each) => each.id !== "odometer" && !answered.has(each.id)).length;
  const unjudged = view.findings.filter((each) => each.verdict === null).length;
  const signOff = (): void =>
    ask({
      title: texts.signOff,
      action: texts.signOff,
      warnings: [
        ...(unjudged > 0 ? [texts.unjudged(unjudged)] : []),
        ...(unanswered > 0 ? [texts.unanswered(unanswered, view.control_points.length)] : []),
      ],
      choices: [],
      textLabel: texts.signOffNote,
      isTextNeeded: false,
      onAnswer: (_, note) => void model.act(() => api.signOff(model.id, note)),
    });
  return (
    <section>
      <h2>{texts.signatures}</h2>
      <ul>
        {view.signatures.map((each) => (
          <li key={each.role}>
            {texts.signedAs(each.role === "seller" ? texts.seller : texts.operator, each.name)}{" "}
            <small>
              {new Date(each.at).toLocaleString()}
              {each.role === "seller" && ` · ${texts.secondFactor[each.second_factor]}`}
            </small>
          </li>
        ))}
      </ul>
      {state === "seller_signed" && (
        <button class="primary" disabled={!model.mayWrite.value} onClick={signOff}>
          {texts.signOff}
        </button>
      )}
      {["in_progress", "review"].includes(state) && <p class="faint">{texts.signOffWaits}</p>}
      {state === "signed_off" && <SealingState events={view.events} />}
    </section>
  );
}

/** Says that the report is being sealed, or why it has to wait and that nobody needs to do it again. */
function SealingState({ events }: { events: readonly EventView[] }) {
  const texts = t();
  const reason = sealingWait(events);
  if (reason === null) return <p>{texts.sealing}</p>;
  const waits = texts.sealingWaits;
  return (
    <p class="warning" role="status">
      {waits.reasons[reason] ?? waits.other} {waits.goesOn}
    </p>
  );
}

/** The newest lines of the inspection's log. */
export function Log({ model }: Props) {
  const texts = t();
  const events = [...model.view.value!.events].reverse().slice(0, 40);
  return (
    <details class="log">
      <summary>{texts.log}</summary>
      <ol reversed>
        {events.map((each) => (
          <li key={each.seq}>
            <time dateTime={each.at}>{new Date(each.at).toLocaleTimeString()}</time> {each.kind}{" "}
            <small>{each.actor.name || each.actor.kind}</small>
          </li>
        ))}
      </ol>
    </details>
  );
}
