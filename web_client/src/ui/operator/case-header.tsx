import { withdrawal } from "../../core/corrections";
import { correctionTexts } from "../../locales/corrections";
import { ReportLinks } from "./after-seal";
import type { CaseModel } from "./case-model";
import { carName, go, language, me, presenceInWords, t } from "./desk";

/** Which inspection this is, who is there, who holds it. */
export function CaseHeader(props: {
  readonly model: CaseModel;
  readonly onClaim: () => void;
  readonly onHandOver: () => void;
  readonly onTakeOver: () => void;
}) {
  const { model } = props;
  const texts = t();
  const { live } = model;
  const { inspection, corrections } = model.view.value!;
  const since = correctionTexts[language.value];
  const holder = inspection.claimed_by;
  const isMine = model.isMine.value;
  const isSupervisor = me.value?.role === "supervisor" || me.value?.role === "admin";
  return (
    <header>
      <button onClick={() => go("/operator")} title={texts.back} aria-label={texts.back}>
        ←
      </button>
      <h1>{carName(inspection.vehicle)}</h1>
      <span class={`state ${inspection.state}`}>{texts.states[inspection.state]}</span>
      {corrections.length > 0 && (
        <a class={withdrawal(corrections) ? "warning" : ""} href="#after-seal" id="corrected">
          {withdrawal(corrections) ? since.kinds.withdrawal : since.count(corrections.length)}
        </a>
      )}
      <span>{texts.photosOf(inspection.progress.done, inspection.progress.total)}</span>
      <span>
        <span class={`dot ${live.seller.value ? "on" : ""}`} /> {inspection.seller_name ?? texts.seller}{" "}
        {presenceInWords(live.seller.value)}
      </span>
      <span class="faint">
        {inspection.platform_name}
        {inspection.reference && ` · ${inspection.reference}`}
      </span>
      {live.line.value !== "open" && <span class="warning">{texts.reconnecting}</span>}
      <span class="space" />
      {holder && !isMine && !model.isOver.value && <span class="warning">{texts.claimedBy(holder.name)}</span>}
      {holder && !isMine && isSupervisor && !model.isOver.value && (
        <button onClick={props.onTakeOver}>
          {texts.live.takeOver} <kbd>T</kbd>
        </button>
      )}
      {!model.isOver.value && (holder === null || isMine) && (
        <button class={isMine ? "" : "primary"} onClick={props.onClaim}>
          {isMine ? texts.release : texts.claim} <kbd>c</kbd>
        </button>
      )}
      {isMine && !model.isOver.value && (
        <button onClick={props.onHandOver}>
          {texts.live.handOver} <kbd>H</kbd>
        </button>
      )}
      <a
        class="button"
        href={`/operator/inspections/${model.id}/replay`}
        onClick={(event) => {
          event.preventDefault();
          go(`/operator/inspections/${model.id}/replay`);
        }}
      >
        {texts.live.replay}
      </a>
      <ReportLinks model={model} />
    </header>
  );
}
