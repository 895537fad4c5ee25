import type { CaseModel } from "./case-model";
import { t } from "./desk";

/** The checklist's steps with their photos; where the seller is now is marked. */
export function StepList({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const view = model.view.value!;
  const step = model.step.value;
  const capture = model.capture.value;
  return (
    <ol class="steps" aria-label={view.checklist_title}>
      {view.steps.map((each) => (
        <li key={each.id}>
          <button
            aria-current={each.id === step?.id}
            class={`${each.status} ${each.id === model.sellerStep.value ? "current" : ""}`}
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
          <button
            aria-current={each.id === capture?.id}
            onClick={() => {
              model.captureId.value = each.id;
              model.stage.value = "photo";
            }}
          >
            <img src={each.thumb_url} alt="" loading="lazy" />
            <span>
              {texts.seller} {index + 1}
              <small>{texts.findings}</small>
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}
