import type { Box, Identity, Judgement } from "../../core/views";
import type { CaseModel } from "./case-model";
import { t } from "./desk";
import { Photo } from "./photo";

export interface Decisions {
  readonly mayDecide: boolean;
  readonly accept: () => void;
  readonly retake: () => void;
  readonly keep: () => void;
}

/** One photo, large, with what was found on it and what may be decided about it. */
export function PhotoStage(props: {
  readonly model: CaseModel;
  readonly decisions: Decisions;
  readonly isMarking: boolean;
  readonly onMarking: (isMarking: boolean) => void;
  readonly onMark: (box: Box) => void;
}) {
  const { model, decisions, isMarking } = props;
  const texts = t();
  const step = model.step.value;
  const capture = model.capture.value;
  if (capture === null) {
    return (
      <p class="empty">
        {step?.title}{texts.colon}{step?.status === "skipped" ? texts.notSeen(skipReason(model)) : texts.noPhoto}
      </p>
    );
  }
  return (
    <>
      <Photo
        key={capture.id}
        capture={capture}
        findings={(model.view.value?.findings ?? []).filter((each) => each.capture_id === capture.id)}
        chosen={model.findingId.value}
        isMarking={isMarking}
        onChoose={(finding) => (model.findingId.value = finding)}
        onMark={props.onMark}
      />
      <Verdict model={model} />
      <div class="actions">
        <DecisionButtons model={model} decisions={decisions} />
        {!model.isOver.value && (
          <>
            <button disabled={!decisions.mayDecide || capture.state !== "retake"} onClick={decisions.keep}>
              {texts.keep} <kbd>o</kbd>
            </button>
            <button disabled={!decisions.mayDecide} aria-pressed={isMarking} onClick={() => props.onMarking(!isMarking)}>
              {texts.addFinding} <kbd>m</kbd>
            </button>
          </>
        )}
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
  );
}

/** Nothing once the case is over: what can never be done again is not offered greyed. */
function DecisionButtons({ model, decisions }: { readonly model: CaseModel; readonly decisions: Decisions }) {
  const texts = t();
  if (model.isOver.value) return null;
  return (
    <>
      <button disabled={!decisions.mayDecide || model.capture.value?.state === "accepted"} onClick={decisions.accept}>
        {texts.accept} <kbd>a</kbd>
      </button>
      <button disabled={!decisions.mayDecide} onClick={decisions.retake}>
        {texts.retake} <kbd>r</kbd>
      </button>
    </>
  );
}

/** The chosen step's last photo, small, beside a live picture: its verdict, and what may be decided at once. */
export function PhotoStrip({ model, decisions }: { readonly model: CaseModel; readonly decisions: Decisions }) {
  const texts = t();
  const step = model.step.value;
  const capture = model.capture.value;
  return (
    <div class="photo-strip">
      {capture === null ? (
        <span class="faint">
          {step?.title}{texts.colon}{texts.noPhoto}
        </span>
      ) : (
        <>
          <button class="plain" onClick={() => (model.stage.value = "photo")} title={texts.live.modes.photo}>
            <img src={capture.thumb_url} alt={texts.live.lastPhoto} />
          </button>
          <span class="said">
            <strong>{step?.title}</strong> <Said model={model} />
          </span>
          <DecisionButtons model={model} decisions={decisions} />
        </>
      )}
      {model.sellerStep.value !== null && model.sellerStep.value !== step?.id && (
        <button onClick={() => model.followSeller()}>
          {texts.live.follow} <kbd>f</kbd>
        </button>
      )}
    </div>
  );
}

/** The model's word on the photo, in one line. */
function Said({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const capture = model.capture.value;
  const judgement = capture?.judgement ?? null;
  if (judgement === null) return <>{texts.judging}</>;
  return (
    <>
      <strong class={judgement.accepted ? "good" : "bad"}>{judgement.accepted ? texts.accepted : texts.refused}</strong>{" "}
      {texts.viewFound}{texts.colon}{texts.views[judgement.view] ?? judgement.view} ({Math.round(judgement.view_score * 100)} %)
      {judgement.asked !== judgement.view && judgement.asked !== null && ` · ${texts.asked}${texts.colon}${texts.views[judgement.asked] ?? judgement.asked}`}
      {capture?.advice && ` · ${capture.advice.sentence}`}
      <SameCar what="plate" identity={judgement.plate} />
      <SameCar what="vin" identity={judgement.vin} />
      <SamePicture model={model} copies={judgement.same_as ?? []} />
      <OddPhoto model={model} />
    </>
  );
}

/** Whether the plate or number on the photo is the ordered one; nothing where the order names none. */
function SameCar({ what, identity }: { readonly what: "plate" | "vin"; readonly identity: Identity | null | undefined }) {
  if (!identity || identity.matches_order === "not_stated") return null;
  const said = t().identity[what][identity.matches_order];
  return <> · {identity.matches_order === "no" ? <strong class="bad">{said}</strong> : said}</>;
}

/** That the picture was sent before, for another step or in another inspection. */
function SamePicture({ model, copies }: { readonly model: CaseModel; readonly copies: NonNullable<Judgement["same_as"]> }) {
  if (copies.length === 0) return null;
  const here = copies.some((copy) => copy.inspection_id === model.id);
  return (
    <>
      {" "}
      · <strong class="bad">{here ? t().identity.copyHere : t().identity.copyElsewhere}</strong>
    </>
  );
}

/** That the photo may show another car than the rest, and why; a person sees at a glance whether it does. */
function OddPhoto({ model }: { readonly model: CaseModel }) {
  const odd = model.view.value?.odd_photos.find((each) => each.capture_id === model.capture.value?.id);
  if (odd === undefined) return null;
  const { otherCar, otherCarWhy } = t().identity;
  return (
    <>
      {" "}
      ·{" "}
      <strong class="bad">
        {otherCar} ({odd.why.map((why) => otherCarWhy[why]).join(", ")})
      </strong>
    </>
  );
}

/** What the model and the people decided about the photo, in one line each. */
function Verdict({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const capture = model.capture.value;
  if (!capture) return null;
  return (
    <dl class="verdict">
      <div>
        <dt>{texts.model}</dt>
        <dd>
          <Said model={model} />
        </dd>
      </div>
      {capture.decided_by && capture.decided_by.kind !== "service" && (
        <div>
          <dt>{capture.decided_by.kind === "operator" ? capture.decided_by.name : texts.seller}</dt>
          <dd>
            {texts[capture.state === "accepted" ? "accepted" : capture.state === "overridden" ? "keep" : "retake"]}
            {capture.decision_reason && `${texts.colon}${capture.decision_reason}`}
          </dd>
        </div>
      )}
    </dl>
  );
}

function skipReason(model: CaseModel): string {
  return model.view.value?.skipped.find((each) => each.step_id === model.step.value?.id)?.reason ?? "";
}
