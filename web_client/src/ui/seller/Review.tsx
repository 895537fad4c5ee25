/** All photos, what was seen in them, what the seller knows of; then on to the signature. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { seenStatus, unsent } from "../../core/session";
import type { FindingView, StepView } from "../../core/views";
import { News, TopBar } from "./Chrome";
import { inside, seller, useAct, words } from "./context";
import { drawing } from "./drawings";
import { Button, Heading, Icon, Sheet, Trouble } from "./Parts";
import { Photo } from "./Photo";

export function Review(): JSX.Element {
  const now = inside();
  const t = words.value.review;
  const act = useAct();
  const { steps, damages, findings } = now.view;
  const left = steps.filter((step) => ["open", "retake"].includes(seenStatus(now, step)));
  const isJudging = steps.some((step) => step.status === "sent");
  const waiting = unsent(now);
  const blocked =
    left.length > 0 ? t.left(left.length) : waiting.length > 0 ? t.unsent(waiting.length) : isJudging ? t.judging : null;
  return (
    <main class="page" data-screen="review">
      <TopBar />
      <News />
      <Heading>{t.title}</Heading>
      <p>{t.text}</p>
      <ul class="photos">
        {steps.map((step) => (
          <StepCard key={step.id} step={step} />
        ))}
      </ul>

      <h2>{t.findings}</h2>
      {findings.length === 0 ? <p class="note">{t.findingsNone}</p> : null}
      <ul class="findings">
        {findings.map((finding) => (
          <Finding key={finding.id} finding={finding} />
        ))}
      </ul>

      <h2>{t.damages}</h2>
      {damages.length === 0 ? <p class="note">{t.damagesNone}</p> : null}
      <ul class="findings">
        {damages.map((damage) => (
          <li key={damage.id} class="card">
            <p>{damage.text}</p>
            {damage.capture_id === null ? null : (
              <Photo url={`/v1/seller/captures/${damage.capture_id}/photo?size=thumb`} alt={damage.text ?? ""} box={null} />
            )}
          </li>
        ))}
      </ul>
      <Button id="declare" onClick={() => seller().go({ screen: "damage" })}>
        {t.declare}
      </Button>

      <div class="actions sticky">
        <Trouble says={act.error} />
        {blocked === null ? null : (
          <p role="status" class="note" id="blocked">
            {blocked}
          </p>
        )}
        {left[0] === undefined ? (
          <Button
            id="submit"
            kind="primary"
            isBusy={act.isBusy}
            disabled={blocked !== null}
            onClick={() => void act.run(() => seller().submit())}
          >
            {t.submit}
          </Button>
        ) : (
          <Button id="take-next" kind="primary" onClick={() => seller().goToStep(left[0]?.id ?? "")}>
            {t.takeThis(left[0].title)}
          </Button>
        )}
      </div>
    </main>
  );
}

const MARKS = { done: "check", retake: "again", open: "camera", skipped: "flag", sent: "photo", kept: "photo" } as const;

function StepCard(props: { readonly step: StepView }): JSX.Element {
  const { step } = props;
  const now = inside();
  const t = words.value.review;
  const status = seenStatus(now, step);
  const [isOpen, setOpen] = useState(false);
  const { capture } = step;
  const isKept = capture?.state === "overridden" && capture.decided_by?.kind === "seller";
  return (
    <li class={`photo-card ${status}`} data-step={step.id} data-status={status}>
      <button type="button" class="thumb" aria-label={t.see(step.title)} onClick={() => setOpen(true)}>
        {capture !== null ? (
          <img src={capture.thumb_url} alt="" loading="lazy" />
        ) : step.example_url !== null ? (
          <img class="placeholder" src={drawing(step.example_url)} alt="" />
        ) : (
          <Icon name="photo" />
        )}
      </button>
      <p>
        <span lang={now.view.texts_language}>{step.title}</span>
        <span class={`status ${status}`}>
          <Icon name={MARKS[status]} /> {isKept ? t.keptAnyway : t.status[status]}
        </span>
      </p>
      {isOpen ? (
        <Sheet id="photo-sheet" title={step.title} onClose={() => setOpen(false)}>
          {capture === null ? null : <Photo url={capture.photo_url} alt={step.title} box={null} />}
          {step.advice === null ? null : <p class="hint bad">{step.advice.sentence}</p>}
          <Button id="retake" kind="primary" onClick={() => seller().goToStep(step.id)}>
            {capture === null ? t.take : t.retake}
          </Button>
        </Sheet>
      ) : null}
    </li>
  );
}

function Finding(props: { readonly finding: FindingView }): JSX.Element {
  const { finding } = props;
  const now = inside();
  const t = words.value.review;
  const [isDisputing, setDisputing] = useState(false);
  const act = useAct();
  const step = now.view.steps.find((s) => s.capture?.id === finding.capture_id);
  const verdict = finding.verdict === null ? "" : `, ${t[finding.verdict]}`;
  return (
    <li class="card finding" data-finding={finding.id}>
      {step?.capture ? (
        <Photo
          url={step.capture.photo_url}
          alt={finding.kind_label}
          box={finding.box}
          size={step.capture}
        />
      ) : finding.capture_id !== null ? (
        // Of declared damage: it belongs to no step.
        <Photo url={`/v1/seller/captures/${finding.capture_id}/photo?size=full`} alt={finding.kind_label} box={finding.box} />
      ) : null}
      <p>
        <strong>{finding.kind_label}</strong> {step === undefined ? "" : t.on(step.title)}
      </p>
      <p class="note">
        {finding.source === "model" ? t.byModel : t.byOperator}
        {verdict}
      </p>
      {finding.text ? <p>{finding.text}</p> : null}
      {finding.verdict_note ? <p>{finding.verdict_note}</p> : null}
      {finding.dispute ? (
        <>
          <p>
            <strong>{t.yourWords}</strong> {finding.dispute}
          </p>
          <Trouble says={act.error} />
          <Button kind="quiet" isBusy={act.isBusy} onClick={() => void act.run(() => seller().dispute(finding.id, ""))}>
            {t.takeBack}
          </Button>
        </>
      ) : (
        <Button kind="quiet" onClick={() => setDisputing(true)}>
          {t.disagree}
        </Button>
      )}
      {isDisputing ? <DisputeSheet finding={finding} onClose={() => setDisputing(false)} /> : null}
    </li>
  );
}

function DisputeSheet(props: { readonly finding: FindingView; readonly onClose: () => void }): JSX.Element {
  const t = words.value.review;
  const act = useAct();
  const [text, setText] = useState("");
  const send = async (): Promise<void> => {
    if (await act.run(() => seller().dispute(props.finding.id, text.trim()))) props.onClose();
  };
  return (
    <Sheet id="dispute-sheet" title={t.disagreeTitle} onClose={props.onClose}>
      <p>{t.disagreeText}</p>
      <textarea
        rows={4}
        maxLength={2000}
        aria-label={t.disagreeTitle}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Trouble says={act.error} />
      <Button id="send-dispute" kind="primary" isBusy={act.isBusy} disabled={text.trim() === ""} onClick={() => void send()}>
        {words.value.send}
      </Button>
    </Sheet>
  );
}
