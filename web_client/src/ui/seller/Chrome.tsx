/** What frames every working screen: progress, help and menu above; news and the state of the sending below it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { doneCount, isPassing, newsOf, seenStatus, unsent, type Notice } from "../../core/session";
import type { Consents } from "../../core/views";
import { inWords } from "../../core/words";
import { ConsentList } from "./Consents";
import { inside, seller, useAct, words } from "./context";
import { dropPhoto } from "./damage-draft";
import { HelpButton, HelpSheet, whenHelpComes } from "./HelpSheet";
import { LanguageSwitch } from "./LanguageSwitch";
import { autoShutter, livePanel } from "./live-state";
import { OnAir } from "./OnAir";
import { Button, Icon, Sheet, Trouble } from "./Parts";

type Panel = "none" | "menu" | "help" | "consents";

export function TopBar(props: { readonly stepId?: string }): JSX.Element {
  const now = inside();
  const t = words.value;
  const [panel, setPanel] = useState<Panel>("none");
  const steps = now.view.steps;
  const n = steps.findIndex((step) => step.id === props.stepId) + 1;
  const done = doneCount(now);
  return (
    <header class="top">
      <div class="progress">
        <strong id="progress">
          {n > 0 ? t.step.progress(n, steps.length) : t.step.progress(done, steps.length)}
          <span class="unseen"> {t.step.progressLong(n || done, steps.length, done)}</span>
        </strong>
        <div class="segments" aria-hidden="true">
          {steps.map((step) => (
            <i key={step.id} class={`${seenStatus(now, step)}${step.id === props.stepId ? " here" : ""}`} />
          ))}
        </div>
      </div>
      <HelpButton onOpen={() => setPanel("help")} />
      <button type="button" id="menu" class="icon-button named" onClick={() => setPanel("menu")}>
        <Icon name="menu" />
        <span>{t.menu.button}</span>
      </button>
      <OnAir />
      {panel === "help" ? <HelpSheet onClose={() => setPanel("none")} /> : null}
      {panel === "menu" ? <MenuSheet onClose={() => setPanel("none")} onConsents={() => setPanel("consents")} /> : null}
      {panel === "consents" ? <ConsentSheet onClose={() => setPanel("none")} /> : null}
    </header>
  );
}

function MenuSheet(props: { readonly onClose: () => void; readonly onConsents: () => void }): JSX.Element {
  const t = words.value;
  const { view, place } = inside();
  const canReview = view.inspection.state === "in_progress" && place.screen !== "review";
  const review = (): void => {
    props.onClose();
    seller().go({ screen: "review" });
  };
  return (
    <Sheet id="menu-sheet" title={t.menu.title} onClose={props.onClose}>
      <p class="note">
        {t.menu.who(view.inspection.platform_name)}
        {view.inspection.vehicle.plate === null ? null : <span class="plate">{view.inspection.vehicle.plate}</span>}
      </p>
      {canReview ? <Button id="all-photos" onClick={review}>{t.menu.photos}</Button> : null}
      <Button id="my-consents" onClick={props.onConsents}>
        {t.menu.consents}
      </Button>
      <label class="choice">
        <input
          type="checkbox"
          name="auto"
          checked={autoShutter.get()}
          onChange={(event) => autoShutter.set(event.currentTarget.checked)}
        />
        <span>{t.menu.auto}</span>
      </label>
      <LanguageSwitch />
    </Sheet>
  );
}

function ConsentSheet(props: { readonly onClose: () => void }): JSX.Element {
  const t = words.value.consents;
  const act = useAct();
  const [agreed, setAgreed] = useState<Consents>(inside().view.consents);
  const save = async (): Promise<void> => {
    if (await act.run(() => seller().consent(agreed))) props.onClose();
  };
  return (
    <Sheet id="consent-sheet" title={words.value.menu.consents} onClose={props.onClose}>
      <ConsentList agreed={agreed} onChange={setAgreed} />
      <Trouble says={act.error} />
      <Button id="save-consents" kind="primary" isBusy={act.isBusy} onClick={() => void save()}>
        {t.save}
      </Button>
    </Sheet>
  );
}

/** What happened meanwhile: a call that rings, a photo to take again, photos waiting for the network. */
export function News(): JSX.Element {
  const now = inside();
  const notice = newsOf(now);
  return (
    <div class="news" aria-live="polite">
      {notice === null ? null : <NoticeCard notice={notice} />}
      <MessageCard />
      <HelpLine />
      <QueueLine />
    </div>
  );
}

