/** The link is held by another browser: go on here with a code. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { LinkPreview } from "../../core/views";
import { seller, unbroken, useAct, words } from "./context";
import { LanguageSwitch } from "./LanguageSwitch";
import { Button, CodeField, Heading, Trouble } from "./Parts";

export function TakeOver(props: { readonly preview: LinkPreview; readonly sentTo: string | null }): JSX.Element {
  const t = words.value.takeover;
  const act = useAct();
  const [code, setCode] = useState("");
  const contact = props.preview.code_sent_to;
  const sendCode = (): void => void act.run(() => seller().sendTakeoverCode());
  return (
    <main class="page" data-screen="takeover">
      <LanguageSwitch />
      <Heading>{t.title}</Heading>
      {contact === null ? (
        <p>{t.noContact}</p>
      ) : props.sentTo === null ? (
        <>
          <p>{t.text}</p>
          <p>{t.left}</p>
          <Trouble says={act.error} />
          <Button id="send-code" kind="primary" isBusy={act.isBusy} onClick={sendCode}>
            {t.sendTo(unbroken(contact))}
          </Button>
        </>
      ) : (
        <>
          <p role="status">{t.sent(unbroken(props.sentTo))}</p>
          <CodeField value={code} onInput={setCode} />
          <Trouble says={act.error} />
          <Button
            id="take-over"
            kind="primary"
            isBusy={act.isBusy}
            disabled={code.length < 4}
            onClick={() => void act.run(() => seller().takeOver(code))}
          >
            {t.go}
          </Button>
          <Button kind="quiet" onClick={sendCode}>
            {words.value.sign.resend}
          </Button>
        </>
      )}
    </main>
  );
}
