/** The photo just taken and what is known about it; one never has to wait here. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { nextStep, verdictOf, type Verdict as Known } from "../../core/session";
import type { StepView } from "../../core/views";
import { inside, seller, words } from "./context";
import { shownElsewhere } from "./live-state";
import { Button, Icon } from "./Parts";
import { ReasonSheet } from "./ReasonSheet";

export function Verdict(props: { readonly step: StepView; readonly shot: string }): JSX.Element {
  const { step, shot } = props;
  const t = words.value;
  const now = inside();
  const known = verdictOf(now, step, shot);
  const [isKeeping, setKeeping] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus({ preventScroll: true }), [known.is]);
  const isLast = nextStep(now, step.id) === null;
  const mustRetake = known.is === "again" || known.is === "refused";
  const retake = (): void => {
    if (known.is === "refused") void seller().queue.discard(shot);
    seller().goToStep(step.id);
  };
  return (
    <div class="verdict" data-verdict={known.is}>
      <Picture shot={shot} alt={step.title} />
      <div class={`say ${known.is === "good" ? "good" : mustRetake ? "bad" : ""}`} aria-live="polite">
        <Words known={known} title={title} lang={now.view.texts_language} />
      </div>
      <div class="actions">
        {mustRetake ? (
          <Button id="retake" kind="primary" onClick={retake}>
            <Icon name="again" /> {t.verdict.retake}
          </Button>
        ) : (
          <Button id="next" kind="primary" onClick={() => seller().next()}>
            {isLast ? t.verdict.toReview : t.verdict.next}
          </Button>
        )}
        <div class="pair">
          {mustRetake ? (
            <Button id="next" onClick={() => seller().next()}>
              {t.step.later}
            </Button>
          ) : (
            <Button id="retake" onClick={retake}>
              {t.verdict.retake}
            </Button>
          )}
          {known.is === "again" && known.canKeep ? (
            <Button id="keep" onClick={() => setKeeping(true)}>
              {t.verdict.keep}
            </Button>
          ) : null}
        </div>
      </div>
      {isKeeping ? (
        <ReasonSheet
          title={t.verdict.keepTitle}
          text={t.verdict.keepText}
          reasons={t.verdict.keepReasons}
          onReason={(reason) => seller().keepAnyway(shot, reason)}
          onClose={() => setKeeping(false)}
        />
      ) : null}
    </div>
  );
}

function Words(props: {
  readonly known: Known;
  readonly title: { current: HTMLHeadingElement | null };
  readonly lang: string;
}): JSX.Element {
  const t = words.value;
  const { known } = props;
  const [heading, text, isTheirs] = sayings();
  return (
    <>
      <h1 ref={props.title} tabIndex={-1}>
        {known.is === "good" ? <Icon name="check" /> : null}
        {known.is === "again" || known.is === "refused" ? <Icon name="again" /> : null}
        {known.is === "checking" || known.is === "sending" ? <span class="spinner" aria-hidden="true" /> : null} {heading}
      </h1>
      {text === null ? null : <p lang={isTheirs ? props.lang : undefined}>{text}</p>}
    </>
  );

  function sayings(): [string, string | null, boolean] {
    switch (known.is) {
      case "waiting":
        return [t.verdict.kept, t.verdict.waiting, false];
      case "sending":
        return [t.verdict.kept, t.verdict.sending(Math.round(known.share * 100)), false];
      case "checking":
        return [t.verdict.checking, t.verdict.checkingText, false];
      case "good":
        return [t.verdict.good, t.verdict.goodText, false];
      case "earlier":
        return [t.verdict.earlier, t.verdict.earlierText, false];
      case "again":
        return [t.verdict.again, known.advice?.sentence ?? null, true];
      case "refused":
        return [t.verdict.refused, t.verdict.refusals[known.slug] ?? t.verdict.refusalAny, false];
    }
  }
}

/** The photo from the phone while it is there, else the service's copy. */
function Picture(props: { readonly shot: string; readonly alt: string }): JSX.Element {
  const remote = `/v1/seller/captures/${props.shot}/photo?size=full`;
  const inspectionId = inside().view.inspection.id;
  const [source, setSource] = useState<string | null>(null);
  useEffect(() => {
    const photo = seller().queue.bytesOf(props.shot);
    if (photo === undefined) {
      setSource(remote);
      return undefined;
    }
    const url = URL.createObjectURL(new Blob([photo.bytes], { type: photo.mediaType }));
    setSource(url);
    const forget = shownElsewhere(url, `/v1/operator/inspections/${inspectionId}/captures/${props.shot}/photo`);
    return () => {
      forget();
      URL.revokeObjectURL(url);
    };
  }, [props.shot]);
  return (
    <div class="taken">
      {/* HEIC cannot be shown by every browser: the service's copy is JPEG. */}
      {source === null ? null : <img src={source} alt={props.alt} onError={() => setSource(remote)} />}
    </div>
  );
}