function NoticeCard(props: { readonly notice: Notice }): JSX.Element {
  const { notice } = props;
  const t = words.value;
  const { view, place } = inside();
  const steps = view.steps;
  const step = "stepId" in notice ? steps.find((s) => s.id === notice.stepId) : undefined;
  const title = step?.title ?? "";
  const isAtCamera = place.screen === "step";
  const isRetake = notice.is === "retake_asked" || notice.is === "retake_judged";
  const isAsked = notice.is === "photos_asked";
  const text = {
    retake_asked: () => t.notices.retakeAsked(title),
    retake_judged: () => t.notices.retakeJudged(title),
    photos_asked: () => t.notices.photosAsked(view.inspection.platform_name, isAsked ? notice.count : 1),
    operator_moved: () => t.notices.operatorMoved("operator" in notice ? notice.operator : "", title),
    help_coming: () => t.notices.helpComing,
    call_over: () => (notice.is === "call_over" ? t.call.over[notice.reason](notice.operator) : ""),
    no_room: () => t.queue.noRoom,
    damage_refused: () =>
      t.notices.damageRefused(inWords(t.verdict.refusals, "slug" in notice ? notice.slug : null) ?? t.verdict.refusalAny),
  }[notice.is]();
  const isWarning = isRetake || isAsked || notice.is === "no_room" || notice.is === "damage_refused";
  const dismiss = (): void => {
    if (notice.is === "damage_refused") dropPhoto(view.inspection.id, notice.captureId);
    seller().dismissNotice();
  };
  return (
    <div
      key={notice.is}
      class={`card notice ${isWarning ? "warn" : ""} ${isPassing(notice) ? "passing" : ""} ${isAsked ? "tall" : ""}`}
      data-notice={notice.is}
    >
      <div>
        <p>{text}</p>
        {isRetake && !isAtCamera && step?.advice ? <p>{step.advice.sentence}</p> : null}
        {isAsked && step !== undefined ? (
          <p>
            <strong>{step.instruction}</strong>
          </p>
        ) : null}
      </div>
      {(isRetake || isAsked) && step !== undefined ? (
        <Button id="go-there" onClick={() => seller().goToStep(step.id)}>
          {isAsked ? t.review.take : t.notices.goThere}
        </Button>
      ) : null}
      <button type="button" class="icon-button" aria-label={t.close} onClick={dismiss}>
        <Icon name="close" />
      </button>
    </div>
  );
}

/** What an operator wrote, or the seller in vain, where no open conversation shows it. */
function MessageCard(): JSX.Element | null {
  const now = inside();
  const t = words.value.chat;
  const message = [...now.chat].reverse().find((each) => each.from === "operator");
  const refused = now.unsaid.find((each) => each.isRefused);
  const isNews = now.unread > 0 && message !== undefined;
  if (livePanel.value.is === "chat" || (!isNews && refused === undefined)) return null;
  return (
    <div class="card notice" id="message-card">
      <div>
        <p>
          {isNews ? t.card(message.name) : t.refusedCard} <strong>{isNews ? message.text : refused?.text}</strong>
        </p>
      </div>
      <Button id="message-answer" onClick={() => (livePanel.value = { is: "chat" })}>
        {isNews ? t.answer : t.look}
      </Button>
    </div>
  );
}

/** That help was asked for, and what happens next. */
function HelpLine(): JSX.Element | null {
  const { call, view, notice } = inside();
  if (view.help === null || call?.state === "accepted" || notice?.is === "help_coming") return null;
  return (
    <p class="queue" id="help-line" role="status">
      {words.value.help.short(whenHelpComes(view.help))}
    </p>
  );
}

export function QueueLine(): JSX.Element | null {
  const now = inside();
  const t = words.value.queue;
  const left = unsent(now);
  if (!now.isOnline) {
    return (
      <p class="queue warn" id="queue">
        {t.offline(left.length)}
      </p>
    );
  }
  if (left.length === 0) return null;
  const isMoving = left.some((photo) => photo.state === "sending");
  return (
    <p class="queue" id="queue">
      {isMoving ? t.sending(left.length) : t.waiting(left.length)}
    </p>
  );
}
