/** What the operator is asked before something is done that others read: reasons, words, names. */

import { api, attempt, go, me, notice, t } from "./desk";
import { operatorTexts } from "../../locales/operator";
import type { Box } from "../../core/views";
import type { CaseModel } from "./case-model";
import type { Question } from "./dialogs";
import type { DamageKind } from "./views";

/** The retake reason of a photo that was named as an odd one; no code of the checklist. */
const OTHER_CAR = "other_car";

type Severity = "minor" | "major";

export function retakeQuestion(model: CaseModel, captureId: string): Question {
  const texts = t();
  const isOdd = model.view.value?.odd_photos.some((each) => each.capture_id === captureId) ?? false;
  const otherCar = { code: OTHER_CAR, sentence: texts.identity.otherCarAsk };
  return {
    title: texts.retakeWhy,
    choices: [...(isOdd ? [otherCar] : []), ...(model.step.value?.reasons ?? [])],
    textLabel: texts.ownWords,
    isTextNeeded: false,
    onAnswer: (code, text) => {
      // The checklist has no such reason: it reaches the seller in words, in the seller's own language.
      const [reason, words] = code === OTHER_CAR ? ["other", text ?? otherCarSays(model)] : [code, text];
      void model.act(() => api.retake(model.id, captureId, reason, words));
    },
  };
}

function otherCarSays(model: CaseModel): string {
  const language = model.view.value?.inspection.language;
  return (language === undefined ? t() : operatorTexts[language]).identity.otherCarSays;
}

export function keepQuestion(model: CaseModel, captureId: string): Question {
  const texts = t();
  return {
    title: texts.keepWhy,
    choices: [],
    textLabel: texts.keepWhy,
    isTextNeeded: true,
    onAnswer: (_, text) => void model.act(() => api.override(model.id, captureId, text ?? "")),
  };
}

export function damageQuestion(model: CaseModel, captureId: string, box: Box): Question {
  const texts = t();
  return {
    title: texts.addFinding,
    choices: Object.entries(texts.kinds).map(([code, sentence]) => ({ code, sentence })),
    textLabel: texts.ownWords,
    isTextNeeded: false,
    degrees: severities(() => true),
    onAnswer: (kind, text, severity) =>
      void model.act(() =>
        api.addFinding(model.id, {
          capture_id: captureId,
          box,
          kind: kind as DamageKind,
          severity: severity as Severity,
          text,
        }),
      ),
  };
}

function severities(isFor: (code: string) => boolean): NonNullable<Question["degrees"]> {
  const { severity, minor, major } = t();
  const all = [
    { code: "minor" satisfies Severity, sentence: minor },
    { code: "major" satisfies Severity, sentence: major },
  ];
  return { label: severity, all, isFor };
}

const NOTE = "note";

/** Keep the frozen frame with what is drawn on it: as a note, or as a finding of damage. */
export function drawingQuestion(model: CaseModel): Question | null {
  const texts = t();
  const { drawing } = model.live;
  const frame = drawing.frame.value;
  if (frame === null || drawing.strokes.length === 0 || !model.mayWrite.value) return null;
  return {
    title: texts.live.keepDrawingTitle,
    choices: [
      { code: NOTE, sentence: texts.live.keepPlain },
      ...Object.entries(texts.kinds).map(([code, kind]) => ({ code, sentence: texts.live.keepFinding(kind) })),
    ],
    textLabel: texts.live.keepDrawingText,
    isTextNeeded: false,
    action: texts.live.keepDrawing,
    degrees: severities((code) => code !== NOTE),
    onAnswer: (code, text, severity) => {
      const finding = code === NOTE ? null : { kind: code as DamageKind, severity: severity as Severity };
      void model
        .act(() => api.keepFrame(model.id, frame.id, { strokes: drawing.strokes, text, finding }))
        .then((isKept) => {
          if (!isKept) return;
          notice.value = texts.live.kept;
          drawing.clear();
          if (frame.isOver) drawing.drop();
        });
    },
  };
}

/** Hand the case to a colleague who is at the desk now. */
export async function handOverQuestion(model: CaseModel): Promise<Question | null> {
  const texts = t();
  let question: Question | null = null;
  await attempt(async () => {
    const colleagues = (await api.colleagues()).filter((each) => each.online && each.id !== me.value?.id);
    question = {
      title: texts.live.handOverTitle,
      warnings: colleagues.length === 0 ? [texts.live.handOverNobody] : [],
      choices: colleagues.map((each) => ({ code: each.id, sentence: texts.live.colleague(each.name, each.cases) })),
      isBlocked: colleagues.length === 0,
      textLabel: texts.live.handOverNote,
      isTextNeeded: false,
      action: texts.live.handOver,
      onAnswer: (id, note) =>
        void model.act(() => api.handOver(model.id, id, note)).then((isDone) => isDone && go("/operator")),
    };
  });
  return question;
}

/** A supervisor takes the case from a colleague. */
export function takeOverQuestion(model: CaseModel, holder: string): Question {
  const texts = t();
  return {
    title: texts.live.takeOverTitle(holder),
    warnings: [texts.live.takeOverText],
    choices: [],
    textLabel: null,
    isTextNeeded: false,
    action: texts.live.takeOver,
    onAnswer: () => void model.act(() => api.claim(model.id, true)),
  };
}
