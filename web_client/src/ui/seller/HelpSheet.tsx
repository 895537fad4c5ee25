/** Help, wherever the seller is: ask a person, see when one comes, leave a number, or go on alone. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { HelpView } from "../../core/views";
import { inside, seller, unbroken, useAct, words } from "./context";
import { LevelChoice, proposedLevel, rememberLevel } from "./LevelChoice";
import { livePanel } from "./live-state";
import { Button, Icon, Sheet, Trouble } from "./Parts";

/** The place in the queue changes without anything happening in this case. */
const READ_AGAIN_MS = 15_000;

/** What happens next, in one line. */
export function whenHelpComes(help: HelpView): string {
  const t = words.value.help;
  if (help.operators_online === 0) return t.nobody;
  const place = help.ahead === 0 ? t.first : t.ahead(help.ahead);
  return `${place} ${help.wait_s === null ? t.waitUnknown : t.wait(help.wait_s)}`;
}

export function HelpButton(props: { readonly onOpen: () => void }): JSX.Element {
  return (
    <button type="button" id="help" class="icon-button named" onClick={props.onOpen}>
      <Icon name="help" />
      <span>{words.value.help.button}</span>
    </button>
  );
}

/** For screens without a top bar: the button with its sheet. */
export function HelpCorner(): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <HelpButton onOpen={() => setOpen(true)} />
      {isOpen ? <HelpSheet onClose={() => setOpen(false)} /> : null}
    </>
  );
}

export function HelpSheet(props: { readonly onClose: () => void }): JSX.Element {
  const t = words.value.help;
  const now = inside();
  const { help } = now.view;
  useEffect(() => {
    void seller().refresh();
    const timer = setInterval(() => void seller().refresh(), READ_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const write = (): void => {
    props.onClose();
    livePanel.value = { is: "chat" };
  };
  const isInCall = now.call?.state === "accepted";
  const title = help === null || isInCall ? t.title : t.asked;
  const wasInCall = useRef(isInCall);
  useEffect(() => {
    // Who was asked for has come, and wants to see the camera, not this.
    if (isInCall && !wasInCall.current) props.onClose();
  }, [isInCall]);
  return (
    <Sheet id="help-sheet" title={title} onClose={props.onClose}>
      {isInCall ? (
        <p>{t.inCall(now.call?.operatorName ?? "")}</p>
      ) : help === null ? (
        <AskForHelp />
      ) : (
        <HelpAsked help={help} onClose={props.onClose} />
      )}
      {help !== null || isInCall || now.chat.length > 0 ? (
        <Button id="help-chat" onClick={write}>
          <Icon name="chat" /> {t.write}
        </Button>
      ) : null}
      {help === null ? (
        <>
          <p class="note">{t.tips}</p>
          <ul class="note">
            <li>{t.tip1}</li>
            <li>{t.tip2}</li>
            <li>{t.tip3}</li>
          </ul>
        </>
      ) : null}
    </Sheet>
  );
}

function AskForHelp(): JSX.Element {
  const t = words.value.help;
  const act = useAct();
  const [level, setLevel] = useState(proposedLevel);
  const ask = (): void => {
    rememberLevel(level);
    void act.run(() => seller().help(level));
  };
  return (
    <>
      <p>{t.text}</p>
      <LevelChoice level={level} onChange={setLevel} />
      <Trouble says={act.error} />
      <Button id="ask-help" kind="primary" isBusy={act.isBusy} onClick={ask}>
        {t.call}
      </Button>
    </>
  );
}

function HelpAsked(props: { readonly help: HelpView; readonly onClose: () => void }): JSX.Element {
  const { help } = props;
  const t = words.value.help;
  const act = useAct();
  const [number, setNumber] = useState("");
  const leave = (): void => void act.run(() => seller().leaveNumber(number.trim()));
  const alone = async (): Promise<void> => {
    if (await act.run(() => seller().withdrawHelp())) props.onClose();
  };
  return (
    <>
      <p role="status" id="help-when">
        <strong>{whenHelpComes(help)}</strong>
      </p>
      <p>{t.meanwhile}</p>
      {help.call_back === null ? (
        <div class="field rr-block">
          <label for="call-back">{t.number}</label>
          <input
            id="call-back"
            type="tel"
            inputMode="tel"
            autocomplete="tel"
            maxLength={30}
            value={number}
            onInput={(event) => setNumber(event.currentTarget.value)}
          />
        </div>
      ) : (
        <p>{t.left(unbroken(help.call_back))}</p>
      )}
      <Trouble says={act.error} />
      <div class="pair">
        {help.call_back === null ? (
          <Button id="leave-number" isBusy={act.isBusy} disabled={number.trim().length < 6} onClick={leave}>
            {t.leave}
          </Button>
        ) : null}
        <Button id="help-alone" isBusy={act.isBusy} onClick={() => void alone()}>
          {t.alone}
        </Button>
      </div>
    </>
  );
}
