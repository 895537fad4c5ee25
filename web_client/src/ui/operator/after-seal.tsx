import { CORRECTION_REASONS } from "../../core/views";
import { correctionTexts } from "../../locales/corrections";
import { hasNews, SinceSealed, Withdrawn } from "../since-sealed";
import { reportUrl, type Correction } from "./api";
import type { CaseModel } from "./case-model";
import { api, language, me } from "./desk";
import type { Question } from "./dialogs";

/** Whether whoever sits here may add to this report. */
export function mayCorrect(model: CaseModel): boolean {
  const isSupervisor = me.value?.role === "supervisor" || me.value?.role === "admin";
  return isSupervisor && model.view.value?.report_ready === true;
}

/** Ask what to add, or why to withdraw; shown once more before it is signed for good. */
export function correctionQuestion(model: CaseModel, kind: Correction["kind"]): Question {
  const texts = correctionTexts[language.value];
  const isAddendum = kind === "addendum";
  const action = isAddendum ? texts.add : texts.withdraw;
  return {
    title: isAddendum ? texts.addTitle : texts.withdrawTitle,
    warnings: [texts.lasting],
    choices: CORRECTION_REASONS.map((code) => ({ code, sentence: texts.reasons[code] })),
    textLabel: texts.words,
    isTextNeeded: true,
    textMax: 4000,
    action: texts.more,
    confirm: {
      warning: isAddendum ? texts.lasting : texts.withdrawLasting,
      sure: texts.sure,
      go: action,
      change: texts.change,
    },
    onAnswer: (reason, text) =>
      void model.act(() => api.correct(model.id, { kind, reason: reason as Correction["reason"], text: text ?? "" })),
  };
}

/** In the header: the report's files. */
export function ReportLinks({ model }: { readonly model: CaseModel }) {
  const texts = correctionTexts[language.value];
  const view = model.view.value!;
  if (!view.report_ready || view.withheld.report) return null;
  return (
    <>
      <a class="button primary" href={reportUrl(model.id, "pdf")} target="_blank" rel="noreferrer">
        {texts.download}
      </a>
      <a class="button" href={reportUrl(model.id, "zip")} download id="bundle">
        {texts.bundle}
      </a>
    </>
  );
}

/** What was said since the seal, how anybody checks it, and a supervisor's way to add to it. */
export function AfterSeal({ model, ask }: { readonly model: CaseModel; readonly ask: (question: Question) => void }) {
  const texts = correctionTexts[language.value];
  const view = model.view.value!;
  if (!view.report_ready) return null;
  const shown = { language: language.value, corrections: view.corrections, withheld: view.withheld };
  return (
    <section class="after-seal" id="after-seal">
      <h2>
        {texts.title} <small>{view.corrections.length}</small>
      </h2>
      <Withdrawn {...shown} />
      {hasNews(shown) ? <SinceSealed {...shown} /> : <p class="faint">{texts.none}</p>}
      <p>
        {texts.check}{" "}
        <a href="/verify" target="_blank" rel="noreferrer">
          {texts.checkLink}
        </a>
      </p>
      {mayCorrect(model) && (
        <div class="actions">
          <button onClick={() => ask(correctionQuestion(model, "addendum"))}>
            {texts.add} <kbd>A</kbd>
          </button>
          <button onClick={() => ask(correctionQuestion(model, "withdrawal"))}>
            {texts.withdraw} <kbd>X</kbd>
          </button>
        </div>
      )}
    </section>
  );
}
