import { inWords } from "../../../core/words";
import type { CaseModel } from "../case-model";
import { t } from "../desk";
import { LivePicture } from "./picture";

/** The seller's screen where it cannot be mirrored: the same view from what the phone says of itself. */
export function DrawnPhone({ model, isWaiting }: { readonly model: CaseModel; readonly isWaiting: boolean }) {
  const texts = t();
  const { live } = model;
  const { phone, hint } = live;
  const view = model.view.value;
  const step = view?.steps.find((each) => each.id === model.sellerStep.value) ?? null;
  const screen = phone.value?.screen;
  const capture = step?.capture ?? null;
  return (
    <div class="drawn" data-screen={screen?.screen ?? ""}>
      <header>
        <strong>{step?.title ?? inWords(texts.live.places, screen?.screen) ?? texts.seller}</strong>
        <small>
          {inWords(texts.live.places, screen?.screen) ?? screen?.screen}
          {step && ` · ${texts.statuses[step.status]}`}
        </small>
      </header>
      {screen?.shot && capture ? <img src={capture.thumb_url} alt="" /> : <LivePicture model={model} />}
      <footer>
        {hint.value && (
          <p class={hint.value.ok ? "good" : "warning"}>{inWords(texts.hints, hint.value.code) ?? hint.value.code}</p>
        )}
        {step?.advice && <p>{step.advice.sentence}</p>}
        <p class="faint">{isWaiting ? texts.live.mirrorComing : texts.live.mirrorNone}</p>
      </footer>
    </div>
  );
}
