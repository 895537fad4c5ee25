/** The seller's own act: a name, a drawn mark, a code sent to them, over exactly what was on the screen. */

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import { Refused } from "../../core/problems";
import { News, TopBar } from "./Chrome";
import { inside, seller, unbroken, useAct, words } from "./context";
import { Button, CodeField, Heading, Trouble } from "./Parts";
import { CROSS, pathOf, SignaturePad, type Stroke } from "./SignaturePad";

export function Sign(): JSX.Element {
  const now = inside();
  const t = words.value.sign;
  const { steps, damages, code: contact, review_sha256, inspection } = now.view;
  const nameKey = `name:${inspection.id}`;
  const nameId = useId();
  const act = useAct();
  const sending = useAct();
  const [name, setName] = useState(() => sessionStorage.getItem(nameKey) ?? "");
  const [strokes, setStrokes] = useState<readonly Stroke[]>([]);
  const [code, setCode] = useState("");
  const [sentTo, setSentTo] = useState<string | null>(null);
  const [hasTried, setTried] = useState(false);
  const drawing = pathOf(strokes);
  const needsCode = contact.masked !== null;

  const lacks =
    name.trim().length < 2
      ? t.missing.name
      : drawing === ""
        ? t.missing.drawing
        : needsCode && code.length < 4
          ? t.missing.code
          : null;

  const named = (value: string): void => {
    setName(value);
    sessionStorage.setItem(nameKey, value);
  };
  const sendCode = async (): Promise<void> => {
    await sending.run(async () => setSentTo(await seller().sendSigningCode()));
  };
  const sign = async (): Promise<void> => {
    setTried(true);
    if (lacks !== null) return;
    await act.run(async () => {
      try {
        await seller().sign({
          name: name.trim(),
          drawing_svg: drawing,
          code: needsCode ? code : null,
          shown_sha256: review_sha256,
        });
      } catch (error) {
        // What is on the screen is not what the service has: show it before anybody signs.
        if (error instanceof Refused && error.slug === "review-changed") await seller().refresh();
        throw error;
      }
    });
  };
  const done = steps.filter((step) => step.status === "done").length;
  const skipped = steps.filter((step) => step.status === "skipped").length;
  return (
    <main class="page" data-screen="sign">
      <TopBar />
      <News />
      <Heading>{t.title}</Heading>
      <p>{t.text}</p>
      <p>
        <strong>{t.summary(done, skipped, damages.length)}</strong>
      </p>
      <div class="strip">
        {steps.map((step) =>
          step.capture === null ? null : <img key={step.id} src={step.capture.thumb_url} alt={step.title} loading="lazy" />,
        )}
      </div>
      <div class="field">
        <label for={nameId}>{t.name}</label>
        <input
          id={nameId}
          name="name"
          autocomplete="name"
          maxLength={120}
          value={name}
          onInput={(event) => named(event.currentTarget.value)}
        />
      </div>
      <div class="field">
        <p class="label">{t.draw}</p>
        <SignaturePad strokes={strokes} onChange={setStrokes} />
        <div class="pair">
          <Button kind="quiet" disabled={strokes.length === 0} onClick={() => setStrokes([])}>
            {t.clear}
          </Button>
          <Button id="cross" kind="quiet" onClick={() => setStrokes(CROSS)}>
            {t.cross}
          </Button>
        </div>
      </div>
      {contact.masked === null ? (
        <p class="note">{t.noContact}</p>
      ) : (
        <div class="field">
          <p>{sentTo === null ? t.codeText(unbroken(contact.masked)) : t.sent(unbroken(sentTo))}</p>
          {sentTo === null ? null : <CodeField value={code} onInput={setCode} />}
          <Trouble says={sending.error} />
          <Button id="send-code" isBusy={sending.isBusy} onClick={() => void sendCode()}>
            {sentTo === null ? t.sendCode : t.resend}
          </Button>
        </div>
      )}
      <div class="actions">
        <Trouble says={(hasTried ? lacks : null) ?? act.error} />
        <Button id="sign" kind="primary" isBusy={act.isBusy} onClick={() => void sign()}>
          {t.sign}
        </Button>
        <Button id="reopen" kind="quiet" onClick={() => void act.run(() => seller().reopen())}>
          {t.change}
        </Button>
      </div>
    </main>
  );
}
